"""Which links of a broadcast are tracked: found in its texts, numbered and registered."""

from collections.abc import Mapping

from broadcast.content import attachments, registered
from broadcast.models import Broadcast
from channels.platforms import Platform
from templates_wa.rules.parameters import is_body_text
from tracking.links import find_urls
from tracking.models import TrackedURL

MAX_TRACKED_URLS = 32


def register_links(broadcast: Broadcast, links: Mapping[str, int]) -> None:
    """Store the tracked URLs with their positions, in place of those of an earlier text."""
    TrackedURL.objects.filter(broadcast=broadcast).delete()
    TrackedURL.objects.bulk_create(
        TrackedURL(tenant_id=broadcast.tenant_id, broadcast=broadcast, position=position, url=url)
        for url, position in links.items()
    )


def link_positions(broadcast: Broadcast) -> dict[str, int]:
    """The URLs to track, numbered in order of appearance."""
    if not broadcast.track_urls:
        return {}
    return {url: position for position, url in enumerate(find_urls(static_texts(broadcast)))}


def static_texts(broadcast: Broadcast) -> list[str]:
    """The texts whose URLs a recipient can tap; a header's medium and a button's suffix are not."""
    if broadcast.platform == Platform.WHATSAPP:
        return [value for key, value in broadcast.all_params.items() if is_body_text(key)]
    if registered.needs_template(broadcast.sender):
        return []  # the registered template's own words go out, with its own links
    return [broadcast.text, *attachments.links_of(broadcast)]
