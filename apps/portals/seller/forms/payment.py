from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.core import money
from apps.core.errors import Refused
from apps.portals.forms import ActionForm, AmountField, explain
from apps.portals.seller.forms.bank_line import bank_reference_field, value_date_field


class PaymentForm(ActionForm):
    """Money that arrived on the seller's bank account."""

    amount = AmountField(label=_("Amount received"))
    received_on = value_date_field(label=_("Received on"))
    bank_reference = bank_reference_field()

    def __init__(self, *args: Any, currency: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.today = today

    def clean_amount(self) -> Decimal:
        try:
            return money.payable(self.cleaned_data["amount"], self.currency)
        except Refused as refused:
            raise ValidationError(explain(refused), code="refused") from refused

    def clean_received_on(self) -> date:
        received_on: date = self.cleaned_data["received_on"]
        if received_on > self.today:
            raise ValidationError(_("This day is still to come. Enter the day on which the money arrived."))
        return received_on


class ReversalForm(ActionForm):
    """Why a payment is taken back."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        help_text=_("What was wrong. The buyer reads it too."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why the payment is reversed; the buyer reads it too.")},
    )
