"""What a top-up asks for."""

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
