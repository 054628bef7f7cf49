"""The tracked links of a broadcast: which there are, and what stands for them."""

from broadcast.content import attachments, registered
from broadcast.models import Broadcast
from channels.platforms import Platform
from templates_wa.rules.parameters import is_body_text
from tracking.links import find_urls
from tracking.models import TrackedURL

MAX_TRACKED_URLS = 32


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
