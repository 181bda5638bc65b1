"""The fields of a draft by which interest and a fee for late payment are agreed."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.contracts.late_payment import LateTerms
from apps.contracts.rules.late_payment import LONGEST_BASIS, YEARS, check_late_payment
from apps.core import money
from apps.core.errors import Refused
from apps.portals.forms import AmountField, RateField, explain
from apps.portals.missing import TellingForm


class LatePaymentFields(TellingForm, forms.Form):
    """Late payment as it is typed. Without a rate and a fee nothing is agreed."""

    late_rate = RateField(
        label=_("Interest on late payment, percent a year"),
        required=False,
        help_text=_(
            "Simple interest by the day. Empty: nothing is agreed. Between businesses in the EU the law gives 8 points"
            " above the reference rate where nothing is agreed (Directive 2011/7/EU), in Germany 9 above the base rate."
        ),
    )
    late_basis = forms.CharField(
        label=_("How this rate came about"),
        max_length=LONGEST_BASIS,
        required=False,
        help_text=_("Such as: base rate of the day of signature plus 9 points. The number above is what counts."),
    )
    late_days = forms.TypedChoiceField(
        label=_("Days of a year"), choices=[(days, str(days)) for days in YEARS], coerce=int, required=False
    )
    late_fee = AmountField(
        label=_("Fee for each invoice paid late"),
        required=False,
        help_text=_(
            "Once. Between businesses in the EU 40.00 EUR is what the law gives (Directive 2011/7/EU, art. 6)."
        ),
    )

    late_with_reminders = forms.BooleanField(
        label=_("Claim what has run with each reminder"),
        required=False,
        help_text=_("By the seller's schedule of reminders. Without it the seller claims by hand."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        rate, fee = cleaned.get("late_rate"), cleaned.get("late_fee")
        cleaned["late_payment"] = None
        if "late_rate" in self.errors or "late_fee" in self.errors:
            return cleaned
        if not rate and not fee:
            if cleaned.get("late_basis"):
                self.add_error("late_rate", ValidationError(_("Enter the rate, or empty what stands below it.")))
            return cleaned
        terms = LateTerms(
            annual_rate=rate or money.ZERO,
            days_of_year=cleaned.get("late_days") or YEARS[0],
            basis=" ".join(cleaned.get("late_basis", "").split()),
            fee=fee or money.ZERO,
            with_reminders=cleaned.get("late_with_reminders", False),
        )
        try:
            check_late_payment(terms, currency=cleaned.get("currency") or "EUR")
        except Refused as refused:
            self.add_error(refused.field or "late_rate", ValidationError(explain(refused), code="refused"))
        cleaned["late_payment"] = terms
        return cleaned

    @property
    def has_late_payment(self) -> bool:
        """Whether anything of it is written, or wrong: then the page shows it unfolded."""
        return any(self[name].value() or self[name].errors for name in ("late_rate", "late_basis", "late_fee"))


def typed_late_payment(terms: LateTerms | None) -> dict[str, Any]:
    """What the fields show of terms that were saved."""
    if terms is None:
        return {}
    return {
        "late_rate": terms.annual_rate or None,
        "late_basis": terms.basis,
        "late_days": terms.days_of_year,
        "late_fee": terms.fee or None,
        "late_with_reminders": terms.with_reminders,
    }
