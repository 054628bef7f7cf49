"""Writes abbreviations in capitals in the labels that Django derives from field names."""

from django.apps import apps

WRITTEN = {
    "id": "ID",
    "ids": "IDs",
    "url": "URL",
    "urls": "URLs",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
}


def write_labels() -> None:
    """Changes fields without their own `verbose_name`; migrations do not change."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            words = field.name.split("_")
            if field.verbose_name == " ".join(words):
                field.verbose_name = " ".join(WRITTEN.get(word, word) for word in words)
