"""A text that PostgreSQL can store: it refuses U+0000 and half surrogates."""


def storable(text: str) -> str:
    if text.isprintable():  # almost all are, and it is the cheapest question
        return text
    return text.replace("\x00", "").encode(errors="replace").decode()
