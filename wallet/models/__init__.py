from wallet.models.rate import Rate
from wallet.models.top_up import ReceivedPayment, TopUp, TopUpStatus
from wallet.models.wallet import EntryKind, Hold, LedgerEntry, Wallet

__all__ = (
    "EntryKind",
    "Hold",
    "LedgerEntry",
    "Rate",
    "ReceivedPayment",
    "TopUp",
    "TopUpStatus",
    "Wallet",
)
