import time
from typing import Any

import pytest

from tests.sandbox.client import ACCOUNT, BOT, Client, template_to, text_to

PHONE = "+919876540001"


def fault(client: Client, **faults: Any) -> None:
    client.control("accounts", {"provider": "meta", "account": ACCOUNT, **faults})


def code_of(client: Client, body: Any) -> int:
    return int(client.meta(body)[1].get("error", {}).get("code", 0))


def test_latency_holds_the_answer(client: Client) -> None:
    fault(client, latency=0.3)
    start = time.monotonic()
    client.meta(text_to(PHONE))
    assert time.monotonic() - start >= 0.3


def test_a_rate_limit_refuses_what_is_over_it(client: Client) -> None:
    fault(client, rate_limit=2)
    assert [code_of(client, text_to(PHONE)) for _ in range(3)] == [0, 0, 130429]


def test_a_storm_refuses_everything_until_it_is_over(client: Client) -> None:
    fault(client, storm_seconds=30)
    status, _, headers = client.meta(text_to(PHONE))
    assert (status, headers["Retry-After"]) == (429, "30")
    fault(client, storm_seconds=0)
    assert code_of(client, text_to(PHONE)) == 0


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ({"failure_share": 1}, 131016),
        ({"failure_share": 1, "failure": "unreachable"}, 131026),
        ({"token_revoked": True}, 190),
        ({"token": "another"}, 190),
        ({"paused_templates": ["summer_sale"]}, 132015),
        ({"paused_templates": ["*"]}, 132015),
        ({"paused_templates": ["winter_sale"]}, 0),
    ],
)
def test_account_faults(client: Client, faults: dict[str, Any], code: int) -> None:
    fault(client, **faults)
    assert code_of(client, template_to(PHONE)) == code
    assert client.get("summary")["accepted"] == (code == 0)


def test_the_next_answers_are_5xx_though_accepted(client: Client) -> None:
    fault(client, accept_then_error=2)
    assert [client.meta(text_to(PHONE))[0] for _ in range(3)] == [500, 500, 200]
    assert client.get("summary")["accepted"] == 3


def test_a_star_stands_for_every_account(client: Client) -> None:
    client.control("accounts", {"provider": "telegram", "account": "*", "token_revoked": True})
    assert client.telegram("getMe")[0] == 401
    client.control("accounts", {"provider": "telegram", "account": BOT})
    assert client.telegram("getMe")[0] == 200


@pytest.mark.parametrize("wrong", [{"colour": 1}, {"failure_share": 2}, {"latency": "long"}])
def test_wrong_faults_are_refused(client: Client, wrong: dict[str, Any]) -> None:
    body = {"provider": "meta", "account": ACCOUNT, **wrong}
    assert client.call("POST", "/_sandbox/accounts", body)[0] == 400
    assert client.get("accounts")["results"] == []
