"""Every field of a broadcast is content or is named here, and every list of content is complete.

A new field that is forgotten in a list would be lost in a retry, a fallback or an estimate.
"""

import pytest

from broadcast.api.content_serializers import CONTENT_FIELDS as API_FIELDS
from broadcast.followup.children import COPIED_FIELDS
from broadcast.followup.fallback import FIXED_FIELDS, RUNG_FIELDS
from broadcast.models import Broadcast
from broadcast.planning.estimating import HASHED_FIELDS

FIELDS = {field.name for field in Broadcast._meta.concrete_fields}
CONTENT_FIELDS = set(Broadcast.CONTENT_FIELDS)

NOT_CONTENT = {
    "identity": {"id", "tenant", "name", "reference", "kind", "parent"},
    "content_in_other_forms": {"template", "default_params", "fallback", "fallback_step"},
    "options": {"track_urls", "unknown_policy", "send_window", "expires_at"},
    # A retry has none of its own: the original counts all of its retries.
    "options_of_the_original": {"frequency_cap_retries"},
    "audience": {"audience", "duplicates_removed"},
    "status": {"status", "status_reason", "pause_reason", "hold_revision", "estimate_hash"},
    "approval": {"approved_by", "approved_at", "approved_recipients", "edited_by", "authors"},
    "times": {
        "scheduled_at",
        "planning_at",
        "planned_at",
        "queued_at",
        "started_at",
        "paused_at",
        "resumed_at",
        "finished_at",
        "cancelled_at",
        "created_at",
        "updated_at",
    },
    "creator": {"created_by"},
}
OTHERS = set().union(*NOT_CONTENT.values())


def test_every_field_is_content_or_is_named_as_something_else() -> None:
    assert FIELDS - CONTENT_FIELDS == OTHERS


def test_no_field_is_both_content_and_something_else() -> None:
    assert CONTENT_FIELDS.isdisjoint(OTHERS)


@pytest.mark.parametrize(
    "names", [Broadcast.CONTENT_FIELDS, COPIED_FIELDS, RUNG_FIELDS, HASHED_FIELDS, CONTENT_FIELDS]
)
def test_a_list_of_content_holds_fields_of_the_model_each_once(names: tuple[str, ...]) -> None:
    assert set(names) <= FIELDS
    assert len(set(names)) == len(names)


def test_a_retry_copies_all_content_and_the_options() -> None:
    added = {"template", "approved_by", "approved_at"}
    assert set(COPIED_FIELDS) == CONTENT_FIELDS | NOT_CONTENT["options"] | added


def test_a_rung_overrides_all_content_but_what_the_ladder_fixes() -> None:
    assert FIXED_FIELDS <= CONTENT_FIELDS
    assert set(RUNG_FIELDS) == CONTENT_FIELDS - FIXED_FIELDS


def test_an_estimate_depends_on_all_content_and_on_whether_links_are_tracked() -> None:
    assert set(HASHED_FIELDS) == CONTENT_FIELDS | {"track_urls"}


def test_the_api_takes_all_content_and_the_ladder() -> None:
    assert set(API_FIELDS) == CONTENT_FIELDS | {"fallback"}
