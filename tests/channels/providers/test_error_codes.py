"""docs/error-codes.md lists the same codes as the adapters' tables."""

import re

from channels.http.transport import Reason
from channels.providers.error_rules import UNMAPPED
from channels.providers.registry import ADAPTERS
from config.environment import BASE_DIR
from tests.channels.providers.rules import all_rules, provider_modules, rules_of

PAGE = BASE_DIR / "docs" / "error-codes.md"

# Codes that no table holds: for HTTP statuses, failed connections and missing tokens.
ELSEWHERE = {UNMAPPED, "adapter_error", "partly_accepted", "token_expired", "token_unavailable"}
BY_STATUS = {"provider_refused", "provider_redirected", "answer_unreadable"}


def codes_of_tables() -> set[str]:
    return {rule.code for rule in all_rules()}


def listed() -> set[str]:
    rows = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def test_every_code_is_explained_and_none_is_made_up() -> None:
    made = codes_of_tables() | {reason.value for reason in Reason} | ELSEWHERE | BY_STATUS
    assert listed() - made == set()
    assert made - listed() == set()


def test_every_provider_has_a_table_that_is_looked_at() -> None:
    with_rules = {
        module.__name__.split(".")[2] for module in provider_modules() if any(rules_of(module))
    }
    folders = {path.parent.name for path in (BASE_DIR / "channels/providers").glob("*/adapter.py")}
    assert folders - with_rules == set()
    assert len(folders) == len(ADAPTERS)
