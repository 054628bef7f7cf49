"""Routes of the wallet app."""

from tenants.routing import optional_slash
from wallet.views import LedgerEntryListView, WalletView

urlpatterns = [
    optional_slash("wallet", WalletView.as_view(), name="wallet"),
    optional_slash("wallet/entries", LedgerEntryListView.as_view(), name="wallet-entries"),
]
