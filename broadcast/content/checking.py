"""What a broadcast says: checked before it is scheduled or sent, rendered per recipient."""

from collections.abc import Mapping

from api.errors import InvalidInput
from broadcast.content import attachments, registered
from broadcast.content.links import MAX_TRACKED_URLS, link_positions
from broadcast.content.variables import (
    VARIABLE,
    Variables,
    check_syntax,
    variables_of,
)
from broadcast.errors import AmbiguousChoice, NoSender, TemplateNotUsable
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import FORBIDDEN, MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH, Platform
from channels.providers.registry import adapter_for
from templates_wa.models import TemplateStatus, WhatsAppTemplate
from templates_wa.rules.parameters import check_params, longest_values
from tracking.links import find_urls

MAX_VALUE_LENGTH = 1024


def texts_of(broadcast: Broadcast) -> list[str]:
    """All that is filled in per recipient."""
    if broadcast.platform == Platform.WHATSAPP:
        return [str(value) for value in broadcast.template_params.values()]
    return [broadcast.text, *attachments.texts_of(broadcast)]


def variables_in(broadcast: Broadcast) -> Variables:
    return variables_of(texts_of(broadcast))


def check_content(broadcast: Broadcast) -> None:
    """Settle the sender and the template, and refuse what cannot be sent. Writes to the instance.

    Raises NoSender, AmbiguousChoice, TemplateNotUsable, InvalidInput (attr names the field).
    """
    broadcast.sender = _sender(broadcast)
    if broadcast.platform == Platform.WHATSAPP:
        _check_template(broadcast)
    else:
        _check_text(broadcast)
        registered.check_registered(broadcast, broadcast.sender)
    attachments.check_attachments(broadcast, broadcast.sender)
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
