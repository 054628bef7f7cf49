"""Words with which a recipient opts out or back in. A word must be the whole message.

Carriers recognise the English words (CTIA's list: STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT,
OPTOUT, REVOKE; START, UNSTOP, RESUME). The other words are for recipients who do not read English.
A tenant may add its own words.
"""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum

LONGEST = 40
"""Characters; a longer message is never taken for a word."""
ACCENTS = frozenset({*range(10, 37), *range(200, 241)})
"""Unicode combining classes of Hebrew, Arabic and Syriac points, and of marks above and below."""


class Wish(StrEnum):
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


def wish_of(text: str, *, also_out: Iterable[str] = (), also_in: Iterable[str] = ()) -> Wish | None:
    """The wish of a message that equals a word; a tenant's own words (`also_…`) go first."""
    word = plain(text)
    if not word:
        return None
    if word in map(plain, also_out):
        return Wish.OPT_OUT
    if word in map(plain, also_in):
        return Wish.OPT_IN
    if word in OPT_OUT or word in MARKETING_OUT:
        return Wish.OPT_OUT
    return Wish.OPT_IN if word in OPT_IN else None


def is_about_marketing(text: str) -> bool:
    """True for an opt-out from marketing only: the text of WhatsApp's own button."""
    return plain(text) in MARKETING_OUT


def plain(text: str) -> str:
    """The message without case, width, punctuation and spaces: “ Opt-Out! ” becomes “optout”."""
    if len(text) > LONGEST:
        return ""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(_is_written, folded))


def _is_written(character: str) -> bool:
    """True for letters, digits, and vowels that Hindi, Thai and others write as marks.

    Without these vowels, “later” and “stop” would be the same word. False for accents, for points
    that Arabic and Hebrew may leave out, and for marks that turn a character into an emoji.
    """
    if not unicodedata.category(character).startswith("M"):
        return character.isalnum()
    is_picture = unicodedata.category(character) == "Me" or "\ufe00" <= character <= "\ufe0f"
    return not is_picture and unicodedata.combining(character) not in ACCENTS


def _words(text: str) -> frozenset[str]:
    return frozenset(map(plain, text.split()))


OPT_OUT = _words(
    """
    stop stopall unsubscribe cancel end quit optout revoke stoppen
    stopp abmelden abbestellen austragen
    arret arrêt desabonner désabonner desinscrire désinscrire
    baja alto parar cancelar detener
    pare sair descadastrar remover
    ferma basta disiscrivimi cancellami
    afmelden uitschrijven
    avsluta avregistrera afmeld framelding
    wypisz rezygnuje rezygnuję
    odhlasit odhlásit leiratkozas leiratkozás dezabonare
    iptal dur ret
    стоп отписаться отписка відписатися
    στοπ διαγραφή
    توقف إيقاف ايقاف الغاء إلغاء
    הסר עצור
    रोकें रुकें बंद
    berhenti keluar
    hủy dừng
    หยุด ยกเลิก
    停止 退订 退訂 取消 配信停止 중지 수신거부
    """
)
OPT_IN = _words(
    """
    start unstop resume subscribe optin
    anmelden starten
    reprendre abonner
    alta iniciar empezar
    inizia iscrivimi
    aanmelden
    börja tilmeld
    zapisz
    başla
    старт подписаться
    ابدأ اشتراك
    शुरू
    mulai
    เริ่ม
    开始 订阅 訂閱 開始 시작
    """
)
MARKETING_OUT = frozenset(map(plain, ("Stop promotions", "إيقاف عمليات الترويج")))
"""Texts of the opt-out button that WhatsApp Manager adds to marketing templates. A press arrives as
a plain reply with this text."""
