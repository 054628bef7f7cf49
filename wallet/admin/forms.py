"""What a top-up, an adjustment and a credit line ask for."""

from uuid import uuid4

from django import forms
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget


class TopUpForm(forms.Form):
    """`reference` is made with the empty form, so that a form sent twice adds credits once."""

    amount = forms.DecimalField(
        max_digits=14, decimal_places=6, widget=UnfoldAdminDecimalFieldWidget
    )
    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    reference = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)


class AdjustmentForm(TopUpForm):
    amount = forms.DecimalField(
        max_digits=14,
        decimal_places=6,
        help_text="Below zero to take credits away.",
        widget=UnfoldAdminDecimalFieldWidget,
    )


class CreditLineForm(forms.Form):
    amount = forms.DecimalField(
        max_digits=14,
        decimal_places=6,
        min_value=0,
        help_text="How far the balance, less what is held, may fall below zero.",
        widget=UnfoldAdminDecimalFieldWidget,
    )
    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
