"""Routes of the wallet app."""

from api.routing import optional_slash
from wallet.api.payment_webhook import PaymentWebhookView
from wallet.api.statement_views import StatementView
from wallet.api.views import LedgerEntryListView, TopUpListView, WalletView
from wallet.payments.registry import PROVIDERS

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
