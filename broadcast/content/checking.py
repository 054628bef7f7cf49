"""What a broadcast says: checked before it is scheduled or sent, rendered per recipient."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from uuid import UUID

from api.errors import InvalidInput
from broadcast.content import attachments, registered
from broadcast.content.unsubscribing import unsubscribe_link
from broadcast.content.variables import (
    UNSUBSCRIBE_URL,
    VARIABLE,
    Variables,
    check_syntax,
    fill_in,
    variables_of,
)
from broadcast.errors import AmbiguousChoice, NoSender, TemplateNotUsable
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import FORBIDDEN, MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, Platform
from channels.port.adapter import OutboundMessage, TemplateContent, TextContent
from channels.providers.registry import adapter_for
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.rules.parameters import build_content, check_params, is_body_text, longest_values
from tracking.links import find_urls, wrap
from tracking.models import TrackedURL

MAX_TRACKED_URLS = 32
MAX_VALUE_LENGTH = 1024


def texts_of(broadcast: Broadcast) -> list[str]:
    """All that is filled in per recipient."""
    if broadcast.platform == Platform.WHATSAPP:
        return [str(value) for value in broadcast.template_params.values()]
    return [broadcast.text, *attachments.texts_of(broadcast)]


def variables_in(broadcast: Broadcast) -> Variables:
    return variables_of(texts_of(broadcast))


def check(broadcast: Broadcast) -> None:
    """Settle the sender and the template, and refuse what cannot be sent. Writes to the instance.

    Raises NoSender, AmbiguousChoice, TemplateNotUsable, InvalidInput (attr names the field).
    """
    broadcast.sender = _sender(broadcast)
    if broadcast.platform == Platform.WHATSAPP:
        _check_template(broadcast)
    else:
        _check_text(broadcast)
        registered.check(broadcast, broadcast.sender)
    attachments.check(broadcast, broadcast.sender)
    if len(find_urls(texts_of(broadcast))) > MAX_TRACKED_URLS:
        raise InvalidInput(f"At most {MAX_TRACKED_URLS} links can be tracked.", attr="track_urls")


def _sender(broadcast: Broadcast) -> Sender:
    usable = (
        Sender.objects.for_tenant(broadcast.tenant).usable().filter(platform=broadcast.platform)
    )
    if broadcast.sender_id is not None:
        chosen = usable.filter(pk=broadcast.sender_id).first()
        if chosen is None:
            raise NoSender(
                f"This sender is not active or does not send over {broadcast.platform}.",
                attr="sender",
            )
        return chosen
    found = list(usable.order_by("-is_default", "name")[:20])
    if not found:
        raise NoSender(
            f"There is no sender for {broadcast.platform}. Set one up first.", attr="sender"
        )
    if len(found) > 1 and not found[0].is_default:
        choices = [{"id": str(each.id), "name": each.name} for each in found]
        raise AmbiguousChoice(
            "Several senders would do: name one in `sender`.",
            attr="sender",
            data={"choices": choices},
        )
    return found[0]


def _check_text(broadcast: Broadcast) -> None:
    if not broadcast.text.strip() and not broadcast.media:
        raise InvalidInput(f"A broadcast over {broadcast.platform} needs a text.", attr="text")
    check_syntax(broadcast.text, attr="text")
    if FORBIDDEN.search(broadcast.text):
        raise InvalidInput("A text must not hold control characters.", attr="text")
    limits = MAX_CAPTION_LENGTH if broadcast.media else MAX_TEXT_LENGTH
    longest = limits[Platform(broadcast.platform)]
    if len(broadcast.text) > longest:
        raise InvalidInput(
            f"{broadcast.platform} takes at most {longest} characters here; "
            f"this is {len(broadcast.text)}.",
            attr="text",
        )


def _check_template(broadcast: Broadcast) -> None:
    template = _template(broadcast)
    if template.status != TemplateStatus.APPROVED:
        raise TemplateNotUsable(
            f"Template {template.name} ({template.language}) is {template.status}; "
            "only an APPROVED one can be sent.",
            attr="template_name",
        )
    if template.cards and not _sends_carousels(broadcast):
        raise TemplateNotUsable(
            f"Template {template.name} is a carousel, which this sender's provider cannot send.",
            attr="template_name",
        )
    params = {str(key): str(value) for key, value in broadcast.template_params.items()}
    for value in params.values():
        check_syntax(value, attr="template_params")
    check_params(template, params)
    broadcast.template = template
    broadcast.template_language = template.language
    broadcast.category = template.category
    _check_lengths(template, params, has_links=bool(link_positions(broadcast)))


def _check_lengths(
    template: WhatsAppTemplate, params: Mapping[str, str], *, has_links: bool
) -> None:
    """Of what is the same for all; the rest is measured when it is planned (too_long.py)."""
    for key, most in longest_values(template).items():
        value = " ".join(params[key].split())
        if len(value) > most and not VARIABLE.search(value) and not has_links:
            raise InvalidInput(
                f"Parameter {key} has at most {most} characters; this has {len(value)}.",
                attr="template_params",
            )


def _sends_carousels(broadcast: Broadcast) -> bool:
    sender = broadcast.sender
    return sender is not None and adapter_for(sender.provider).capabilities.carousels


def _template(broadcast: Broadcast) -> WhatsAppTemplate:
    if not broadcast.template_name:
        raise TemplateNotUsable("A WhatsApp broadcast needs a template_name.", attr="template_name")
    named = WhatsAppTemplate.objects.for_tenant(broadcast.tenant).filter(
        app_id=broadcast.sender_id, name=broadcast.template_name
    )
    if broadcast.template_language:
        named = named.filter(language=broadcast.template_language)
    found = list(named.order_by("language"))
    if not found:
        raise TemplateNotUsable(
            f"This sender has no template {broadcast.template_name} "
            f"{broadcast.template_language}".rstrip()
            + ".",
            attr="template_name",
        )
    if len(found) > 1:
        raise AmbiguousChoice(
            "This template exists in several languages: name one in `template_language`.",
            attr="template_language",
            data={"choices": [each.language for each in found]},
        )
    return found[0]


def register_links(broadcast: Broadcast) -> None:
    """The URLs that this broadcast tracks; replaces those of an earlier text."""
    TrackedURL.objects.filter(broadcast=broadcast).delete()
    TrackedURL.objects.bulk_create(
        TrackedURL(tenant_id=broadcast.tenant_id, broadcast=broadcast, position=position, url=url)
        for url, position in link_positions(broadcast).items()
    )


def link_positions(broadcast: Broadcast) -> dict[str, int]:
    """The URLs that it tracks, numbered in order of appearance."""
    if not broadcast.track_urls:
        return {}
    return {url: position for position, url in enumerate(find_urls(static_texts(broadcast)))}


def static_texts(broadcast: Broadcast) -> list[str]:
    """Where URLs are looked for: a header's medium and a button's suffix are no text to click."""
    if broadcast.platform == Platform.WHATSAPP:
        return [str(value) for key, value in broadcast.template_params.items() if is_body_text(key)]
    if registered.needs_template(broadcast.sender):
        return []  # the template's own words go out, with its own links
    return [broadcast.text, *attachments.links_of(broadcast)]


@dataclass(frozen=True)
class Renderer:
    """Turns rows of one broadcast into messages for its adapter."""

    broadcast: Broadcast
    template: WhatsAppTemplate | None
    positions: Mapping[str, int]
    valid_for: int | None = None
    """Seconds that are left of the broadcast's time, the same for a whole batch."""
    _built: dict[tuple[str, ...], TemplateContent] = field(default_factory=dict, init=False)

    @cached_property
    def has_unsubscribe_link(self) -> bool:
        return any(UNSUBSCRIBE_URL in text for text in texts_of(self.broadcast))

    def message(
        self, *, message_id: UUID, address: str, token: int, variables: Mapping[str, str]
    ) -> OutboundMessage:
        return OutboundMessage(
            id=message_id,
            to=address,
            content=self._of_all or self._content(token=token, variables=variables),
            valid_for=self.valid_for,
        )

    @cached_property
    def _of_all(self) -> TextContent | TemplateContent | None:
        """What everybody is told, None where something in it is the recipient's own."""
        if self.positions or any(VARIABLE.search(text) for text in texts_of(self.broadcast)):
            return None
        return self._content(token=0, variables={})

    def _content(
        self, *, token: int, variables: Mapping[str, str]
    ) -> TextContent | TemplateContent:
        if self.template is None:
            render = partial(self._render, token=token, variables=variables)
            return TextContent(
                render(self.broadcast.text),
                media=attachments.media_of(self.broadcast, render),
                buttons=attachments.buttons_of(self.broadcast, render),
                template_id=self.broadcast.provider_template_id,
                variables=self._registered(token=token, variables=variables),
            )
        values = {
            key: " ".join(self._render(str(value), token=token, variables=variables).split())
            for key, value in self.broadcast.template_params.items()
        }
        # Built once where recipients are told the same.
        said = tuple(values.values())
        if said not in self._built:
            self._built[said] = build_content(self.template, values)
        return self._built[said]

    def _render(self, text: str, *, token: int, variables: Mapping[str, str]) -> str:
        values = self._values(token=token, variables=variables)
        return fill_in(wrap(text, positions=self.positions, token=token), values)

    def _registered(self, *, token: int, variables: Mapping[str, str]) -> Mapping[str, str]:
        """The values of a text that was registered at the provider; others need none."""
        if not self.broadcast.provider_template_id:
            return {}
        values = self._values(token=token, variables=variables)
        return registered.filled(texts_of(self.broadcast), values)

    def _values(self, *, token: int, variables: Mapping[str, str]) -> Mapping[str, str]:
        if not self.has_unsubscribe_link:
            return variables
        return {**variables, UNSUBSCRIBE_URL: unsubscribe_link(token=token)}
