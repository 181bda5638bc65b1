"""The forms of what happens to a financier's money beside advances, reserves and collections."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.portals.financier.forms import ReceivedForm, SentForm, day_field, reason_field, reference_field
from apps.portals.forms import ActionForm, AmountField


class CameBackForm(ActionForm):
    """A transfer that the bank returned."""

    value_on = day_field(label=_("Returned on"), help_text=_("The value date on your bank statement."))
    bank_reference = reference_field()


class MisdirectedForm(ReceivedForm):
    """What the buyer paid to the seller by mistake, as the seller's bank tells it."""


class ReverseCollectionForm(ActionForm):
    """Why a payment is taken back."""

    reason = reason_field(label=_("Reason"), help_text=_("Seller and buyer read this."))


def _currency(**kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Currency"), **kwargs)


class _OfTheBook(ActionForm):
    """Money of the book, and of no advance: its currency is one of the financier's."""

    currency = _currency()

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["currency"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(code, code) for code in currencies]


class SweepForm(_OfTheBook):
    """Collections that were moved to cash."""

    amount = AmountField(label=_("Amount moved"))
    value_on = day_field(label=_("Value date"), help_text=_("The day on which the money left your account."))
    bank_reference = reference_field()


class UnidentifiedForm(_OfTheBook):
    """Money of which nobody knows what it pays."""

    amount = AmountField(label=_("Amount received"))
    received_on = day_field(label=_("Received on"), help_text=_("The value date on your bank statement."))
    bank_reference = reference_field()
    note = forms.CharField(
        label=_("What the bank says"), max_length=400, required=False, help_text=_("Who paid, and the text.")
    )


class IdentifyForm(ActionForm):
    """What a receipt pays."""

    number = forms.CharField(
        label=_("Invoice number"),
        max_length=60,
        help_text=_("Of an assigned invoice that its buyer still owes you."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class SendBackForm(SentForm):
    """A receipt that goes back to whoever paid."""

    reason = reason_field(label=_("Reason"), help_text=_("It stays on record."))
