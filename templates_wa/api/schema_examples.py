"""Example templates for the API's documentation."""

from drf_spectacular.utils import OpenApiExample

APP = "0198f0a4-7c11-7a54-9d0e-3c5a5b7d2f10"
PLANT = {
    "header_format": "IMAGE",
    "body": "Now for {{1}}",
    "buttons": [
        {"type": "URL", "text": "Look", "url": "https://shop.example/{{1}}"},
        {"type": "QUICK_REPLY", "text": "Not for me"},
    ],
}

WITH_BUTTON = OpenApiExample(
    "A text with a button",
    value={
        "app": APP,
        "name": "summer_sale",
        "language": "en_US",
        "category": "MARKETING",
        "body": "Dear {{1}}, {{2}} % off today.",
        "buttons": [{"type": "URL", "text": "Shop", "url": "https://shop.example/{{1}}"}],
        "examples": {"1": "Ana", "2": "20", "button_0": "sale"},
    },
    request_only=True,
)
CAROUSEL = OpenApiExample(
    "A carousel",
    value={
        "app": APP,
        "name": "new_plants",
        "language": "en_US",
        "category": "MARKETING",
        "body": "Hello {{1}}, this is new.",
        "cards": [PLANT, PLANT],
        "examples": {
            "1": "Ana",
            "card_0_header_media": "4::aW1hZ2UvanBlZw==:…",
            "card_0_1": "9 €",
            "card_0_button_0": "aloe",
            "card_1_header_media": "4::aW1hZ2UvanBlZw==:…",
            "card_1_1": "7 €",
            "card_1_button_0": "cactus",
        },
    },
    request_only=True,
)
ONE_TIME_PASSWORD = OpenApiExample(
    "A one-time password",
    value={
        "app": APP,
        "name": "login_code",
        "language": "en_US",
        "category": "AUTHENTICATION",
        "add_security_recommendation": True,
        "code_expiration_minutes": 10,
        "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}],
    },
    request_only=True,
)
EVERY_KIND = [WITH_BUTTON, CAROUSEL, ONE_TIME_PASSWORD]
