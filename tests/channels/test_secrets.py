"""No log record holds a credential, a phone number or a word of a message.

The tests search every log record as it was created, before the redaction.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import pytest

from channels.delivery import access_tokens
from channels.delivery.access_tokens import authorized
from channels.delivery.delivery import check_credentials, deliver
from channels.http import client as http
from channels.http.asking import ProviderRefused, ProviderUnreachable, ask
from channels.port.adapter import AcknowledgingAdapter, Adapter
from channels.port.http_calls import HttpRequest, HttpResponse, WebhookSecrets
from channels.port.messages import (
    Media,
    OutboundMessage,
    ParameterKind,
    SenderAccount,
    TemplateContent,
    TextContent,
)
from channels.port.template_port import TemplateSpec
from channels.providers.registry import ADAPTERS
from channels.providers.template_registry import TEMPLATE_PROVIDERS
from sandbox.running import RunningSandbox, running_sandbox
from tests.channels.http import far_end as far_ends
from tests.channels.http.far_end import Behaviour, FarEnd, answer, replies
from tests.channels.providers.samples import account, call, service_account

EVERY = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
WITH_TOKENS = pytest.mark.parametrize(
    "adapter",
    [adapter for adapter in ADAPTERS.values() if adapter.token_grant],
    ids=lambda a: a.provider,
)
BODY = "Hush, this is between us"
NUMBER = "4155550"
ENDINGS = ["0001", *(str(ending) for ending in range(9001, 9020))]
ODD_ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbroken",
    answer("200 OK", f'{{"said":"{BODY} to +1{NUMBER}0001"}}'.encode()),
    answer("400 Bad Request", f'{{"error":{{"code":1,"message":"+1{NUMBER}0001"}}}}'.encode()),
    answer("307 Elsewhere", b"", "Location: http://127.0.0.1:9/"),
    b"nonsense\r\n\r\n",
]


class Heard(logging.Handler):
    """Keeps every record in full: message, arguments, extras, traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.getMessage()} {record.__dict__!r}"
        if record.exc_info:
            line += logging.Formatter().formatException(record.exc_info)
        self.lines.append(line)


@pytest.fixture
def heard() -> Iterator[Heard]:
    """The records of all loggers at DEBUG, also those of libraries."""
    handler, root, before = Heard(), logging.getLogger(), logging.getLogger().level
    named = [logger for logger in logging.Logger.manager.loggerDict.values()
             if isinstance(logger, logging.Logger)]  # fmt: skip
    levels = {logger: logger.level for logger in named}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for logger in named:
        logger.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)
    for logger, level in levels.items():
        logger.setLevel(level)
    http.close()
    access_tokens._holders.cache_clear()


@pytest.fixture(scope="module")
def quick() -> Iterator[RunningSandbox]:
    with running_sandbox(receipt_delay=60, slow_seconds=0.1, hang_seconds=1) as running:
        yield running


@pytest.fixture(scope="module")
def key() -> str:
    return service_account()


def sender_at(adapter: Adapter, base_url: str, key: str) -> SenderAccount:
    sender = account(adapter.provider, base_url=base_url)
    grant = adapter.token_grant
    return replace(sender, credentials={grant.key: key}) if grant else sender


def needles(adapter: Adapter, sender: SenderAccount) -> list[str]:
    secrets = [value for value in sender.credentials.values() if "{" not in value]
    key_lines = [
        line
        for value in sender.credentials.values()
        for line in value.split("\\n")
        if len(line) == 64
    ]
    return [BODY, BODY.split(",", maxsplit=1)[0], NUMBER, "ya29.", *secrets, *key_lines]


def assert_nothing_told(heard: Heard, adapter: Adapter, sender: SenderAccount) -> None:
    for line in heard.lines:
        for needle in needles(adapter, sender):
            assert needle not in line


def batch(*, template: bool = False) -> list[OutboundMessage]:
    media = Media(ParameterKind.IMAGE, f"https://cdn.test/{NUMBER}.png")
    contents: list[TextContent | TemplateContent] = [
        TextContent(BODY),
        TextContent(BODY, media=media),
    ]
    if template:
        contents.append(TemplateContent(BODY, "en", provider_template_id="HX" + "b" * 32))
    return [
        OutboundMessage(id=uuid4(), to=f"+1{NUMBER}{ending}", content=content)
        for ending in ENDINGS
        for content in contents
    ]


def send(sender: SenderAccount, *, template: bool = True) -> int:
    messages = batch(template=template)
    cuts = deliver(account=sender, messages=messages, timeout=1.5, first_cut=0.5)
    return sum(len(cut) for cut in cuts) - len(messages)


@EVERY
def test_the_sandboxs_every_answer(
    adapter: Adapter, quick: RunningSandbox, heard: Heard, key: str
) -> None:
    sender = sender_at(adapter, quick.base_url, key)
    assert send(sender) == 0
    check_credentials(account=sender, timeout=1)
    logging.getLogger("channels.delivery.delivery").debug("What is said is heard.")
    assert heard.lines
    assert_nothing_told(heard, adapter, sender)


@EVERY
@pytest.mark.parametrize(
    "behaviour",
    [
        *(replies(raw) for raw in ODD_ANSWERS),
        far_ends.resets_after_reading,
        far_ends.closes_before_reading,
    ],
)
def test_answers_that_nobody_documented(
    adapter: Adapter, behaviour: Behaviour, far_end: FarEnd, heard: Heard, key: str
) -> None:
    far_end.behaviour = behaviour
    sender = sender_at(adapter, far_end.url, key)
    if adapter.token_grant:
        sender = replace(sender, credentials={**sender.credentials, "access_token": "ya29.given"})
    assert send(sender, template=False) == 0
    check_credentials(account=sender, timeout=1)
    assert_nothing_told(heard, adapter, sender)


