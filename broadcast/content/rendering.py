"""Renders one message for one recipient from a broadcast's content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from uuid import UUID

from broadcast.content import attachments, registered
from broadcast.content.checking import Checked
from broadcast.content.variables import UNSUBSCRIBE_URL, fill_in
from channels.port.messages import OutboundMessage, TemplateContent, TextContent
from templates_wa.rules.parameters import build_content
from tracking.links import unsubscribe_link, wrap


@dataclass(frozen=True)
class Renderer:
    """Turns rows of one broadcast into messages for its adapter."""

    content: Checked
    valid_for: int | None = None
    """Seconds until the broadcast expires, the same for a whole batch; None: it does not expire."""
    _built: dict[tuple[str, ...], TemplateContent] = field(default_factory=dict, init=False)

    def message(
        self, *, message_id: UUID, address: str, token: int, variables: Mapping[str, str]
    ) -> OutboundMessage:
        return OutboundMessage(
            id=message_id,
            to=address,
            content=self._shared or self._rendered(token=token, variables=variables),
            valid_for=self.valid_for,
        )

    @cached_property
    def _shared(self) -> TextContent | TemplateContent | None:
        """The content if it is the same for every recipient, else None."""
        return self._rendered(token=0, variables={}) if self.content.is_same_for_all else None

    def _rendered(
        self, *, token: int, variables: Mapping[str, str]
    ) -> TextContent | TemplateContent:
        broadcast, template = self.content.broadcast, self.content.template
        if template is None:
            render = partial(self._render, token=token, variables=variables)
            return TextContent(
                render(broadcast.text),
                media=attachments.media_of(broadcast, render),
                buttons=attachments.buttons_of(broadcast, render),
                template_id=broadcast.provider_template_id,
                variables=self._registered(token=token, variables=variables),
            )
        params = {
            key: " ".join(self._render(value, token=token, variables=variables).split())
            for key, value in broadcast.all_params.items()
        }
        # Recipients with equal values share one built content.
        values = tuple(params.values())
        if values not in self._built:
            self._built[values] = build_content(template, params)
        return self._built[values]

    def _render(self, text: str, *, token: int, variables: Mapping[str, str]) -> str:
        values = self._values(token=token, variables=variables)
        return fill_in(wrap(text, positions=self.content.links, token=token), values)

    def _registered(self, *, token: int, variables: Mapping[str, str]) -> Mapping[str, str]:
        """The variables' values of a text that is registered at the provider; {} for others."""
        if not self.content.broadcast.provider_template_id:
            return {}
        values = self._values(token=token, variables=variables)
        return registered.filled(self.content.texts, values)

    def _values(self, *, token: int, variables: Mapping[str, str]) -> Mapping[str, str]:
        if not self.content.has_unsubscribe_link:
            return variables
        return {**variables, UNSUBSCRIBE_URL: unsubscribe_link(token=token)}
