"""A hash of the content, which distinguishes messages that carry no id of ours."""

from hashlib import blake2b


def content_hash(content: str) -> str:
    return blake2b(content.encode(), digest_size=8).hexdigest()
