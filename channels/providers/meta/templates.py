"""Submits, lists and deletes templates at Meta.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates, Graph API
v23.0; facebook/openapi.
"""

from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from channels.http.asking import ProviderRefused
from channels.port.http_calls import HttpRequest, HttpResponse
from channels.port.messages import SenderAccount
from channels.port.template_port import (
    RemoteTemplate,
    Sample,
    Submitted,
    TemplatePage,
    TemplateSpec,
    is_archived,
    status_of,
)
from channels.providers.meta.adapter import VERSION
from channels.providers.meta.answers import answer_of, bearer
from channels.providers.meta.template_content import content_of, spec_of
from channels.providers.meta.uploads import upload

FIELDS = (
    "id,name,language,status,category,parameter_format,components,rejected_reason,quality_score"
)
PAGE = 100
QUALITIES = frozenset({"GREEN", "YELLOW", "RED", "UNKNOWN"})


class MetaTemplates:
    """Templates of a WhatsApp Business Account."""

    deletes_all_languages = False
    samples_are_handles = True

    def submit_request(
        self, account: SenderAccount, business_account_id: str, spec: TemplateSpec
    ) -> HttpRequest:
        body = {"name": spec.name, "language": spec.language, **content_of(spec)}
        return HttpRequest("POST", _collection(account, business_account_id), bearer(account), body)

    def edit_request(
        self,
        account: SenderAccount,
        business_account_id: str,
        template_id: str,
        spec: TemplateSpec,
    ) -> HttpRequest:
        url = f"{account.base_url}/{VERSION}/{quote(template_id, safe='')}"
        return HttpRequest("POST", url, bearer(account), content_of(spec))

    def submit_outcome(self, response: HttpResponse) -> Submitted:
        match answer_of(response):
            case {"id": str(number), "status": str(status), **rest}:
                return Submitted(
                    number, status_of(status) or "PENDING", str(rest.get("category", ""))
                )
            case {"success": True}:
                return Submitted("", "PENDING")
        raise ProviderRefused("Meta's answer could not be read; sync to see what became of it.")

    def list_request(
        self, account: SenderAccount, business_account_id: str, *, after: str
    ) -> HttpRequest:
        query = {"fields": FIELDS, "limit": str(PAGE), **({"after": after} if after else {})}
        url = f"{_collection(account, business_account_id)}?{urlencode(query)}"
        return HttpRequest("GET", url, bearer(account))

    def list_outcome(self, response: HttpResponse) -> TemplatePage:
        answer = answer_of(response)
        try:
            templates = tuple(_remote(template) for template in answer["data"])
            paging = answer.get("paging") or {}
            after = paging["cursors"]["after"] if paging.get("next") else ""
        except (KeyError, TypeError, AttributeError) as error:
            raise ProviderRefused("Meta's list of templates could not be read.") from error
        return TemplatePage(templates, str(after))

    def delete_request(
        self, account: SenderAccount, business_account_id: str, template_id: str, name: str
    ) -> HttpRequest:
        """Names the template's id too, so that Meta keeps the other languages."""
        query = urlencode({"name": name, "hsm_id": template_id})
        url = f"{_collection(account, business_account_id)}?{query}"
        return HttpRequest("DELETE", url, bearer(account))

    def delete_outcome(self, response: HttpResponse) -> None:
        if answer_of(response).get("success") is not True:
            raise ProviderRefused("Meta's answer could not be read; sync to see what became of it.")

    def upload(
        self, account: SenderAccount, sample: Sample
    ) -> Generator[HttpRequest, HttpResponse | None, str]:
        return upload(account, sample)


def _collection(account: SenderAccount, business_account_id: str) -> str:
    if not business_account_id:
        raise ProviderRefused("The sender's business_account_id, which owns templates, is missing.")
    return f"{account.base_url}/{VERSION}/{quote(business_account_id, safe='')}/message_templates"


def _remote(template: Mapping[str, Any]) -> RemoteTemplate:
    reason = str(template.get("rejected_reason") or "")
    score = (template.get("quality_score") or {}).get("score") or "UNKNOWN"
    return RemoteTemplate(
        id=str(template["id"]),
        name=str(template["name"]),
        language=str(template["language"]),
        status=status_of(template["status"]),
        is_archived=is_archived(template["status"]),
        category=str(template["category"]),
        reason="" if reason == "NONE" else reason,
        quality=score if score in QUALITIES else "",
        spec=spec_of(template),
    )
