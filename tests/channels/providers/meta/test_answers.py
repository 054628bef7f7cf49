"""Answers of the WhatsApp Cloud API and the map of its errors."""

from typing import Any

import pytest

from channels.port.outcomes import FailureCause, LimitScope, Outcome, OutcomeKind
from channels.providers.meta.adapter import MetaCloud
from channels.providers.meta.errors import ERRORS
from tests.channels.providers.protocols import load
from tests.channels.providers.samples import account, response

META = MetaCloud()


@pytest.mark.parametrize(
    "message", [{"id": "wamid.1"}, {"id": "wamid.1", "message_status": "accepted"}]
)
def test_accepted(message: dict[str, str]) -> None:
    outcome = META.send_outcome(response(200, {"messages": [message]}))
    assert outcome == Outcome(OutcomeKind.ACCEPTED, provider_message_id="wamid.1")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("held_for_quality_assessment", "held_for_quality"),
        ("paused", "held_paused"),
        ("something_new", "held_by_provider"),
    ],
)
def test_what_meta_holds_is_waiting_and_keeps_its_id(status: str, code: str) -> None:
    message = {"id": "wamid.1", "message_status": status}
    outcome = META.send_outcome(response(200, {"messages": [message]}))
    assert (outcome.kind, outcome.code) == (OutcomeKind.WAITING, code)
    assert outcome.provider_message_id == "wamid.1"
    assert outcome.provider_code == status


@pytest.mark.parametrize("statuses", [("accepted", "paused"), ("paused", "accepted"), (None, "x")])
def test_of_several_entries_the_least_certain_decides(statuses: tuple[str | None, ...]) -> None:
    entries = [{"id": "wamid.1", "message_status": status} for status in statuses]
    outcome = META.send_outcome(response(200, {"messages": entries}))
    assert outcome.kind is OutcomeKind.WAITING


CONFIG = {0, 3, 10, 33, 102, 104, 190, 368, 803, 131005, 131031, 131037, 131042, 131045, 131063}


CONFIG |= {132001, 132015, 132016, 132068, 133010, 134011}


CONTENT = {100, 131008, 131009, 131047, 131051, 131052, 131053, 132000, 132005, 132007}


CONTENT |= {132008, 132012, 132018, 135000}


RECIPIENT = {131026, 131062, 137000}


ROUTE = {130403, 130497, 131021, 131030}


CAPPED = {130472, 131049}


OPT_OUT = {131050}


PASSING = {2, 131000, 131016, 131057, 133004}


LIMITED = {4, 80007, 130429, 131048, 131056, 131064, 132069, 133016}


UNKNOWN = {1}


TABLE: list[tuple[set[int], OutcomeKind, FailureCause]] = [
    (CONFIG | {200, 299}, OutcomeKind.PERMANENT, FailureCause.CONFIG),
    (CONTENT, OutcomeKind.PERMANENT, FailureCause.CONTENT),
    (RECIPIENT, OutcomeKind.PERMANENT, FailureCause.RECIPIENT),
    (ROUTE, OutcomeKind.PERMANENT, FailureCause.ROUTE),
    (CAPPED, OutcomeKind.PERMANENT, FailureCause.CAPPED),
    (OPT_OUT, OutcomeKind.PERMANENT, FailureCause.OPT_OUT),
    (PASSING, OutcomeKind.PASSING, FailureCause.NONE),
    (LIMITED, OutcomeKind.LIMITED, FailureCause.NONE),
    (UNKNOWN, OutcomeKind.UNKNOWN, FailureCause.NONE),
]


ROWS = [(code, kind, cause) for codes, kind, cause in TABLE for code in sorted(codes)]


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(("code", "kind", "cause"), ROWS)
def test_every_row_of_the_error_map(
    status: int, code: int, kind: OutcomeKind, cause: FailureCause
) -> None:
    outcome = META.send_outcome(response(status, error(code)))
    assert (outcome.kind, outcome.cause) == (kind, cause)
    assert outcome.provider_code == str(code)
    assert (outcome.retry_after is None) is (code not in LIMITED | {131049, 131057})
    scope = LimitScope.RECIPIENT if code == 131056 else LimitScope.SENDER
    assert outcome.limit_scope is scope


def test_the_subcode_is_a_part_of_the_key() -> None:
    body = {"error": {"code": 100, "error_subcode": 33, "type": "GraphMethodException"}}
    outcome = META.send_outcome(response(400, body))
    assert (outcome.kind, outcome.cause) == (OutcomeKind.PERMANENT, FailureCause.CONFIG)
    body["error"]["error_subcode"] = 2494010
    assert META.send_outcome(response(400, body)).cause is FailureCause.CONTENT


@pytest.mark.parametrize("status", [401, 402, 403])
def test_the_accounts_statuses_are_its_own_unless_the_table_has_the_code(status: int) -> None:
    assert META.send_outcome(response(status, error(999999))).cause is FailureCause.CONFIG
    assert META.send_outcome(response(status, error(131026))).cause is FailureCause.RECIPIENT


def test_no_row_is_untested() -> None:
    assert {code for code, _, _ in ROWS} - {200, 299} == set(ERRORS)


# If the published class and Meta's own description differ, the description counts (see the map).
STRICTER = {1: "unknown", 135000: "permanent", 131052: "permanent", 131053: "permanent"}


CLASSES = {
    "permanent": "permanent", "opt_out": "permanent", "recipient_cooldown": "permanent",
    "transient": "passing", "rate": "limited",
}  # fmt: skip


def test_the_map_covers_the_published_classes() -> None:
    published = load("error_classes.json")["meta"]
    for name, label in published.items():
        if name.startswith("_"):
            continue
        code = int(name.partition("-")[0])
        word = label if label.startswith("recipient") else label.partition("_")[0]
        expected = next(kind for key, kind in CLASSES.items() if label.startswith(key))
        outcome = META.send_outcome(response(400, error(code)))
        assert outcome.kind == STRICTER.get(code, expected), (code, word)


def test_retry_after_of_the_answer_wins() -> None:
    outcome = META.send_outcome(response(429, error(130429), Retry_After="30"))
    assert outcome.retry_after == 30.0


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, OutcomeKind.PERMANENT),
        (429, OutcomeKind.LIMITED),
        (500, OutcomeKind.UNKNOWN),
    ],
)
def test_a_code_that_nobody_mapped(status: int, kind: OutcomeKind) -> None:
    outcome = META.send_outcome(response(status, error(999999)))
    assert (outcome.kind, outcome.code) == (kind, "provider_error_unmapped")
    assert (outcome.provider_code, outcome.message) == ("999999", "the details")
    assert outcome.cause is FailureCause.NONE


def test_check_describes_the_number() -> None:
    node = {"display_phone_number": "+1 555", "verified_name": "Shop", "quality_rating": "GREEN"}
    outcome = META.check_outcome(response(200, node))
    assert outcome == Outcome(OutcomeKind.ACCEPTED, message="+1 555 Shop, quality GREEN")


def test_check_asks_for_the_number() -> None:
    request = META.check_request(account("meta_cloud"))
    node, _, query = request.url.partition("?")
    assert (request.method, node) == ("GET", "https://provider.test/v23.0/106540352242922")
    assert query == "fields=display_phone_number,verified_name,quality_rating"


def error(code: int) -> dict[str, Any]:
    return {
        "error": {
            "message": "(#1) title",
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": "the details"},
        }
    }
