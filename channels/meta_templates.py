"""Meta's template management.

Source: developers.facebook.com/documentation/business-messaging/whatsapp/templates, Graph API
v23.0; facebook/openapi.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from channels.adapter import HttpRequest, HttpResponse, SenderAccount
from channels.answers import by_status, json_object, succeeded
from channels.asking import ProviderRefused
from channels.meta_cloud import VERSION
from channels.template_port import (
    RemoteTemplate,
    Submitted,
    TemplatePage,
    TemplateSpec,
    status_of,
)

FIELDS = (
    "id,name,language,status,category,parameter_format,components,rejected_reason,quality_score"
)
PAGE = 100
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
MEDIA = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
BUTTON_TEXTS = ("type", "text", "url", "phone_number", "otp_type")
QUALITIES = frozenset({"GREEN", "YELLOW", "RED"})


class MetaTemplates:
    """Templates of a WhatsApp Business Account."""

    def submit_request(
        self, account: SenderAccount, business_account_id: str, spec: TemplateSpec
    ) -> HttpRequest:
        body = {"name": spec.name, "language": spec.language, **_content(spec)}
        return HttpRequest(
            "POST", _collection(account, business_account_id), _bearer(account), body
        )

    def edit_request(
        self,
        account: SenderAccount,
        business_account_id: str,
        template_id: str,
        spec: TemplateSpec,
    ) -> HttpRequest:
        url = f"{account.base_url}/{VERSION}/{quote(template_id, safe='')}"
        return HttpRequest("POST", url, _bearer(account), _content(spec))

    def submit_outcome(self, response: HttpResponse) -> Submitted:
        match _answer(response):
            case {"id": str(number), "status": str(status), **rest}:
                return Submitted(number, status_of(status), str(rest.get("category", "")))
            case {"success": True}:
                return Submitted("", "PENDING")
        raise ProviderRefused("Meta's answer could not be read; sync to see what became of it.")

    def list_request(
        self, account: SenderAccount, business_account_id: str, *, after: str
    ) -> HttpRequest:
        query = {"fields": FIELDS, "limit": str(PAGE), **({"after": after} if after else {})}
        url = f"{_collection(account, business_account_id)}?{urlencode(query)}"
        return HttpRequest("GET", url, _bearer(account))

    def list_outcome(self, response: HttpResponse) -> TemplatePage:
        answer = _answer(response)
        try:
            found = tuple(_remote(each) for each in answer["data"])
            paging = answer.get("paging") or {}
            after = paging["cursors"]["after"] if paging.get("next") else ""
        except (KeyError, TypeError, AttributeError) as error:
            raise ProviderRefused("Meta's list of templates could not be read.") from error
        return TemplatePage(found, str(after))


def _collection(account: SenderAccount, business_account_id: str) -> str:
    if not business_account_id:
        raise ProviderRefused("The sender's business_account_id, which owns templates, is missing.")
    return f"{account.base_url}/{VERSION}/{quote(business_account_id, safe='')}/message_templates"


def _bearer(account: SenderAccount) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.credentials['access_token']}"}


def _answer(response: HttpResponse) -> dict[str, Any]:
    """Raises ProviderRefused with Meta's words, which are about the template."""
    body = json_object(response.body)
    if succeeded(response):
        return body
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    said = error.get("error_user_msg") or error.get("message") or by_status(response).message
    code = str(error.get("error_subcode") or error.get("code") or f"http_{response.status}")
    raise ProviderRefused(str(said)[:500], data={"provider_code": code[:64]})


# --- ours → Meta's ------------------------------------------------------------------------------


def _content(spec: TemplateSpec) -> dict[str, Any]:
    named = {"parameter_format": "NAMED"} if spec.parameter_format == "NAMED" else {}
    return {"category": spec.category, **named, "components": list(_components(spec))}


def _components(spec: TemplateSpec) -> Iterator[dict[str, Any]]:
    if spec.header_format == "TEXT":
        header = {"type": "HEADER", "format": "TEXT", "text": spec.header_text}
        yield header | _example(spec, "header_text", spec.header_text, prefix="header_")
    elif spec.header_format in MEDIA:
        example = {"header_handle": [spec.examples.get("header_media", "")]}
        yield {"type": "HEADER", "format": spec.header_format, "example": example}
    yield {"type": "BODY", "text": spec.body} | _example(spec, "body_text", spec.body)
    if spec.footer:
        yield {"type": "FOOTER", "text": spec.footer}
    if spec.buttons:
        buttons = [_button(spec, index, each) for index, each in enumerate(spec.buttons)]
        yield {"type": "BUTTONS", "buttons": buttons}


