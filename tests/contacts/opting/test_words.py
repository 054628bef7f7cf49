"""Messages that consist of a word for stop or start, in many languages."""

import pytest

from contacts.opting.words import Wish, is_about_marketing, is_near_miss, wish_of


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
        "STOP " * 20,
        "Please STOP",
        "stop please",
        "Bitte abmelden, danke!",
        "STOP SVP",
        "arrêt s’il vous plaît",
        "请停止",
        "配信停止してください",
        "stop all",
        "Please opt out",
        "unsubscribe me now",
        "/stop\nthanks",
        "/stop@shop_bot",
        "STOP\nAnna Müller",
        "Stop. I have moved to another town.",
        "STOP\u2028Anna",
        "“STOP”",
        "\U0001f6d1 STOP \U0001f64f",
        "S.T.O.P.",
        "STOP\xa0",
        "ARRETER svp",
        "DESINSCRIPTION",
        "ΔΙΑΓΡΑΦΗ",
        "Wypisz mnie",
        "Nein danke, Stop",
        "отпишите меня",
        "الغاء الاشتراك",
        "لغو۱۱",
        "取消订阅",
        "STOP SMS",
        "stop pub svp",
        "STOP au 36180",
        "huỷ",
        "Cancelar suscripción",
        "Abonelikten çık",
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


@pytest.mark.parametrize("text", ["Thanks, Huy", "Peru", "to stop", "stop 5", "SMS", "36180"])
def test_names_objects_and_numbers_opt_nobody_out(text: str) -> None:
    assert wish_of(text) is None


@pytest.mark.parametrize("text", ["", "Please stop by", "When do you start?", "🙂"])
def test_other_texts_are_messages(text: str) -> None:
    assert wish_of(text) is None


def test_a_tenants_own_word_comes_first() -> None:
    assert wish_of("Genug!", also_out=["genug"]) is Wish.OPT_OUT
    assert wish_of("stop", also_in=["STOP"]) is Wish.OPT_IN


SIGNATURES = (
    "Sent from my iPhone",
    "Sent from Outlook for Android",
    "Get Outlook for iOS",
    "Gesendet von meinem iPhone",
    "Von meinem Samsung Galaxy Smartphone gesendet.",
    "Diese Nachricht wurde von meinem Android-Gerät mit GMX Mail gesendet.",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Wysłane z iPhone'a",
    "Odesláno z iPhonu",
    "Отправлено с iPhone",
    "iPhone’umdan gönderildi",
    "iPhoneから送信",
    "从我的iPhone发送",
    "나의 iPhone에서 보냄",
    "-- \nAnna Müller\nSales, +49 170 1234567",
    "> On Monday, Shop wrote:\n> Cancel whenever you like",
)


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("word", ["STOP", "Cancel", "Please stop"])
def test_a_signature_is_not_a_part_of_the_message(word: str, signature: str) -> None:
    assert wish_of(f"{word}\r\n\r\n{signature}") is Wish.OPT_OUT


def test_a_signature_on_the_same_line_is_not_a_part_either() -> None:
    assert wish_of("STOP Sent from my iPhone") is Wish.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "We have got to STOP this bill",
        "please stop texting me",
        "this has got to stop",
        "don't stop",
        "Stop by at five",
        "stop texting me",
        "Cancel my appointment",
        "Yes, cancel",
        "Ja, kündigen",
        "Stop the SMS to my mother",
        "Cancel\nmy appointment on Monday",
        "Remove me from this list",
        "Don’t text me again",
        "I unsubscribed weeks ago",
        "Bitte keine Werbung mehr",
        "Ich habe mich doch abgemeldet, stopp das",
        "не пишите мне",
        "\U0001f6d1",
    ],
)
def test_what_may_ask_for_an_end_is_a_near_miss_only(text: str) -> None:
    assert wish_of(text) is None
    assert is_near_miss(text)


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "Stop promotions",
        "START",
        "",
        "When do you open?",
        "See you at the end of the week then",
        "No puedo cancelar la cita de mañana, gracias",
        "Thanks!",
    ],
)
def test_words_and_other_messages_are_no_near_miss(text: str) -> None:
    assert not is_near_miss(text)


def test_a_tenants_own_word_counts_like_the_listed_ones() -> None:
    assert wish_of("bitte genug\n\nGesendet von meinem iPhone", also_out=["Genug!"])
    assert wish_of("Genug. Danke für alles.", also_out=["Genug!"]) is Wish.OPT_OUT
    assert is_near_miss("Genug davon, wirklich", also_out=["Genug!"])
    assert wish_of("keine Werbung", also_out=["Keine Werbung"]) is Wish.OPT_OUT


def test_an_opt_in_is_the_whole_message() -> None:
    assert wish_of("Start, please\nSent from my iPhone") is Wish.OPT_IN
    assert wish_of("Start. When does it begin?") is None


def test_the_marketing_button_is_not_every_stop() -> None:
    assert is_about_marketing("Stop promotions")
    assert not is_about_marketing("STOP")
