"""Bodies of requests that make a template."""

from typing import Any

from channels.models import TenantWAApp


def sale(app: TenantWAApp, /, **fields: Any) -> dict[str, Any]:
    return {
        "app": str(app.pk),
        "name": "summer_sale",
        "language": "en_US",
        "category": "MARKETING",
        "header_format": "TEXT",
        "header_text": "Hello {{1}}",
        "body": "Dear {{1}}, {{2}} % off today.",
        "footer": "Our shop",
        "buttons": [
            {"type": "URL", "text": "Shop", "url": "https://shop.example/{{1}}"},
            {"type": "QUICK_REPLY", "text": "Stop"},
        ],
        "examples": {"header_1": "Ana", "1": "Ana", "2": "20", "button_0": "sale"},
        **fields,
    }
