"""The forms of the financier's actions."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.financing.models import Facility
from apps.financing.rules import OfferTerms
from apps.portals.forms import ActionForm, AmountField, RateField

DAY = "%Y-%m-%d"


def day_field(**kwargs: Any) -> forms.DateField:
    """A calendar day."""
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format=DAY), **kwargs)


def reference_field() -> forms.CharField:
    """The bank's own number of a payment."""
    return forms.CharField(
        label=_("Bank reference"),
        max_length=60,
        help_text=_("The number of the payment at the bank. The same one is never recorded twice."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def reason_field(**kwargs: Any) -> forms.CharField:
    """A reason in words."""
    return forms.CharField(max_length=400, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)


class PriceForm(ActionForm):
    """The terms of an offer."""

    advance_rate = RateField(label=_("Advance rate"), help_text=_("Per cent of the invoice."))
    annual_rate = RateField(label=_("Discount rate"), help_text=_("Per cent a year, actual/360."))
    fee_rate = RateField(label=_("Fee"), help_text=_("Per cent of the advance."))
    funding_on = day_field(label=_("Funding date"))
    expected_on = day_field(label=_("Expected payment"), help_text=_("When the buyer is likely to pay."))
    valid_days = forms.IntegerField(label=_("Days to answer"), min_value=1, max_value=90, initial=7)

    @staticmethod
    def usual(facility: Facility) -> dict[str, Decimal]:
        """The facility's own rates, to begin with."""
        return {
            "advance_rate": facility.advance_rate,
            "annual_rate": facility.annual_rate,
            "fee_rate": facility.fee_rate,
        }

    @property
    def terms(self) -> OfferTerms:
        """What was typed, once it is valid."""
        names = ("advance_rate", "annual_rate", "fee_rate", "funding_on", "expected_on", "valid_days")
        return OfferTerms(**{name: self.cleaned_data[name] for name in names})


class DeclineForm(ActionForm):
    """A no, with the reason that the seller reads."""

    reason = reason_field(label=_("Reason"), help_text=_("The seller reads this. Say what would change the answer."))


class WaiveForm(ActionForm):
    """Going without the buyer's answer."""

    reason = reason_field(
        label=_("Reason"), help_text=_("Why you pay out without the buyer's acknowledgement. It stays on record.")
    )


class SentForm(ActionForm):
    """Money that left the financier's account."""

    value_on = day_field(label=_("Value date"), help_text=_("The day on which the money left your account."))
    bank_reference = reference_field()


class ReceivedForm(ActionForm):
    """Money that arrived on the financier's account."""

    amount = AmountField(label=_("Amount received"))
    received_on = day_field(label=_("Received on"), help_text=_("The value date on your bank statement."))
    bank_reference = reference_field()


class FacilityForm(ActionForm):
    """The limit of a facility and the usual terms of its offers."""

    seller_ref = forms.CharField(
        label=_("Seller's reference"),
        max_length=16,
        help_text=_("16 letters and digits. The seller reads it on the page of its organisation and gives it to you."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    currency = forms.ChoiceField(
        label=_("Currency"), help_text=_("One in which you have a bank account that buyers can pay to.")
    )
    limit = AmountField(label=_("Limit"), help_text=_("The most that is advanced at any time."))
    advance_rate = RateField(label=_("Advance rate"), help_text=_("Per cent of an invoice."), initial=Decimal(85))
    annual_rate = RateField(label=_("Discount rate"), help_text=_("Per cent a year, actual/360."), initial=Decimal(12))
    fee_rate = RateField(label=_("Fee"), help_text=_("Per cent of the advance."), initial=Decimal("0.5"))
    late_rate = RateField(label=_("Late charge"), help_text=_("Per cent a year, actual/360."), initial=Decimal(12))
    grace_days = forms.IntegerField(label=_("Days of grace"), min_value=0, max_value=365, initial=5)
    least_fee_days = forms.IntegerField(label=_("Least days charged"), min_value=0, max_value=365, initial=15)

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["currency"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(code, code) for code in currencies]

    def clean_seller_ref(self) -> str:
        # People copy references in groups and with spaces.
        return "".join(str(self.cleaned_data["seller_ref"]).split()).lower()
