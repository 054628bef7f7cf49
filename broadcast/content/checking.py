"""Works out what a broadcast says and over which sender, and refuses what cannot be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.errors import DomainError, InvalidInput
from broadcast.content import attachments, registered
from broadcast.content.links import MAX_TRACKED_URLS, link_positions
from broadcast.content.variables import (
    UNSUBSCRIBE_URL,
    VARIABLE,
    Variables,
    check_syntax,
    variables_of,
)
from broadcast.errors import TemplateNotUsable
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import FORBIDDEN, MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, Platform
from channels.providers.registry import adapter_for
from channels.senders.choosing import AmbiguousChoice, choose_sender
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.rules.defaults import defaults_of
from templates_wa.rules.parameters import check_params, longest_values
from tracking.links import find_urls

MAX_VALUE_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """A broadcast's content, worked out once and carried through estimate, plan and render.

    `texts` are all texts in which variables are filled in per recipient. `links` maps each tracked
    URL to its position in the broadcast.
    """

    broadcast: Broadcast
    sender: Sender
    template: WhatsAppTemplate | None
    texts: Sequence[str]
    variables: Variables
    links: Mapping[str, int]
    has_unsubscribe_link: bool

    @property
    def is_same_for_all(self) -> bool:
        """True if no recipient gets a link or a value of its own."""
        return not (self.links or self.variables.names or self.has_unsubscribe_link)


def check_content(broadcast: Broadcast) -> Checked:
    """Choose the sender and the template, write them to `broadcast` (unsaved), and check the rest.

    Raises NoSender, AmbiguousChoice, TemplateNotUsable, InvalidInput (attr names the field).
    """
    sender = broadcast.sender = choose_sender(
        tenant=broadcast.tenant, platform=broadcast.platform, sender_id=broadcast.sender_id
    )
    if broadcast.platform == Platform.WHATSAPP:
        _choose_template(broadcast, sender)
    else:
        _check_text(broadcast)
        registered.check_registered(broadcast, sender)
    content = content_of(broadcast)
    if content.template is not None:
        _check_lengths(content)
    attachments.check_attachments(broadcast, sender)
    if len(find_urls(content.texts)) > MAX_TRACKED_URLS:
        raise InvalidInput(f"At most {MAX_TRACKED_URLS} links can be tracked.", attr="track_urls")
    return content


def content_of(broadcast: Broadcast, *, links: Mapping[str, int] | None = None) -> Checked:
    """The content of a broadcast that was checked before, by the sender and template it has now.

    `links`: the positions as they were registered; None works them out. Raises InvalidInput if the
    broadcast has no sender.
    """
    if broadcast.sender is None:
        raise InvalidInput("This broadcast needs a sender first.", attr="sender")
    texts = _texts_of(broadcast)
    return Checked(
        broadcast=broadcast,
        sender=broadcast.sender,
        template=broadcast.template if broadcast.platform == Platform.WHATSAPP else None,
        texts=texts,
        variables=variables_of(texts),
        links=link_positions(broadcast) if links is None else links,
        has_unsubscribe_link=any(UNSUBSCRIBE_URL in text for text in texts),
    )


def _texts_of(broadcast: Broadcast) -> list[str]:
    if broadcast.platform == Platform.WHATSAPP:
        return list(broadcast.all_params.values())
    return [broadcast.text, *attachments.texts_of(broadcast)]


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


def _choose_template(broadcast: Broadcast, sender: Sender) -> None:
    template = _template(broadcast, sender)
    if template.status != TemplateStatus.APPROVED:
        raise TemplateNotUsable(
            f"Template {template.name} ({template.language}) is {template.status}; "
            "only an APPROVED one can be sent.",
            attr="template_name",
        )
    if template.cards and not adapter_for(sender.provider).capabilities.carousels:
        raise TemplateNotUsable(
            f"Template {template.name} is a carousel, which this sender's provider cannot send.",
            attr="template_name",
        )
    take_defaults(broadcast, defaults_of(template))
    params = broadcast.all_params
    for value in params.values():
        check_syntax(value, attr="template_params")
    check_params(template, params)
    broadcast.template = template
    broadcast.template_language = template.language
    broadcast.category = template.category


def take_defaults(broadcast: Broadcast, defaults: Mapping[str, str]) -> None:
    """Keep the template's defaults with the broadcast, so that a later change does not reach it.

    Values that nobody approved withdraw the approval. A further try keeps its parent's approval.
    Does not save.
    """
    used = {key: text for key, text in defaults.items() if key not in broadcast.template_params}
    if used != broadcast.default_params and broadcast.parent_id is None:
        broadcast.withdraw_approval()
    broadcast.default_params = used


def current_defaults(broadcast: Broadcast) -> Mapping[str, str]:
    """The defaults that a launch would take now; none while sender or template are open."""
    if broadcast.platform != Platform.WHATSAPP:
        return {}
    try:
        sender = choose_sender(
            tenant=broadcast.tenant, platform=broadcast.platform, sender_id=broadcast.sender_id
        )
        return defaults_of(_template(broadcast, sender))
    except DomainError:
        return {}


def _check_lengths(content: Checked) -> None:
    """Check the values that are the same for all; planning/too_long_sql.py measures the others."""
    template = content.template
    if template is None or content.links:
        return
    params = content.broadcast.all_params
    for key, longest in longest_values(template).items():
        value = " ".join(params[key].split())
        if len(value) > longest and not VARIABLE.search(value):
            raise InvalidInput(
                f"Parameter {key} has at most {longest} characters; this has {len(value)}.",
                attr="template_params",
            )


def _template(broadcast: Broadcast, sender: Sender) -> WhatsAppTemplate:
    if not broadcast.template_name:
        raise TemplateNotUsable("A WhatsApp broadcast needs a template_name.", attr="template_name")
    named = WhatsAppTemplate.objects.for_tenant(broadcast.tenant).filter(
        app_id=sender.pk, name=broadcast.template_name
    )
    if broadcast.template_language:
        named = named.filter(language=broadcast.template_language)
    templates = list(named.order_by("language"))
    if not templates:
        raise TemplateNotUsable(
            f"This sender has no template {broadcast.template_name} "
            f"{broadcast.template_language}".rstrip()
            + ".",
            attr="template_name",
        )
    if len(templates) > 1:
        raise AmbiguousChoice(
            "This template exists in several languages: name one in `template_language`.",
            attr="template_language",
            data={"choices": [template.language for template in templates]},
        )
    return templates[0]
