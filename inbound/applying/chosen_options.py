"""Does a chosen option opt out? A button or a list's row means what the tenant says.

An option opts out if it is WhatsApp's own "Stop promotions" button, or if the tenant marked it: its
value (the payload, else the title) is one of OUT or of the tenant's own opt-out words, alone. A
button "Cancel" with the value `appt-77-cancel` cancels an appointment.
"""

from collections.abc import Iterable

from channels.port.events import Reply
from contacts.opting.vocabulary import CLEAR, plain
from contacts.opting.words import Wish, is_about_marketing


def wish_of_option(reply: Reply, *, also_out: Iterable[str], also_in: Iterable[str]) -> Wish | None:
    """The wish of a chosen option; `also_…` are the tenant's own words.

    Providers send the title as the value of an option that has no value of its own.
    """
    if is_about_marketing(reply.text):
        return Wish.OPT_OUT
    value = plain(reply.payload or reply.text)
    if not value:
        return None
    if value in OUT or value in map(plain, also_out):
        return Wish.OPT_OUT
    if value in IN or value in map(plain, also_in):
        return Wish.OPT_IN
    return None


OUT = (CLEAR | frozenset(map(plain, ("stop_promotions", "baja", "berhenti")))) - {
    *map(plain, ("hủy", "huỷ"))
}
"""Words that mean an opt-out on any button. Left out: cancel, end, quit and their translations,
which tenants put on buttons about orders, tours and appointments."""
IN = frozenset(map(plain, ("unstop", "subscribe", "opt_in", "anmelden")))
