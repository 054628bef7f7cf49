"""Gupshup's template management. The app's id is a credential; a WABA id is not asked for.

Source: docs.gupshup.io (apply for templates, authentication templates with message validity, get
templates list). Templates have no parameter names there, and one example text in place of samples.
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
    status_of,
)
from channels.providers.error_rules import by_status, succeeded
from channels.providers.meta.template_content import AUTHENTICATION, otp_of
from channels.providers.storable import storable_object

PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
MEDIA = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})
VERTICAL = "Broadcast"
"""A free label that Gupshup requires."""
SAMPLE_CODE = "123456"
"""Of every one-time password: its text is Meta's, and nobody is asked for a sample of it."""
QUALITIES = {"HIGH": "GREEN", "MEDIUM": "YELLOW", "LOW": "RED"}
QUALITIES |= {word: word for word in ("GREEN", "YELLOW", "RED")}


class GupshupTemplates:
    """Templates of one app at Gupshup; carousels are made there."""

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
                return Submitted(number, status, category)
            case {"status": "success"}:
                return Submitted("", "PENDING")
        raise ProviderRefused("Gupshup's answer could not be read; sync to see what became of it.")

    def list_request(
        self, account: SenderAccount, business_account_id: str, *, after: str
    ) -> HttpRequest:
        return HttpRequest("GET", _collection(account), _key(account))

    def list_outcome(self, response: HttpResponse) -> TemplatePage:
        """All of them at once: there is one page."""
        try:
            return TemplatePage(tuple(_remote(each) for each in _answer(response)["templates"]))
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
    """Raises ProviderRefused with Gupshup's words, which are about the template."""
    body = storable_object(response.body)
    if succeeded(response) and body.get("status") == "success":
        return body
    said = body.get("message") if isinstance(body.get("message"), str) else ""
    raise ProviderRefused(
        str(said or by_status(response).message)[:500],
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
    """The text with its samples in brackets' place, as Gupshup wants to see it."""
    return PLACEHOLDER.sub(lambda match: f"[{examples.get(prefix + match[1], '')}]", text)


def _buttons(spec: TemplateSpec) -> str:
    told = []
    for index, button in enumerate(spec.buttons):
        one: dict[str, Any] = dict(button)
        sample = spec.examples.get(f"button_{index}", "")
        if PLACEHOLDER.search(button.get("url", "")):
            one["example"] = [_with_suffix(button["url"], sample)]
        elif button["type"] == "COPY_CODE":
            one["example"] = sample
        told.append(one)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _with_suffix(url: str, sample: str) -> str:
    return PLACEHOLDER.sub(lambda _: sample, url)


# --- Gupshup's → ours ---------------------------------------------------------------------------


def _remote(told: Mapping[str, Any]) -> RemoteTemplate:
    return RemoteTemplate(
        id=str(told["id"]),
        name=str(told["elementName"]),
        language=str(told["languageCode"]),
        status="REJECTED" if told["status"] == "FAILED" else status_of(told["status"]),
        category=str(told["category"]),
        reason=str(told.get("reason") or ""),
        quality=QUALITIES.get(str(told.get("quality")).upper(), "UNKNOWN"),
        spec=_spec(told),
    )


def _spec(told: Mapping[str, Any]) -> TemplateSpec | None:
    """None for what our model cannot hold. The parts stand in `containerMeta`, a JSON text."""
    kind = str(told.get("templateType", "")).upper()
    meta = storable_object(str(told.get("containerMeta", "")).encode())
    body = meta.get("data") or told.get("data")
    if kind not in MEDIA | {"TEXT"} or not isinstance(body, str):
        return None
    header = str(meta.get("header") or "")
    buttons = meta.get("buttons") or ()
    minutes = meta.get("codeExpirationMinutes")
    try:
        known = [_known_part(each) for each in buttons]
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    return TemplateSpec(
        name=str(told["elementName"]),
        language=str(told["languageCode"]),
        category=str(told["category"]),
        body=body,
        header_format=kind if kind in MEDIA else "TEXT" if header else "NONE",
        header_text="" if kind in MEDIA else header,
        footer=str(meta.get("footer") or ""),
        buttons=known,
        add_security_recommendation=meta.get("addSecurityRecommendation") is True,
        code_expiration_minutes=minutes if isinstance(minutes, int) else None,
        examples=_samples(meta),
    )


BUTTON_TEXTS = ("type", "text", "url", "phone_number", "otp_type")


def _known_part(button: Mapping[str, Any]) -> dict[str, Any]:
    if button["type"] == "COPY_CODE":
        return {"type": "COPY_CODE"}
    return otp_of(button) or {key: str(button[key]) for key in BUTTON_TEXTS if key in button}


def _samples(meta: Mapping[str, Any]) -> dict[str, str]:
    """Those of the body, found again in its example text between the words around them."""
    body, sample = str(meta.get("data") or ""), str(meta.get("sampleText") or "")
    names = PLACEHOLDER.findall(body)
    if not names or len(set(names)) != len(names):
        return {}
    values = _between(PLACEHOLDER.split(body)[::2], sample)
    return dict(zip(names, values, strict=True)) if values else {}


def _between(words: Sequence[str], text: str) -> list[str]:
    """What stands in the text between these words; [] where they are not there in this order."""
    if not text.startswith(words[0]) or not text.endswith(words[-1]):
        return []
    found, at, end = [], len(words[0]), len(text) - len(words[-1])
    for word in words[1:-1]:
        following = text.find(word, at, end) if word else -1
        if following < 0:
            return []
        found.append(text[at:following])
        at = following + len(word)
    found.append(text[at:end])
    return [value.removeprefix("[").removesuffix("]") for value in found]
