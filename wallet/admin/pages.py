"""Admin pages of the wallet app. Operators move credits here, always through the ledger."""

from collections.abc import Callable

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from backoffice.ask import ask
from backoffice.pages import LargeTable, NarrowFilter, ReadOnlyAdmin, Undeletable, detail_action
from wallet.admin.forms import AdjustmentForm, CreditLineForm, TopUpForm
from wallet.ledger import ledger
from wallet.models import EntryKind, Hold, LedgerEntry, Rate, ReceivedPayment, TopUp, Wallet


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = (
        "tenant",
        "balance",
        "held",
        "available",
        "credit_line",
        "currency",
        "is_active",
    )
    list_filter = ("is_active", "currency")
    list_select_related = ("tenant",)
    search_fields = ("tenant__name", "tenant__slug")
    ordering = ("tenant__name",)
    readonly_fields = ("available",)
    actions_detail = ("top_up", "adjust", "set_credit_line")

    @admin.display(description="available")
    def available(self, wallet: Wallet) -> str:
        return f"{wallet.available:f}"

    @detail_action(description="Top up", url_path="top-up")
    def top_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._move(
            request,
            object_id,
            title="Top up",
            done="Topped up.",
            form_class=TopUpForm,
            move=ledger.top_up,
            reference_prefix="top-up",
        )

    @detail_action(description="Adjust", url_path="adjust")
    def adjust(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._move(
            request,
            object_id,
            title="Adjust the balance",
            done="Adjusted.",
            form_class=AdjustmentForm,
            move=ledger.adjust,
            reference_prefix="adjustment",
        )

    def _move(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        title: str,
        done: str,
        form_class: type[TopUpForm],
        move: Callable[..., LedgerEntry],
        reference_prefix: str,
    ) -> HttpResponse:
        """Ask for an amount and a reason, then book them by `move`, a function of the ledger."""
        wallet = get_object_or_404(Wallet.objects.select_related("tenant"), pk=object_id)

        def act(form: TopUpForm) -> LedgerEntry:
            return move(
                tenant=wallet.tenant,
                amount=form.cleaned_data["amount"],
                reference=f"{reference_prefix}:{form.cleaned_data['reference']}",
                actor=str(request.user.pk),
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )

        form = form_class(request.POST if request.method == "POST" else None)
        return ask(
            page=self, request=request, obj=wallet, title=title, done=done, form=form, act=act
        )

    @detail_action(description="Set credit line", url_path="credit-line")
    def set_credit_line(self, request: HttpRequest, object_id: str) -> HttpResponse:
        wallet = get_object_or_404(Wallet.objects.select_related("tenant"), pk=object_id)

        def act(form: CreditLineForm) -> object:
            return ledger.set_credit_line(tenant=wallet.tenant, amount=form.cleaned_data["amount"])

        def done(form: CreditLineForm) -> str:
            amount, reason = form.cleaned_data["amount"], form.cleaned_data["reason"]
            return f"Credit line set to {amount:.6f}: {reason}"

        # A credit line has no ledger entry: the admin history records who changed it, and why.
        with transaction.atomic():
            return ask(
                page=self,
                request=request,
                obj=wallet,
                title="Set credit line",
                done=done,
                form=CreditLineForm(
                    request.POST if request.method == "POST" else None,
                    initial={"amount": wallet.credit_line},
                ),
                act=act,
            )


@admin.register(Hold)
class HoldAdmin(LargeTable):
    list_display = (
        "reference",
        "revision",
        "tenant",
        "amount",
        "captured",
        "released",
        "created_at",
    )
    list_filter = (("wallet", AutocompleteSelectFilter),)
    list_select_related = ("wallet__tenant",)
    text_keys = ("reference",)

    def tenant(self, hold: Hold) -> str:
        return hold.wallet.tenant.name


class KindFilter(NarrowFilter):
    title = "kind"
    parameter_name = "kind"
    field = "kind"
    within = "wallet"
    choices_of = EntryKind.choices


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LargeTable):
    list_display = (
        "created_at",
        "tenant",
        "kind",
        "balance_delta",
        "held_delta",
        "balance_after",
        "held_after",
        "subject",
        "reason",
    )
    list_filter = (("wallet", AutocompleteSelectFilter), KindFilter)
    list_select_related = ("wallet__tenant",)
    # No `text_keys`: no index has an entry's reference or subject without its wallet.
    id_keys = ("id", "hold_id")

    def tenant(self, entry: LedgerEntry) -> str:
        return entry.wallet.tenant.name


@admin.register(Rate)
class RateAdmin(Undeletable):
    """Operators add rates and end them. The price of an existing rate never changes."""

    list_display = (
        "platform",
        "sender",
        "category",
        "country",
        "calling_code",
        "message_type",
        "price",
        "currency",
        "valid_from",
        "valid_to",
    )
    list_filter = ("platform", "category", ("sender", AutocompleteSelectFilter))
    list_select_related = ("sender",)
    search_fields = ("country", "calling_code")
    autocomplete_fields = ("sender",)
    fixed_fields = (
        "sender",
        "platform",
        "category",
        "country",
        "calling_code",
        "message_type",
        "price",
        "currency",
        "valid_from",
    )


@admin.register(TopUp)
class TopUpAdmin(LargeTable):
    list_display = ("created_at", "wallet", "amount", "currency", "provider", "status", "reason")
    list_filter = (("wallet", AutocompleteSelectFilter),)
    list_select_related = ("wallet__tenant",)


@admin.register(ReceivedPayment)
class ReceivedPaymentAdmin(LargeTable):
    list_display = ("received_at", "provider", "kind", "outcome", "event_id")
    id_keys = ("id", "top_up_id")
