"""Whole messages that ask to stop or to start, in many languages."""

import pytest

from contacts.opt_words import Wish, wish_of


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        " stop. ",
        "Stop!",
        "Opt-Out",
        "opt out",
        "/stop",
        "Abmelden",
        "ARRÊT",
        "стоп",
        "退订",
        "\uff33\uff34\uff2f\uff30",
    ],
)
def test_these_opt_out(text: str) -> None:
    assert wish_of(text) is Wish.OPT_OUT


@pytest.mark.parametrize("text", ["START", "Unstop", "/start", "Anmelden", "开始"])
def test_these_opt_in(text: str) -> None:
    assert wish_of(text) is Wish.OPT_IN


@pytest.mark.parametrize("text", ["", "Please stop by", "When do you start?", "🙂", "STOP " * 20])
def test_these_are_messages(text: str) -> None:
    assert wish_of(text) is None


def test_a_tenants_own_word_goes_first() -> None:
    assert wish_of("Genug!", also_out=["genug"]) is Wish.OPT_OUT
    assert wish_of("stop", also_in=["STOP"]) is Wish.OPT_IN
