"""Labels that Django makes of fields' names, with their abbreviations in capitals."""

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
    """Of fields without a `verbose_name` of their own; nothing of it is in a migration."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            words = field.name.split("_")
            if field.verbose_name == " ".join(words):
                field.verbose_name = " ".join(WRITTEN.get(word, word) for word in words)
