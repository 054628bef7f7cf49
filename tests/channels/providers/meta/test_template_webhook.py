"""Meta's calls about templates: status, quality, category."""

from datetime import UTC, datetime
from functools import partial

import pytest

from channels.port.events import TemplateChange
from channels.providers.meta.webhook import MetaWebhook
from tests.channels.providers.meta.template_calls import call

parse = partial(MetaWebhook().parse, received_at=datetime(2026, 1, 1, tzinfo=UTC))
COMMON = {
    "message_template_id": 123,
    "message_template_name": "sale",
    "message_template_language": "pt-BR",
}


@pytest.mark.parametrize(
    "event",
    ["APPROVED", "REJECTED", "PAUSED", "FLAGGED", "REINSTATED", "ARCHIVED", "UNARCHIVED"],
)
def test_an_event_is_read(event: str) -> None:
    body = call("message_template_status_update", **COMMON, event=event, reason="NONE")

    (change,) = parse(body)

    assert isinstance(change, TemplateChange)
    assert (change.status, change.reason, change.language) == (event, "", "pt_BR")
    assert change.at == datetime.fromtimestamp(1751247548, tz=UTC)


@pytest.mark.parametrize(
    ("field", "value", "note"),
    [
        ("message_template_status_update", {"event": "FROZEN"}, "template: FROZEN"),
        (
            "message_template_quality_update",
            {"new_quality_score": "PURPLE"},
            "template: quality PURPLE",
        ),
        ("template_category_update", {"new_category": "NEWS"}, "template: category NEWS"),
    ],
)
def test_a_word_that_nobody_knows_is_named(field: str, value: dict[str, str], note: str) -> None:
    (event,) = parse(call(field, **COMMON, **value))
    assert str(event) == note


def test_a_reason_comes_with_its_explanation() -> None:
    info = {"reason": "Parameters cannot be next to each other."}
    body = call(
        "message_template_status_update",
        **COMMON,
        event="REJECTED",
        reason="INVALID_FORMAT",
        rejection_info=info,
    )

    (change,) = parse(body)

    assert isinstance(change, TemplateChange)
    assert change.reason == "INVALID_FORMAT: Parameters cannot be next to each other."


def test_quality_and_category_are_read_and_a_warning_changes_nothing() -> None:
    quality = call("message_template_quality_update", **COMMON, new_quality_score="RED")
    done = call("template_category_update", **COMMON, new_category="MARKETING")
    to_come = call(
        "template_category_update", **COMMON, new_category="UTILITY", correct_category="MARKETING"
    )

    changes = [*parse(quality), *parse(done)]
    values = [
        (change.quality, change.category)
        for change in changes
        if isinstance(change, TemplateChange)
    ]
    assert values == [("RED", ""), ("", "MARKETING")]
    assert parse(to_come) == []


def test_a_call_that_names_no_template_is_not_as_documented() -> None:
    with pytest.raises(ValueError, match="documents"):
        parse(call("message_template_status_update", event="APPROVED"))


def test_a_template_is_found_by_its_id_alone() -> None:
    (change,) = parse(
        call(
            "message_template_status_update", event="PAUSED", message_template_id=7, other_info="x"
        )
    )
    assert isinstance(change, TemplateChange)
    assert (change.provider_template_id, change.status) == ("7", "PAUSED")
