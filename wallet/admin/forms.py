"""Forms of the wallet's admin actions: top-up, adjustment, credit line."""

from uuid import uuid4

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget


class TopUpForm(forms.Form):
    """The empty form carries a new `reference`, so submitting it twice adds credits once."""

    amount = forms.DecimalField(
        max_digits=14, decimal_places=6, widget=UnfoldAdminDecimalFieldWidget
    )
    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    reference = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)


class AdjustmentForm(TopUpForm):
    amount = forms.DecimalField(
        max_digits=14,
        decimal_places=6,
        help_text="A negative amount takes credits away.",
        widget=UnfoldAdminDecimalFieldWidget,
    )


class CreditLineForm(forms.Form):
    amount = forms.DecimalField(
        max_digits=14,
        decimal_places=6,
        min_value=0,
        help_text="How far the balance minus the held amount may fall below zero.",
        widget=UnfoldAdminDecimalFieldWidget,
    )
    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
