from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.portals.forms import ActionForm, AmountField
from apps.portals.seller.forms.bank_line import bank_reference_field, value_date_field


class RefundForm(ActionForm):
    """How much of what settles nothing goes back, and why."""

    amount = AmountField(label=_("Amount to pay back"))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        help_text=_("Why the money goes back. The payer reads it too."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why the money goes back; the payer reads it too.")},
    )


class PaidBackForm(ActionForm):
    """That the transfer was made."""

    paid_on = value_date_field(label=_("Paid back on"))
    bank_reference = bank_reference_field()

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["paid_on"] = today


class EndRefundForm(ActionForm):
    """Why nothing is paid back, or why it came back."""

    reason = forms.CharField(label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))
