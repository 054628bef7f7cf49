"""Words by which a recipient opts out or back in, as whole messages and in many languages.

Carriers know the English ones (CTIA's list: STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT, OPTOUT,
REVOKE; START, UNSTOP, RESUME); the others are what people write who do not read English. A tenant
may add her own.
"""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum

LONGEST = 40
"""Characters; a longer message is a message, not a word."""
ACCENTS = frozenset({*range(10, 37), *range(200, 241)})
"""Canonical combining classes: points of Hebrew, Arabic and Syriac; marks above and below."""


class Wish(StrEnum):
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


def wish_of(text: str, *, also_out: Iterable[str] = (), also_in: Iterable[str] = ()) -> Wish | None:
    """What a whole message asks for; `also_…` are a tenant's own words, which go first."""
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
    """Whether an opt-out is one from marketing alone, as WhatsApp's button for it says."""
    return plain(text) in MARKETING_OUT


def plain(text: str) -> str:
    """A message without case, width, punctuation and spaces: “ Opt-Out! ” is “optout”."""
    if len(text) > LONGEST:
        return ""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(_is_written, folded))


def _is_written(character: str) -> bool:
    """Letters, digits, and the vowels that Hindi, Thai and others write as marks: without them
    “later” and “stop” are one word. Not accents, nor the points that Arabic and Hebrew may leave
    out, nor what makes a picture of a character.
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
"""What stands on the button that WhatsApp Manager puts under marketing; pressed, it comes back as a
reply and nothing more."""
