"""Submits, lists and deletes templates at Gupshup.

The app's id is a credential; Gupshup needs no id of the WhatsApp Business Account. Its templates
have no parameter names and one example text instead of a sample per parameter.

Source: docs.gupshup.io (apply for templates, authentication templates with message validity, get
templates list).
"""

import json
import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

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
from channels.providers.error_rules import by_status, succeeded
from channels.providers.meta.template_content import AUTHENTICATION, otp_of
from channels.providers.storable import storable_object

PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
MEDIA = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
VERTICAL = "Broadcast"
"""Gupshup requires a label; its value is free."""
SAMPLE_CODE = "123456"
"""The sample of every one-time password: Meta writes its text, so users give no sample."""
QUALITIES = {"HIGH": "GREEN", "MEDIUM": "YELLOW", "LOW": "RED"}
QUALITIES |= {word: word for word in ("GREEN", "YELLOW", "RED")}


class GupshupTemplates:
    """Templates of one app at Gupshup. Carousels must be made on Gupshup's own pages."""

    deletes_all_languages = True
    samples_are_handles = False

    def submit_request(
        self, account: SenderAccount, business_account_id: str, spec: TemplateSpec
    ) -> HttpRequest:
        return HttpRequest("POST", _collection(account), _key(account), form=_form(spec))

    def edit_request(
        self,
        account: SenderAccount,
        business_account_id: str,
        template_id: str,
        spec: TemplateSpec,
    ) -> HttpRequest:
        url = f"{_collection(account)}/{quote(template_id, safe='')}"
        return HttpRequest("PUT", url, _key(account), form=_form(spec))

    def submit_outcome(self, response: HttpResponse) -> Submitted:
        match _answer(response):
            case {"template": {"id": str(number), **rest}}:
                status, category = status_of(rest.get("status")), str(rest.get("category") or "")
                return Submitted(number, status or "PENDING", category)
            case {"status": "success"}:
                return Submitted("", "PENDING")
        raise ProviderRefused("Gupshup's answer could not be read; sync to see what became of it.")

    def list_request(
        self, account: SenderAccount, business_account_id: str, *, after: str
    ) -> HttpRequest:
        return HttpRequest("GET", _collection(account), _key(account))

    def list_outcome(self, response: HttpResponse) -> TemplatePage:
        """All templates: Gupshup's list has one page."""
        try:
            return TemplatePage(tuple(_remote(item) for item in _answer(response)["templates"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ProviderRefused("Gupshup's list of templates could not be read.") from error

    def delete_request(
        self, account: SenderAccount, business_account_id: str, template_id: str, name: str
    ) -> HttpRequest:
        return HttpRequest(
            "DELETE", f"{_collection(account)}/{quote(name, safe='')}", _key(account)
        )

    def delete_outcome(self, response: HttpResponse) -> None:
        _answer(response)

    def upload(
        self, account: SenderAccount, sample: Sample
    ) -> Generator[HttpRequest, HttpResponse | None, str]:
        raise ProviderRefused("Upload samples for Gupshup at its own pages.", attr="app")


def _collection(account: SenderAccount) -> str:
    return f"{account.base_url}/wa/app/{quote(account.credentials['app_id'], safe='')}/template"


def _key(account: SenderAccount) -> dict[str, str]:
    return {"apikey": account.credentials["api_key"]}


def _answer(response: HttpResponse) -> dict[str, Any]:
    """The answer's JSON object. Raises ProviderRefused with Gupshup's text about the template."""
    body = storable_object(response.body)
    if succeeded(response) and body.get("status") == "success":
        return body
    text = body.get("message") if isinstance(body.get("message"), str) else ""
    raise ProviderRefused(
        str(text or by_status(response).message)[:500],
        data={"provider_code": f"http_{response.status}"},
    )


# --- ours → Gupshup's ---------------------------------------------------------------------------


def _form(spec: TemplateSpec) -> dict[str, str]:
    if spec.cards:
        raise ProviderRefused("Carousels for Gupshup are made at its own pages.", attr="cards")
    if spec.parameter_format != "POSITIONAL":
        raise ProviderRefused("Gupshup's templates number their parameters: {{1}}, {{2}} …")
    is_code = spec.category == AUTHENTICATION
    return {
        "elementName": spec.name,
        "languageCode": spec.language,
        "category": spec.category,
        "vertical": VERTICAL,
        "templateType": spec.header_format if spec.header_format in MEDIA else "TEXT",
        "content": spec.body,
        "example": _filled(spec.body, {"1": SAMPLE_CODE} if is_code else spec.examples),
        "enableSample": "true",
        **(_authentication(spec) if is_code else _header(spec)),
        **({"footer": spec.footer} if spec.footer else {}),
        **({"buttons": _buttons(spec)} if spec.buttons else {}),
    }


def _header(spec: TemplateSpec) -> dict[str, str]:
    if spec.header_format == "TEXT":
        example = _filled(spec.header_text, spec.examples, prefix="header_")
        return {"header": spec.header_text, "exampleHeader": example}
    if spec.header_format in MEDIA:
        return {"exampleMedia": spec.examples.get("header_media", "")}
    return {}


def _authentication(spec: TemplateSpec) -> dict[str, str]:
    minutes = spec.code_expiration_minutes
    advice = {"addSecurityRecommendation": str(spec.add_security_recommendation).lower()}
    return advice | ({} if minutes is None else {"codeExpirationMinutes": str(minutes)})


def _filled(text: str, examples: Mapping[str, str], *, prefix: str = "") -> str:
    """The text with each placeholder replaced by its sample in brackets, as Gupshup requires."""
    return PLACEHOLDER.sub(lambda match: f"[{examples.get(prefix + match[1], '')}]", text)


def _buttons(spec: TemplateSpec) -> str:
    buttons = []
    for index, button in enumerate(spec.buttons):
        entry: dict[str, Any] = dict(button)
        sample = spec.examples.get(f"button_{index}", "")
        if PLACEHOLDER.search(button.get("url", "")):
            entry["example"] = [_with_suffix(button["url"], sample)]
        elif button["type"] == "COPY_CODE":
            entry["example"] = sample
        buttons.append(entry)
    return json.dumps(buttons, ensure_ascii=False, separators=(",", ":"))


def _with_suffix(url: str, sample: str) -> str:
    return PLACEHOLDER.sub(lambda _: sample, url)


# --- Gupshup's → ours ---------------------------------------------------------------------------


def _remote(template: Mapping[str, Any]) -> RemoteTemplate:
    return RemoteTemplate(
        id=str(template["id"]),
        name=str(template["elementName"]),
        language=str(template["languageCode"]),
        status="REJECTED" if template["status"] == "FAILED" else status_of(template["status"]),
        category=str(template["category"]),
        reason=str(template.get("reason") or ""),
        quality=_quality(template.get("quality")),
        spec=_spec(template),
        is_archived=is_archived(template["status"]),
    )


def _quality(word: Any) -> str:
    """Our quality; UNKNOWN if Gupshup names none, '' for a word that we do not know."""
    return QUALITIES.get(str(word).upper(), "") if word else "UNKNOWN"


def _spec(template: Mapping[str, Any]) -> TemplateSpec | None:
    """The template as its JSON text `containerMeta` has it; None if our model cannot hold it."""
    kind = str(template.get("templateType", "")).upper()
    meta = storable_object(str(template.get("containerMeta", "")).encode())
    body = meta.get("data") or template.get("data")
    if kind not in MEDIA | {"TEXT"} or not isinstance(body, str):
        return None
    header = str(meta.get("header") or "")
    minutes = meta.get("codeExpirationMinutes")
    try:
        buttons = [_model_button(button) for button in meta.get("buttons") or ()]
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    return TemplateSpec(
        name=str(template["elementName"]),
        language=str(template["languageCode"]),
        category=str(template["category"]),
        body=body,
        header_format=kind if kind in MEDIA else "TEXT" if header else "NONE",
        header_text="" if kind in MEDIA else header,
        footer=str(meta.get("footer") or ""),
        buttons=buttons,
        add_security_recommendation=meta.get("addSecurityRecommendation") is True,
        code_expiration_minutes=minutes if isinstance(minutes, int) else None,
        examples=_samples(meta),
    )


BUTTON_TEXTS = ("type", "text", "url", "phone_number", "otp_type")


def _model_button(button: Mapping[str, Any]) -> dict[str, Any]:
    """The button with the keys that our model holds."""
    if button["type"] == "COPY_CODE":
        return {"type": "COPY_CODE"}
    return otp_of(button) or {key: str(button[key]) for key in BUTTON_TEXTS if key in button}


def _samples(meta: Mapping[str, Any]) -> dict[str, str]:
    """The body's samples, cut out of its example text by the words around its placeholders."""
    body, sample = str(meta.get("data") or ""), str(meta.get("sampleText") or "")
    names = PLACEHOLDER.findall(body)
    if not names or len(set(names)) != len(names):
        return {}
    values = _between(PLACEHOLDER.split(body)[::2], sample)
    return dict(zip(names, values, strict=True)) if values else {}


def _between(words: Sequence[str], text: str) -> list[str]:
    """The parts of the text between these words; [] if the words are not in this order."""
    if not text.startswith(words[0]) or not text.endswith(words[-1]):
        return []
    values, at, end = [], len(words[0]), len(text) - len(words[-1])
    for word in words[1:-1]:
        following = text.find(word, at, end) if word else -1
        if following < 0:
            return []
        values.append(text[at:following])
        at = following + len(word)
    values.append(text[at:end])
    return [value.removeprefix("[").removesuffix("]") for value in values]
