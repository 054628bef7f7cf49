"""Routes of the wallet app."""

from api.routing import optional_slash
from wallet.payment_webhook import PaymentWebhookView
from wallet.payments import PROVIDERS
from wallet.statement_views import StatementView
from wallet.views import LedgerEntryListView, TopUpListView, WalletView

urlpatterns = [
    optional_slash("wallet", WalletView.as_view(), name="wallet"),
    optional_slash("wallet/entries", LedgerEntryListView.as_view(), name="wallet-entries"),
    optional_slash("wallet/statement", StatementView.as_view(), name="wallet-statement"),
    optional_slash("wallet/top-ups", TopUpListView.as_view(), name="wallet-top-ups"),
    optional_slash(
        rf"webhooks/(?P<provider>{'|'.join(PROVIDERS)})",
        PaymentWebhookView.as_view(),
        name="payment-webhook",
    ),
]
