"""The words with which recipients opt out or back in, and the words that may stand beside them.

Carriers recognise the English words (CTIA's list: STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT,
OPTOUT, REVOKE; START, UNSTOP, RESUME). The other words are for recipients who do not read English.
"""

import unicodedata

ACCENTS = frozenset({*range(10, 37), *range(200, 241)})
"""Unicode combining classes of Hebrew, Arabic and Syriac points, and of marks above and below."""


def plain(text: str) -> str:
    """The text without case, width, punctuation and spaces: “ Opt-Out! ” becomes “optout”."""
    # Composed again: Korean syllables would otherwise depend on the writer's keyboard.
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


def unaccented(word: str) -> str:
    """A Latin or Greek word as people write it without accents: “desinscription”, “διαγραφη”."""
    if not unicodedata.name(word[:1] or " ").startswith(("LATIN", "GREEK")):
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _words(text: str) -> frozenset[str]:
    """The words of a text; an underscore joins what people write as several words."""
    words = frozenset(map(plain, text.split()))
    return words | (frozenset(map(unaccented, words)) - NAMES)


NAMES = frozenset({"huy", "dung"})
"""First names that Vietnamese words would be without their accents."""


CLEAR = _words(
    """
    stop stopall unsubscribe unsub optout stoppen
    stopp abmelden abbestellen austragen abmeldung
    newsletter_abmelden abmelden_newsletter newsletter_abbestellen
    arrêt arrêter arrêtez stoppez désabonner désinscrire désabonnement désinscription
    désabonnez-moi me_désabonner
    desuscribir desuscribirme baixa darme_de_baja darse_de_baja dar_de_baja cancelar_suscripción
    descadastrar descadastre sair_da_lista cancelar_inscrição
    disiscrivimi cancellami disiscriviti disiscrivi annulla_iscrizione
    afmelden uitschrijven
    avregistrera afmeld frameld framelding avmeld meld_meg_av stoppa lopeta
    wypisz wypisz_mnie rezygnuję rezygnacja
    odhlásit odhlásit_se odhlásiť odhlásiť_sa leiratkozás leiratkozom dezabonare dezabonează-mă
    odjava odjavi odjavi_me
    abonelikten_çık ret_yaz durdur
    стоп отписаться отписка відписатися відписка отпиши отпишись
    отпишите_меня отпиши_меня відпишіть_мене
    στοπ διαγραφή διακοπή
    توقف إيقاف ايقاف أوقف إلغاء_الاشتراك الغاء_الاشتراك لغو_۱۱ لغو_11 لغو_اشتراک
    עצור הסר הסרה להסיר הסירו_אותי הסר_אותי
    रोकें रुकें रोको stop_करो நிறுத்து நிறுத்துங்கள் ఆపండి
    berhenti_langganan
    hủy huỷ hủy_đăng_ký huỷ_đăng_ký huy_dang_ky
    หยุด
    停止 退订 退訂 取消订阅 取消訂閱 拒收 配信停止 配信停止希望 登録解除 중지 수신거부
    """
)
"""Words that hardly mean anything else in a reply to a message."""
AMBIGUOUS = _words(
    """
    cancel end quit revoke remove
    kündigen
    baja alto parar cancelar detener
    pare sair remover
    ferma basta cancella
    avsluta poistu
    zrušit zrušiť
    iptal iptal_et dur ret çıkış
    отмена отказ скасувати
    الغاء إلغاء لغو قف بند
    बंद बंद_करें बंद_करो বন্ধ বন্ধ_করুন بند_کریں থামুন ఆపు
    berhenti keluar batal batalkan
    dừng dừng_lại
    ยกเลิก
    取消 td 解除 그만 거부
    """
)
"""Words that opt out on their own, but often stand in other messages: “cancel my appointment”."""
OPT_OUT = CLEAR | AMBIGUOUS
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
MARKETING_OUT = frozenset(
    map(
        plain,
        (
            *("Stop promotions", "إيقاف عمليات الترويج", "Detener promociones", "Parar promoções"),
            *("Parar promocoes", "Interrompi promozioni", "Arrêter les promotions"),
            *("Stopper les promotions", "Werbung stoppen", "Werbeaktionen stoppen"),
            *("Остановить рекламу", "Hentikan promosi", "Promoties stoppen"),
        ),
    )
)
"""Texts of the opt-out button that WhatsApp Manager adds to marketing templates, in the template's
language. A press arrives as a plain reply with this text."""
OBJECTS = _words(
    """
    sms pub publicité text texts message messages messaggi mensajes mensagens nachrichten
    newsletter au al
    """
)
"""Words that say what a clear word before them ends: “STOP SMS”, “stop pub”, and with a short code
as in France “STOP au 36180”."""
AFFIRMATIONS = _words("ok okay yes ja sí si oui sim да")
"""With an ambiguous word they answer a question: “Yes, cancel” is about an appointment."""
COURTESY = _words(
    """
    please pls plz kindly thanks thank you thankyou thx ty cheers hi hello hey dear ok okay yes now
    immediately all me
    bitte danke dankeschön sofort jetzt hallo ja nein alle
    merci svp stp s'il s’il vous te plaît plait bonjour maintenant
    por favor gracias hola ahora obrigado obrigada agora olá
    per favore grazie ciao subito adesso
    alstublieft alsjeblieft aub dank je u wel nu
    tack snälla tak venligst takk kiitos
    proszę prosze dziękuję dziekuje prosím prosim děkuji dekuji ďakujem děkuju
    kérem köszönöm rog mulțumesc multumesc molim hvala
    lütfen lutfen teşekkürler tesekkurler
    пожалуйста спасибо будь ласка дякую моля благодаря
    παρακαλώ ευχαριστώ
    من فضلك لو سمحت رجاء رجاءً شكرا شكراً لطفا
    בבקשה תודה
    कृपया धन्यवाद
    tolong mohon terima kasih
    xin làm ơn cảm vui lòng
    กรุณา ขอบคุณ ครับ ค่ะ
    请 請 谢谢 謝謝 お願いします ください 부탁합니다 주세요 감사합니다
    """
)
"""Words that change nothing beside a word that opts out or in."""
UNSPACED_BEFORE = tuple(map(plain, ("请", "請", "麻烦", "麻煩", "กรุณา", "ช่วย")))
UNSPACED_AFTER = tuple(
    map(
        plain,
        (
            *("谢谢", "謝謝", "してください", "して下さい", "をお願いします", "お願いします"),
            *("해주세요", "해 주세요", "부탁합니다", "부탁드립니다", "ครับ", "ค่ะ", "ด้วย"),
        ),
    )
)
"""Courtesies of scripts that put no space between words."""
PHRASES = (
    *("remove me", "take me off", "delete my number", "lose my number", "leave me alone"),
    *("no more messages", "no more texts", "no more sms", "opt me out", "opt out", "opting out"),
    *("don't text", "do not text", "don't message", "do not message", "don't contact"),
    *("do not contact", "don't write", "do not write", "not interested"),
    *("keine nachrichten", "keine sms", "keine werbung", "nicht mehr schreiben", "kein interesse"),
    *("lass mich in ruhe", "lassen sie mich in ruhe", "löschen sie meine", "aufhören"),
    *("plus de messages", "plus de sms", "ne m'écrivez plus", "pas intéressé", "laissez-moi"),
    *("no me escriban", "no más mensajes", "no quiero recibir", "déjenme en paz", "no me interesa"),
    *("não quero receber", "nao quero receber", "me tire da lista", "não me mande"),
    *("non scrivetemi", "non voglio ricevere", "non mi interessa", "geen berichten"),
    *("не пишите", "не присылайте", "удалите мой", "не цікавить", "не надсилайте"),
    *("istemiyorum", "nie pisz", "nie chcę", "jangan kirim", "别再发", "別再發", "不要再发"),
    *("不要再發", "送らないで", "보내지 마", "لا ترسل", "لا تراسل", "मत भेज", "🛑", "⛔"),
)
"""Phrases with which people ask for an end without a word of the lists."""
STEMS = tuple(
    map(
        plain,
        (
            *("stopp", "unsubscri", "abmeld", "abbestell", "désabonn", "désinscri", "desuscri"),
            *("descadastr", "disiscri", "uitschrij", "afmeld", "отпис", "відпис", "leiratkoz"),
            *("dezabon", "odhlás", "wypis", "διαγραφ", "rezygn", "desabonn"),
        ),
    )
)
"""Beginnings of words that people inflect, for example “unsubscribed”."""
