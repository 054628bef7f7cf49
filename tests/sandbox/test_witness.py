import time

from sandbox.behaviour.magic import Behaviour
from sandbox.books.witness import BODIES_KEPT, Provider, Record, Witness
from sandbox.running import running_sandbox
from tests.sandbox.client import ACCOUNT, BOT, Client, text_to


def test_a_message_accepted_twice_is_a_duplicate(client: Client) -> None:
    for our_id in ("a", "b", "b"):
        client.meta(text_to("+919876540002", our_id))
    summary = client.get("summary")
    assert (summary["accepted"], summary["duplicates"]) == (3, 1)
    duplicate = summary["duplicate_messages"][0]
    assert (duplicate["times"], duplicate["our_ids"]) == (2, ["b"])
    assert summary["repeated_recipients"][0]["our_ids"] == ["a", "b"]
    assert client.get("message/b")["times"] == 2


def test_telegram_duplicates_have_the_same_chat_and_text(client: Client) -> None:
    for chat, text in ((42, "a"), (42, "b"), (43, "a"), (42, "a")):
        client.telegram("sendMessage", {"chat_id": chat, "text": text})
    summary = client.get(f"summary?account={BOT}")
    (duplicate,) = summary["duplicate_messages"]
    assert (duplicate["to"], duplicate["times"]) == ("42", 2)


def test_accepted_messages_are_listed_in_pages(client: Client) -> None:
    for number in range(5):
        client.meta(text_to(f"+91987654000{number}", f"id-{number}"))
    first = client.get("accepted?limit=3")
    second = client.get(f"accepted?limit=3&after={first['next']}")
    our_ids = [record["our_id"] for page in (first, second) for record in page["results"]]
    assert our_ids == [f"id-{number}" for number in range(5)]
    assert second["next"] is None


def test_lists_and_totals_start_at_since(client: Client) -> None:
    client.meta(text_to("+919876540001", "before"))
    since = time.time()
    client.meta(text_to("+919876540001", "after"))
    listed = client.get(f"accepted?since={since}&account={ACCOUNT}")["results"]
    assert [record["our_id"] for record in listed] == ["after"]
    assert client.get(f"summary?since={since}")["accepted"] == 1
    assert client.get("accepted?since=2099-01-01T00:00:00Z")["results"] == []


def test_each_account_has_its_fastest_second(client: Client) -> None:
    for number in range(4):
        client.meta(text_to(f"+91987654000{number}"))
    assert client.get("summary")["max_per_second"] == {f"meta:{ACCOUNT}": 4}


def test_reset_forgets_one_account_and_keeps_the_other(client: Client) -> None:
    client.meta(text_to("+919876540001"))
    client.telegram("sendMessage", {"chat_id": 42, "text": "hi"})
    client.control("reset", {"account": ACCOUNT})
    assert client.get("summary")["accepted_by_provider"] == {"telegram": 1}


def test_only_the_newest_requests_are_kept_word_by_word() -> None:
    witness = Witness(limit=2 * BODIES_KEPT)
    for number in range(BODIES_KEPT + 1):
        record = Record(
            provider=Provider.META,
            account=ACCOUNT,
            to="1",
            message_id=str(number),
            our_id="",
            content_hash="",
            behaviour=Behaviour.DELIVERS,
            final=None,
            seq=witness.next_seq(),
            body={"number": number},
        )
        witness.accept(record)

    assert witness.records[0].body is None
    assert [witness.records[1].body, witness.records[-1].body] == [
        {"number": 1},
        {"number": BODIES_KEPT},
    ]


def test_the_oldest_records_are_forgotten_first() -> None:
    with running_sandbox(max_records=2) as running:
        client = Client(running.base_url)
        for our_id in ("a", "b", "c"):
            client.meta(text_to("+919876540001", our_id))
        summary = client.get("summary")
        listed = [record["our_id"] for record in client.get("accepted")["results"]]
    assert (listed, summary["forgotten"]) == (["b", "c"], 1)


def test_an_unknown_message_is_a_404(client: Client) -> None:
    assert client.call("GET", "/_sandbox/message/nothing")[0] == 404
