"""An uploaded sample of a medium becomes the provider's handle, over real HTTP."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from channels.models import TenantWAApp
from templates_wa.models import HeaderFormat
from templates_wa.provider import sampling
from tests.factories import WhatsAppSenderFactory
from tests.templates_wa.provider.lifecycle import draft, reviewed, submit

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 5000
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"0" * (2 * 1024 * 1024)
"""Larger than the default limits of a request and of an answer."""


def upload(client: APIClient, app: TenantWAApp, content: bytes, name: str = "Bild ä.png") -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post("/templates/samples/", {"app": str(app.pk), "file": file}, "multipart")


@pytest.mark.parametrize(
    ("content", "media_type", "header_format"),
    [
        (PNG, "image/png", "IMAGE"),
        (b"\xff\xd8\xff\xe0" + b"0" * 20, "image/jpeg", "IMAGE"),
        (MP4, "video/mp4", "VIDEO"),
        (b"%PDF-1.7", "application/pdf", "DOCUMENT"),
    ],
    ids=["png", "jpeg", "mp4", "pdf"],
)
def test_a_file_becomes_a_handle(
    manager: APIClient, app: TenantWAApp, content: bytes, media_type: str, header_format: str
) -> None:
    answer = upload(manager, app, content)

    assert answer.status_code == 201, answer.json()
    sample = answer.json()
    assert (sample["media_type"], sample["header_format"]) == (media_type, header_format)
    assert sample["handle"].startswith("4::")
    assert f":AR{len(content)}:" in sample["handle"]  # the sandbox read every byte


def test_a_handle_is_what_a_header_is_submitted_with(owner: APIClient, app: TenantWAApp) -> None:
    template = draft(app, header_format="IMAGE")
    template.examples["header_media"] = "https://cdn.example/sale.jpg"
    template.save()

    refused = submit(owner, template)
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "examples")
    assert "POST /templates/samples/" in refused.json()["errors"][0]["detail"]

    handle = upload(owner, app, PNG).json()["handle"]
    owner.patch(f"/templates/{template.pk}/", {"examples": {"1": "Ana", "header_media": handle}})
    assert submit(owner, template).json()["status"] == "PENDING"
    approved = reviewed(owner, template)
    # Meta lists a URL that expires; an edit needs the handle again.
    assert (approved["status"], approved["examples"]["header_media"]) == ("APPROVED", handle)


@pytest.mark.parametrize(("content", "attr"), [(b"GIF89a", "file"), (b"", "file")])
def test_other_files_are_refused(
    owner: APIClient, app: TenantWAApp, content: bytes, attr: str
) -> None:
    answer = upload(owner, app, content)

    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, attr)


def test_large_files_are_refused(
    owner: APIClient, app: TenantWAApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sampling.MAX_BYTES, HeaderFormat.IMAGE, 4000)

    answer = upload(owner, app, PNG)

    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "file")


@pytest.mark.parametrize("data", [{}, {"file": "text"}, {"app": "x"}])
def test_nonsense_is_refused(owner: APIClient, app: TenantWAApp, data: dict[str, str]) -> None:
    assert owner.post("/templates/samples/", data, "multipart").status_code == 400


def test_only_managers_of_the_tenant_upload(
    viewer: APIClient, outsider: APIClient, app: TenantWAApp
) -> None:
    assert upload(viewer, app, PNG).status_code == 403
    assert upload(outsider, app, PNG).status_code == 400


def test_a_refusal_is_said(owner: APIClient, app: TenantWAApp) -> None:
    TenantWAApp.objects.filter(pk=app.pk).update(credentials={"access_token": "revoked"})

    answer = upload(owner, app, PNG)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "provider_refused")


def test_gupshup_is_not_asked(owner: APIClient, app: TenantWAApp) -> None:
    other = WhatsAppSenderFactory.create(tenant=app.tenant, provider="gupshup")

    assert upload(owner, other, PNG).status_code == 422
