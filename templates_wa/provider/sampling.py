"""Uploads a sample file to the provider; its handle is then used in a submission."""

from functools import partial

from api.errors import InvalidInput
from channels.http.asking import ask
from channels.models import TenantWAApp
from channels.port.http_calls import HttpResponse
from channels.port.template_port import Sample
from channels.providers.template_registry import templates_at
from templates_wa.models import HeaderFormat

UPLOAD_TIMEOUT = 60.0
MB = 1024 * 1024
MAX_BYTES = {
    HeaderFormat.IMAGE: 5 * MB,
    HeaderFormat.VIDEO: 16 * MB,
    HeaderFormat.DOCUMENT: 16 * MB,
}
"""Meta's limits for images and videos in messages. Documents may have 100 MB there; a sample needs
less."""
LARGEST = max(MAX_BYTES.values())

# (offset, bytes there, media type, header format). File names and HTTP headers are not trusted.
SIGNATURES: tuple[tuple[int, bytes, str, HeaderFormat], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg", HeaderFormat.IMAGE),
    (0, b"\x89PNG\r\n\x1a\n", "image/png", HeaderFormat.IMAGE),
    (4, b"ftyp", "video/mp4", HeaderFormat.VIDEO),
    (0, b"%PDF-", "application/pdf", HeaderFormat.DOCUMENT),
)


def kind_of(content: bytes) -> tuple[str, HeaderFormat]:
    """The file's media type and header format, from its first bytes. Raises InvalidInput."""
    for offset, mark, media_type, header_format in SIGNATURES:
        if content.startswith(mark, offset):
            if len(content) > MAX_BYTES[header_format]:
                most = MAX_BYTES[header_format] // MB
                raise InvalidInput(f"At most {most} MB for {media_type}.", attr="file")
            return media_type, header_format
    raise InvalidInput("A JPEG, PNG, MP4 or PDF file is needed.", attr="file")


def upload_sample(*, app: TenantWAApp, name: str, content: bytes) -> str:
    """Upload a sample; returns its handle. Calls the provider, so not inside a transaction.

    Raises InvalidInput, ProviderRefused, ProviderUnreachable.
    """
    media_type, _ = kind_of(content)
    steps = templates_at(app.provider).upload(app.account(), Sample(name, media_type, content))
    answer: HttpResponse | None = None
    try:
        while True:
            answer = ask(partial(steps.send, answer), timeout=UPLOAD_TIMEOUT)
    except StopIteration as end:
        return str(end.value)
