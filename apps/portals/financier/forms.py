"""The forms of the financier's actions."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.financing.models.request import DeclineCode
from apps.financing.rules import LineTerms, OfferTerms
from apps.portals.forms import ActionForm, AmountField, DayField, RateField, SeenForm


def day_field(**kwargs: Any) -> forms.DateField:
    """A calendar day."""
    return DayField(**kwargs)


def reference_field() -> forms.CharField:
    """The bank's own number of a payment."""
    return forms.CharField(
        label=_("Bank reference"),
        max_length=60,
        help_text=_("The number of the payment at the bank. The same one is never recorded twice."),
        error_messages={"required": _("Give the number of the payment at the bank.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def reason_field(**kwargs: Any) -> forms.CharField:
    """A reason in words."""
    return forms.CharField(max_length=400, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)


LINE = ("advance_rate", "annual_rate", "fee_rate", "expected_on")


def line_name(name: str, at: int) -> str:
    """What a field of a line is called: plain for the first, which is mostly the only one, numbered after it."""
    return name if at == 0 else f"{name}_{at + 1}"


class PriceForm(ActionForm):
    """The terms of an offer: when it is paid out, and four fields for each milestone in the order of the plan."""

    funding_on = day_field(label=_("Funding date"))
    valid_days = forms.IntegerField(label=_("Days to answer"), min_value=1, max_value=90, initial=7)

    def __init__(self, *args: Any, milestones: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count = len(milestones)
        for at, milestone in enumerate(milestones):
            of = f" · {milestone}" if self.count > 1 else ""
            self.fields |= {
                line_name("advance_rate", at): RateField(
                    label=format_lazy("{}{}", _("Advance rate"), of), help_text=_("Per cent of the invoice.")
                ),
                line_name("annual_rate", at): RateField(
                    label=format_lazy("{}{}", _("Discount rate"), of), help_text=_("Per cent a year, actual/360.")
                ),
                line_name("fee_rate", at): RateField(
                    label=format_lazy("{}{}", _("Fee"), of), help_text=_("Per cent of the advance.")
                ),
                line_name("expected_on", at): day_field(
                    label=format_lazy("{}{}", _("Expected payment"), of),
                    help_text=_("When the buyer is likely to pay."),
                ),
            }
        if self.count == 1:
            self.order_fields([*LINE[:3], "funding_on", "expected_on", "valid_days"])

    @staticmethod
    def beginning(terms: OfferTerms) -> dict[str, Any]:
        """The values of the fields for these terms."""
        lines = {line_name(name, at): getattr(line, name) for at, line in enumerate(terms.lines) for name in LINE}
        return {"funding_on": terms.funding_on, "valid_days": terms.valid_days, **lines}

    @property
    def terms(self) -> OfferTerms:
        """What was typed, once it is valid."""
        return OfferTerms(
            funding_on=self.cleaned_data["funding_on"],
            valid_days=self.cleaned_data["valid_days"],
            lines=tuple(
                LineTerms(**{name: self.cleaned_data[line_name(name, at)] for name in LINE}) for at in range(self.count)
            ),
        )


class DeclineForm(ActionForm):
    """A no, with a code to count by and the reason that the seller reads."""

    code = forms.ChoiceField(label=_("Why"), choices=DeclineCode.choices)
    reason = reason_field(label=_("Reason"), help_text=_("The seller reads this. Say what would change the answer."))


class WaiveForm(ActionForm):
    """Going without the buyer's answer."""

    reason = reason_field(
        label=_("Reason"), help_text=_("Why you pay out without the buyer's acknowledgement. It stays on record.")
    )


class WaiveCheckForm(ActionForm):
    """Going without one of the checks that are not met."""

    check = forms.ChoiceField(label=_("Check"))
    reason = reason_field(label=_("Reason"), help_text=_("Why the offer may go out all the same. It stays on record."))

    def __init__(self, *args: Any, checks: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["check"]
        if isinstance(field, forms.ChoiceField):
            field.choices = checks


class VerifyForm(ActionForm):
    """What a buyer was held against."""

    checked = reason_field(
        label=_("What you checked"),
        help_text=_("The register, its date, whom you called back over which number. It stays on record."),
    )
    note = forms.CharField(label=_("Note"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class ConfirmForm(ActionForm):
    """How a signatory was found to be one."""

    checked = reason_field(
        label=_("What you checked"),
        help_text=_("Whom at the buyer you asked, over which number of its own. It stays on record."),
    )


class RevokeForm(ActionForm):
    """Why a verification does not hold any more."""

    reason = reason_field(label=_("Reason"), help_text=_("It stays on record; the seller does not read it."))


class CancelForm(ActionForm):
    """Why an advance is ended before it is paid out."""

    reason = reason_field(label=_("Reason"), help_text=_("The seller reads this."))


class LimitForm(ActionForm):
    """The most that may be out on a buyer or a seller; empty for no limit."""

    limit = AmountField(label=_("Limit"), required=False, help_text=_("Leave it empty for no limit."))


class SentForm(ActionForm):
    """Money that left the financier's account."""

    value_on = day_field(label=_("Value date"), help_text=_("The day on which the money left your account."))
    bank_reference = reference_field()


class WholeSentForm(SentForm, SeenForm):
    """One transfer for several advances: it carries which and how much was shown to whoever paid."""


class ReceivedForm(ActionForm):
    """Money that arrived on the financier's account."""

    amount = AmountField(label=_("Amount received"))
    received_on = day_field(label=_("Received on"), help_text=_("The value date on your bank statement."))
    bank_reference = reference_field()


class UsualTermsForm(ActionForm):
    """The limit of a facility and the usual terms of its offers."""

    limit = AmountField(label=_("Limit"), help_text=_("The most that is advanced at any time."))
    advance_rate = RateField(label=_("Advance rate"), help_text=_("Per cent of an invoice."), initial=Decimal(85))
    annual_rate = RateField(label=_("Discount rate"), help_text=_("Per cent a year, actual/360."), initial=Decimal(12))
    fee_rate = RateField(label=_("Fee"), help_text=_("Per cent of the advance."), initial=Decimal("0.5"))
    pre_limit_rate = RateField(
        label=_("Before acceptance, of the limit"),
        help_text=_("Per cent of the limit that may be out on milestones that are not accepted."),
        initial=Decimal(30),
    )
    pre_advance_rate = RateField(
        label=_("Before acceptance, advance rate"), help_text=_("Per cent of an invoice to come."), initial=Decimal(50)
    )
    pre_annual_rate = RateField(
        label=_("Before acceptance, discount rate"), help_text=_("Per cent a year, actual/360."), initial=Decimal(18)
    )
    pre_fee_rate = RateField(
        label=_("Before acceptance, fee"), help_text=_("Per cent of the advance."), initial=Decimal(0)
    )
    pre_longest_days = forms.IntegerField(
        label=_("Before acceptance, longest days"), min_value=0, max_value=365, initial=180
    )
    late_rate = RateField(label=_("Late charge"), help_text=_("Per cent a year, actual/360."), initial=Decimal(12))
    grace_days = forms.IntegerField(label=_("Days of grace"), min_value=0, max_value=365, initial=5)
    least_fee_days = forms.IntegerField(label=_("Least days charged"), min_value=0, max_value=365, initial=15)
    concentration_rate = RateField(
        label=_("Most of your book on one buyer"),
        help_text=_("Per cent. Beyond it a second person has to waive the check; 100 is no limit."),
        initial=Decimal(100),
    )


class ChangeFacilityForm(UsualTermsForm):
    """The same, as they are to be from now on, and why."""

    reason = reason_field(label=_("Reason"), help_text=_("It stays on record; the seller does not read it."))


class FacilityForm(UsualTermsForm):
    """The same for a seller, in a currency."""

    seller_ref = forms.CharField(
        label=_("Seller's reference"),
        max_length=16,
        help_text=_("16 letters and digits. The seller reads it on the page of its organisation and gives it to you."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    currency = forms.ChoiceField(
        label=_("Currency"), help_text=_("One in which you have a bank account that buyers can pay to.")
    )
    field_order = ("seller_ref", "currency")

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["currency"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(code, code) for code in currencies]

    def clean_seller_ref(self) -> str:
        # People copy references in groups and with spaces.
        return "".join(str(self.cleaned_data["seller_ref"]).split()).lower()
