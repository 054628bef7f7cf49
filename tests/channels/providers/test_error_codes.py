"""docs/error-codes.md and the adapters' tables say the same."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import channels
from channels.http.transport import Reason
from channels.providers.error_rules import UNMAPPED, Rule

PAGE = Path(__file__).parents[3] / "docs" / "error-codes.md"

# Made where no table is: by HTTP status, by the way to the provider, by a token that is missing.
ELSEWHERE = {UNMAPPED, "adapter_error", "partly_accepted", "token_expired", "token_unavailable"}
BY_STATUS = {"provider_refused", "provider_redirected", "answer_unreadable"}


def rules_in(value: Any) -> Iterator[Rule]:
    if isinstance(value, Rule):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from rules_in(each)


def codes_of_tables() -> set[str]:
    names = [each.name for each in pkgutil.iter_modules(channels.__path__)]
    modules = [importlib.import_module(f"channels.{name}") for name in names if name in TABLES]
    return {
        rule.code
        for module in modules
        for value in vars(module).values()
        for rule in rules_in(value)
    }


TABLES = frozenset(
    {"google_rbm", "gupshup_errors", "meta_errors", "msg91_errors", "telegram_errors"}
    | {"twilio_errors", "vonage_errors"}
)


def listed() -> set[str]:
    rows = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def test_every_code_is_explained_and_none_is_made_up() -> None:
    made = codes_of_tables() | {reason.value for reason in Reason} | ELSEWHERE | BY_STATUS
    assert listed() - made == set()
    assert made - listed() == set()


def test_every_table_is_looked_at() -> None:
    names = {each.name for each in pkgutil.iter_modules(channels.__path__)}
    assert {name for name in names if name.endswith("_errors")} <= TABLES
