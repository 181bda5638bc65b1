from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.portals.forms import ActionForm, AmountField


class RefundForm(ActionForm):
    """How much of what settles nothing goes back, and why."""

    amount = AmountField(label=_("Amount to pay back"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        help_text=_("Why the money goes back. The payer reads it too."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PaidBackForm(ActionForm):
    """That the transfer was made."""

    paid_on = forms.DateField(
        label=_("Paid back on"),
        help_text=_("The value date on your bank statement."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    bank_reference = forms.CharField(
        label=_("Bank reference"),
        max_length=60,
        help_text=_("The number of the line on your bank statement. The same line is never recorded twice."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["paid_on"] = today


class EndRefundForm(ActionForm):
    """Why nothing is paid back, or why it came back."""

    reason = forms.CharField(label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))
