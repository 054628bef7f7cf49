"""Forms of the actions that operators run on one broadcast."""

from django import forms
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from broadcast.followup.resolving import Decision
from broadcast.planning.estimating import MAX_HASH_LENGTH


class SendForm(forms.Form):
    """Carries the estimate that the page has shown."""

    estimate_hash = forms.CharField(
        max_length=MAX_HASH_LENGTH, required=False, widget=forms.HiddenInput
    )


class ScheduleForm(forms.Form):
    at = forms.DateTimeField(
        label="At (UTC)",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text="For example 2027-07-01T10:00.",
    )


class PauseForm(forms.Form):
    reason = forms.CharField(
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The tenant's members see this reason.",
    )


class RetryForm(forms.Form):
    include_unreachable = forms.BooleanField(
        required=False,
        help_text="Also retries messages that were rejected permanently because of the recipient, "
        "for example a blocked or a non-existent number.",
    )


class ResolveForm(forms.Form):
    """Has no default decision: a resend may reach people twice, a failure may not reach them."""

    decision = forms.ChoiceField(
        choices=Decision.choices,
        widget=UnfoldAdminRadioSelectWidget(),
        help_text="The decision applies to all of these messages. If messages are counted as "
        "failed, their credits are released, and a receipt that arrives later still counts. If "
        "messages are sent again, each is charged once; if the broadcast has finished, a child "
        "broadcast sends them.",
    )