def _example(spec: TemplateSpec, key: str, text: str, *, prefix: str = "") -> dict[str, Any]:
    """Samples of a text's parameters; a body's stand in a list of lists, a header's do not."""
    names = list(dict.fromkeys(PLACEHOLDER.findall(text)))
    if not names:
        return {}
    values = {name: spec.examples.get(prefix + name, "") for name in names}
    if spec.parameter_format == "NAMED":
        named = [{"param_name": name, "example": value} for name, value in values.items()]
        return {"example": {f"{key}_named_params": named}}
    ordered = [values[name] for name in sorted(names, key=int)]
    return {"example": {key: [ordered] if key == "body_text" else ordered}}


def _button(spec: TemplateSpec, index: int, button: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = dict(button)
    sample = spec.examples.get(f"button_{index}", "")
    if button["type"] == "COPY_CODE":
        return {"type": "COPY_CODE", "example": sample}
    if PLACEHOLDER.search(button.get("url", "")):
        told["example"] = [sample]
    return told


# --- Meta's → ours ------------------------------------------------------------------------------


def _remote(told: Mapping[str, Any]) -> RemoteTemplate:
    reason = str(told.get("rejected_reason") or "")
    score = (told.get("quality_score") or {}).get("score")
    return RemoteTemplate(
        id=str(told["id"]),
        name=str(told["name"]),
        language=str(told["language"]),
        status=status_of(told["status"]),
        category=str(told["category"]),
        reason="" if reason == "NONE" else reason,
        quality=score if score in QUALITIES else "UNKNOWN",
        spec=_spec(told),
    )


def _spec(told: Mapping[str, Any]) -> TemplateSpec | None:
    """None for what our model cannot hold: carousels, flows, locations, offers."""
    try:
        parts = {str(each["type"]).upper(): each for each in told["components"]}
        if not parts.keys() <= {"HEADER", "BODY", "FOOTER", "BUTTONS"}:
            return None
        header, body = parts.get("HEADER", {}), parts["BODY"]
        header_format = str(header.get("format", "NONE")).upper()
        if header_format not in MEDIA | {"NONE", "TEXT"}:
            return None
        buttons = [dict(each) for each in parts.get("BUTTONS", {}).get("buttons", ())]
        return TemplateSpec(
            name=str(told["name"]),
            language=str(told["language"]),
            category=str(told["category"]),
            body=str(body.get("text", "")),
            parameter_format=str(told.get("parameter_format") or "POSITIONAL").upper(),
            header_format=header_format,
            header_text=str(header.get("text", "")) if header_format == "TEXT" else "",
            footer=str(parts.get("FOOTER", {}).get("text", "")),
            buttons=tuple(_known_part(each) for each in buttons),
            examples=_samples(header, body, buttons),
        )
    except (KeyError, TypeError, AttributeError, IndexError):
        return None


def _known_part(button: Mapping[str, Any]) -> dict[str, str]:
    if button["type"] == "COPY_CODE":
        return {"type": "COPY_CODE"}
    return {key: str(button[key]) for key in BUTTON_TEXTS if key in button}


def _samples(
    header: Mapping[str, Any], body: Mapping[str, Any], buttons: list[dict[str, Any]]
) -> dict[str, str]:
    of_header, of_body = header.get("example") or {}, body.get("example") or {}
    samples = dict(_named(of_header.get("header_text_named_params", ()), prefix="header_"))
    samples |= dict(_named(of_body.get("body_text_named_params", ())))
    samples |= _numbered(of_header.get("header_text", ()), prefix="header_")
    samples |= _numbered((of_body.get("body_text") or [[]])[0])
    for handle in (of_header.get("header_handle") or ())[:1]:
        samples["header_media"] = str(handle)
    for index, button in enumerate(buttons):
        if sample := button.get("example"):
            samples[f"button_{index}"] = str(sample[0] if isinstance(sample, list) else sample)
    return {key: value[:1024] for key, value in samples.items()}


def _named(params: Any, *, prefix: str = "") -> Iterator[tuple[str, str]]:
    for each in params:
        yield prefix + str(each["param_name"]), str(each["example"])


def _numbered(values: Any, *, prefix: str = "") -> dict[str, str]:
    return {f"{prefix}{number}": str(value) for number, value in enumerate(values, start=1)}
