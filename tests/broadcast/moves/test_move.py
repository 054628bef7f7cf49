"""The statement of a move: which UPDATEs it accepts, and the SQL that it builds from them."""

import pytest

from broadcast.moves.move_sql import Move, move_sql

UPDATE = "UPDATE broadcast_broadcastmessage m SET status = 'FAILED'"


@pytest.mark.parametrize(
    "update",
    [
        "",
        "DELETE FROM broadcast_broadcastmessage m",
        "UPDATE broadcast_broadcast m SET status = 'FAILED'",
        "UPDATE broadcast_broadcastmessage SET status = 'FAILED'",
        "UPDATE broadcast_broadcastmessage me SET status = 'FAILED'",
        f"WITH old AS (SELECT) {UPDATE}",
        f"-- {UPDATE}",
    ],
)
def test_a_move_that_does_not_update_the_messages_is_refused(update: str) -> None:
    with pytest.raises(ValueError, match="UPDATE broadcast_broadcastmessage m"):
        Move(update=update)


@pytest.mark.parametrize("before", ["", "\n   ", "-- Why.\n", "\n-- Why.\n    -- And how.\n\n"])
def test_comments_and_whitespace_may_stand_before_the_update(before: str) -> None:
    assert Move(update=before + UPDATE).update == before + UPDATE


def test_the_ctes_of_a_move_stand_before_its_update() -> None:
    sql = Move(ctes="late AS (SELECT)", update=UPDATE).sql("counted AS (SELECT)")
    assert sql.startswith(f"WITH late AS (SELECT), moved AS ({UPDATE}")
    assert sql.endswith("counted AS (SELECT)")


def test_a_move_without_ctes_begins_with_its_update() -> None:
    assert Move(update=UPDATE).sql("").startswith(f"WITH moved AS ({UPDATE}")


def test_a_moves_statement_is_built_once() -> None:
    assert move_sql(Move(update=UPDATE)) is move_sql(Move(update=UPDATE))
