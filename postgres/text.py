"""Makes a text storable: PostgreSQL refuses U+0000 and half surrogates."""


def storable(text: str) -> str:
    if text.isprintable():  # true for almost all texts, and the cheapest check
        return text
    return text.replace("\x00", "").encode(errors="replace").decode()