@EVERY
def test_credentials_that_are_missing_or_cannot_be_sent(
    adapter: Adapter, far_end: FarEnd, heard: Heard
) -> None:
    for value in ("", "secret\r\nX-Injected: 1", "schlüssel-geheim"):
        wrong = dict.fromkeys(adapter.credential_names, value)
        for credentials in (wrong, {}):
            sender = replace(
                account(adapter.provider, base_url=far_end.url), credentials=credentials
            )
            assert send(sender, template=False) == 0
            leaks = [line for line in heard.lines if value and value in line]
            assert leaks == []
    assert_nothing_told(heard, adapter, replace(sender, credentials={}))


@EVERY
def test_a_base_url_that_answers_nothing(adapter: Adapter, heard: Heard, key: str) -> None:
    sender = sender_at(adapter, "http://127.0.0.1:9", key)
    assert send(sender, template=False) == 0
    assert_nothing_told(heard, adapter, sender)


@WITH_TOKENS
@pytest.mark.parametrize("behaviour", [replies(raw) for raw in ODD_ANSWERS])
def test_a_token_endpoint_that_answers_oddly(
    adapter: Adapter, behaviour: Behaviour, far_end: FarEnd, heard: Heard, key: str
) -> None:
    far_end.behaviour = behaviour
    sender = sender_at(adapter, far_end.url, key)
    assert send(sender, template=False) == 0
    check_credentials(account=sender, timeout=1)
    assert_nothing_told(heard, adapter, sender)


SPEC = TemplateSpec(
    name="sale", language="en", category="MARKETING", body=BODY, examples={"1": NUMBER}
)


@pytest.mark.parametrize("provider", sorted(TEMPLATE_PROVIDERS))
@pytest.mark.parametrize(
    "behaviour", [*(replies(raw) for raw in ODD_ANSWERS), far_ends.resets_after_reading, None]
)
def test_templates_are_written_and_listed_without_a_word(
    provider: str,
    behaviour: Behaviour | None,
    far_end: FarEnd,
    quick: RunningSandbox,
    heard: Heard,
) -> None:
    """If `behaviour` is None, the sandbox answers."""
    if behaviour is not None:
        far_end.behaviour = behaviour
    port, adapter = TEMPLATE_PROVIDERS[provider], ADAPTERS[provider]
    url = quick.base_url if behaviour is None else far_end.url
    sender = account(provider, base_url=url)
    calls: list[tuple[Callable[[], HttpRequest], Callable[[HttpResponse], object]]] = [
        (lambda: port.submit_request(sender, "1001", SPEC), port.submit_outcome),
        (lambda: port.edit_request(sender, "1001", "7", SPEC), port.submit_outcome),
        (lambda: port.list_request(sender, "1001", after=""), port.list_outcome),
    ]
    words: list[str] = []
    for build, read in calls:
        try:
            read(ask(build, timeout=1.5))
        except (ProviderRefused, ProviderUnreachable) as refusal:
            words.append(str(refusal))
    # The tenant's user reads the words of a refusal: they hold no credential.
    assert not [value for value in sender.credentials.values() if value in " ".join(words)]
    assert_nothing_told(heard, adapter, sender)


def test_a_pressed_button_is_acknowledged_without_a_word(far_end: FarEnd, heard: Heard) -> None:
    adapter = ADAPTERS["telegram_bot"]
    assert isinstance(adapter, AcknowledgingAdapter)
    sender = account("telegram_bot", base_url=far_end.url)
    for raw in ODD_ANSWERS:
        far_end.behaviour = replies(raw)
        with suppress(ProviderRefused, ProviderUnreachable):
            ask(partial(adapter.acknowledge_request, sender, "77"), timeout=1.5)
    assert_nothing_told(heard, adapter, sender)


def test_all_seven_providers_are_tried() -> None:
    assert len(ADAPTERS) == 7
    assert [adapter.provider for adapter in ADAPTERS.values() if adapter.token_grant] == [
        "google_rbm"
    ]


@EVERY
def test_webhook_calls_good_and_bad(adapter: Adapter, heard: Heard) -> None:
    secrets = WebhookSecrets(dict.fromkeys(adapter.webhook_secret_names, "hush-secret"))
    for body in (BODY.encode(), b"{}", f'{{"message":{{"text":"{BODY}"}}}}'.encode(), b"\xff"):
        webhook_call = call(body, x_hub_signature_256="sha256=0", x_twilio_signature="x")
        assert adapter.webhook.verify(secrets, webhook_call) is False
        adapter.webhook.handshake(secrets, webhook_call)
        try:
            adapter.webhook.parse(
                adapter.webhook.to_store(webhook_call), received_at=datetime.now(UTC)
            )
        except ValueError as error:
            heard.lines.append(str(error))  # a call that is set aside keeps this text
    for line in heard.lines:
        assert BODY not in line
        assert "hush-secret" not in line


def test_the_search_finds_a_careless_record(heard: Heard) -> None:
    adapter = ADAPTERS["meta_cloud"]
    sender = account("meta_cloud")
    logging.getLogger("careless").debug(
        "posting %s", authorized(sender, adapter).account.credentials
    )
    with pytest.raises(AssertionError):
        assert_nothing_told(heard, adapter, sender)
