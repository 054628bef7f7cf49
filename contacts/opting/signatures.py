"""Which lines of a message did its writer's device add? Signatures, quotes and advertisements."""

import re

_DEVICE = r"(?:iphone|ipad|android|samsung|galaxy|huawei|xiaomi|outlook|yahoo|gmail|blackberry)"
_SENT = "|".join(
    (
        r"(?:sent|written) (?:from|via|with|using) (?:my |the )?\S",
        r"get outlook for ",
        r"(?:diese (?:nachricht|e-mail|mail) wurde )?(?:gesendet|verschickt) (?:von|mit|über|aus) ",
        r"(?:diese (?:nachricht|e-mail|mail) wurde )?von mein\w* .{2,60}? (?:gesendet|verschickt)",
        r"(?:envoyé|envoye)e? (?:de|depuis|à partir|via|avec) ",
        r"(?:enviado|enviada) (?:desde|do|da|de|a partir|via|pelo|con|mediante) ",
        r"inviat[oa] (?:da|dal|dall|con|tramite)\b",
        r"(?:verstuurd|verzonden) (?:vanaf|vanuit|van|met|via) ",
        r"(?:skickat|sendt|lähetetty) (?:från|fra|via|med|ett|\w)",
        r"(?:wysłan[eoya]|wyslan[eoya]) (?:z|ze|przez) ",
        r"(?:odesláno|odoslané|odeslano) (?:z|ze|zo) ",
        r"trimis (?:de pe|din|prin) ",
        r"(?:отправлено|відправлено|надіслано|изпратено) (?:с|со|из|з|від|от|через) ",
        r"(?:εστάλη|στάλθηκε) (?:από|με) ",
        r"(?:dikirim|dihantar) dari ",
        r"(?:được )?gửi từ ",
        r"(?:发自|發自|从我的|從我的)",
        r"ส่งจาก",
        r"נשלח מ",
        r"(?:أ|ا)ُ?رسلت من",
        r"मेरे .{2,30}? से भेजा",
        rf"{_DEVICE}\S*\s?(?:から送信|에서 보냄|에서 보낸|发送|傳送|'?\w+dan gönderildi)",
        r"(?:나의|내) \S+에서 보[낸냄]",
        r"az én \S+ (?:készülékemről|ről) küldve",
    )
)
SIGNATURE = re.compile(rf"(?:^|[\s.,;!-])(?:{_SENT})", re.IGNORECASE)
"""What telephones and mail programs write under a text, alone or on its line."""
DIVIDER = re.compile(r"^\s*(?:--|—|–|_{2,}|-{3,}|={3,})\s*$")
"""A line that begins a signature: “-- ” by RFC 3676, and what people make of it."""
QUOTE = re.compile(r"^\s*(?:>|\|)")
"""A line of the message that was answered."""


def without_signature(text: str) -> str:
    """The writer's own words: nothing after a divider or signature, and no quoted lines."""
    lines = []
    for line in text.splitlines():
        if DIVIDER.match(line):
            break
        if not QUOTE.match(line):
            lines.append(line)
    own = "\n".join(lines)
    signature = SIGNATURE.search(own)
    return own[: signature.start()] if signature else own
