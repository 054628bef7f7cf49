"""One message's content, from its broadcast's and its own variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from uuid import UUID

from broadcast.content import attachments, registered
from broadcast.content.checking import texts_of
from broadcast.content.unsubscribing import unsubscribe_link
from broadcast.content.variables import (
    UNSUBSCRIBE_URL,
    VARIABLE,
    fill_in,
)
from broadcast.models import Broadcast
from channels.port.messages import OutboundMessage, TemplateContent, TextContent
from templates_wa.models import WhatsAppTemplate
from templates_wa.rules.parameters import build_content
from tracking.links import wrap


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
