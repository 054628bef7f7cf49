"""Messages that consist of a word for stop or start, in many languages."""

import pytest

from contacts.opting.words import Wish, wish_of


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
        "STOP \u270b\ufe0f",
        "\u202bSTOP\u202c",
        "S\u200bTOP",
        "\u0130PTAL",
        "\u0930\u094b\u0915\u0947\u0902",
        "\u092c\u0902\u0926",
        "\u0e2b\u0e22\u0e38\u0e14",
        "\u0625\u0650\u064a\u0642\u0627\u0641",
    ],
)
def test_words_that_opt_out(text: str) -> None:
    assert wish_of(text) is Wish.OPT_OUT


@pytest.mark.parametrize("text", ["\u092c\u093e\u0926", "\u0936\u0947\u0930", "\u0e2b\u0e22\u0e14"])
def test_a_word_with_other_vowels_is_another(text: str) -> None:
    """Hindi "later" and "lion", and Thai "drop", have the consonants of "stop" and "start"."""
    assert wish_of(text) is None


@pytest.mark.parametrize("text", ["START", "Unstop", "/start", "Anmelden", "开始"])
def test_words_that_opt_in(text: str) -> None:
    assert wish_of(text) is Wish.OPT_IN


@pytest.mark.parametrize("text", ["", "Please stop by", "When do you start?", "🙂", "STOP " * 20])
def test_other_texts_are_messages(text: str) -> None:
    assert wish_of(text) is None


def test_a_tenants_own_word_comes_first() -> None:
    assert wish_of("Genug!", also_out=["genug"]) is Wish.OPT_OUT
    assert wish_of("stop", also_in=["STOP"]) is Wish.OPT_IN
