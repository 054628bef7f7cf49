"""Content without variables is built once; content with variables never reaches another contact."""

from uuid import UUID

import pytest

from broadcast.content.checking import content_of
from broadcast.content.rendering import Renderer
from broadcast.models import Broadcast
from channels.models import Sender
from channels.platforms import Platform
from channels.port.messages import OutboundMessage
from templates_wa.models import WhatsAppTemplate

TEMPLATE = WhatsAppTemplate(name="winter_sale", language="en", body="{{1}}")
URL = "https://shop.test/sale"


def rendered(
    platform: Platform, text: str, *, positions: dict[str, int] | None = None
) -> list[OutboundMessage]:
    """The messages of two recipients, built one after the other by one renderer."""
    template = TEMPLATE if platform == Platform.WHATSAPP else None
    fields = {"template_params": {"1": text}} if template else {"text": text}
    broadcast = Broadcast(platform=platform, sender=Sender(), template=template, **fields)
    renderer = Renderer(content_of(broadcast, links=positions or {}))
    return [
        renderer.message(
            message_id=UUID(int=n), address=str(n), token=n, variables={"first_name": name}
        )
        for n, name in ((1, "Ana"), (2, "Ben"))
    ]


@pytest.mark.parametrize("platform", [Platform.TELEGRAM, Platform.WHATSAPP])
def test_what_names_nobody_is_built_once(platform: Platform) -> None:
    ana, ben = rendered(platform, f"Winter sale: {URL}")
    assert ana.content is ben.content
    assert (ana.id, ana.to, ben.id, ben.to) == (UUID(int=1), "1", UUID(int=2), "2")


@pytest.mark.parametrize("platform", [Platform.TELEGRAM, Platform.WHATSAPP])
@pytest.mark.parametrize(
    ("text", "positions"),
    [
        ("Hello {{first_name}}", {}),
        ("Hello {{first_name|there}}", {}),
        ("No more: {{unsubscribe_url}}", {}),
        (f"Winter sale: {URL}", {URL: 0}),
    ],
)
def test_what_is_ones_own_is_not_anothers(
    platform: Platform, text: str, positions: dict[str, int]
) -> None:
    ana, ben = rendered(platform, text, positions=positions)
    assert ana.content != ben.content
