"""The fields of a draft by which damages for delay, bonuses and back-charges are agreed."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.contracts.charges import (
    BEGUN,
    DAY,
    OUTSIDE,
    PRICE,
    SHARE,
    WEEK,
    WHOLE,
    BonusTerms,
    ChargeTerms,
    DamageTerms,
    Rate,
)
from apps.contracts.rules.charges import MOST_GRACE, check_charges
from apps.core import money
from apps.core.errors import Refused
from apps.portals.forms import AmountField, RateField, ShareField, explain
from apps.portals.missing import TellingForm

PERIODS = [(DAY, pgettext_lazy("period of a rate", "day")), (WEEK, pgettext_lazy("period of a rate", "week"))]
PARTS = [
    (WHOLE, _("nothing: only whole ones count")),
    (BEGUN, _("all of it: one that has begun counts")),
    (SHARE, _("its days")),
]
TAX = [(OUTSIDE, _("compensation, outside the scope of tax")), (PRICE, _("a part of the price, taxed as it is"))]
USUAL_CAP = Decimal(5)


def _each() -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=_("For each"), choices=PERIODS, coerce=int, required=False)


class ChargeFields(TellingForm, forms.Form):
    """Damages, bonus and back-charges as they are typed. Without a rate nothing is agreed."""

    damages_percent = RateField(
        label=_("Damages for delay, percent of the milestone"),
        required=False,
        help_text=_(
            "For each day or week between a milestone's planned day and its acceptance. Empty: none are agreed."
        ),
    )
    damages_amount = AmountField(label=_("Or a sum, net of tax"), required=False)
    damages_days = _each()
    damages_part_period = forms.ChoiceField(label=_("A week that is not over counts"), choices=PARTS, required=False)
    damages_cap = ShareField(
        label=_("At most, percent of the milestone"), required=False, help_text=_("Empty: 5 percent.")
    )
    damages_grace = forms.IntegerField(
        label=_("Days of grace"),
        min_value=0,
        max_value=MOST_GRACE,
        required=False,
        help_text=_("Days that cost nothing."),
    )
    damages_tax = forms.ChoiceField(label=_("Damages are"), choices=TAX, required=False)
    damages_stand = forms.BooleanField(
        label=_("Damages stand when the buyer claims them"),
        required=False,
        help_text=_("Without it the seller agrees first, or objects."),
    )
    bonus_percent = RateField(
        label=_("Bonus for being early, percent of the milestone"),
        required=False,
        help_text=_("For each day or week between the acceptance of a milestone and its planned day."),
    )
    bonus_amount = AmountField(label=_("Or a sum, net of tax"), required=False)
    bonus_days = _each()
    bonus_part_period = forms.ChoiceField(label=_("A week that is not over counts"), choices=PARTS, required=False)
    bonus_cap = ShareField(
        label=_("At most, percent of the milestone"), required=False, help_text=_("Empty: 5 percent.")
    )
    back_charges = forms.ChoiceField(
        label=_("The buyer may charge back what it paid for the seller"),
        choices=[("", _("no")), *TAX],
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["charges"] = None
        if any(name in self.errors for name in self.fields if name.startswith(("damages_", "bonus_", "back_"))):
            return cleaned
        late, early = self._rate(cleaned, of="damages"), self._rate(cleaned, of="bonus")
        terms = ChargeTerms(
            damages=DamageTerms(
                late,
                grace_days=cleaned.get("damages_grace") or 0,
                tax=cleaned.get("damages_tax") or OUTSIDE,
                may_object=not cleaned.get("damages_stand"),
            )
            if late is not None
            else None,
            bonus=BonusTerms(early) if early is not None else None,
            back_charges=cleaned.get("back_charges") or "",
        )
        if terms == ChargeTerms():
            return cleaned
        try:
            check_charges(terms, currency=cleaned.get("currency") or "EUR")
        except Refused as refused:
            field = refused.field if refused.field in self.fields else None
            self.add_error(field, ValidationError(explain(refused), code="refused"))
        cleaned["charges"] = terms
        return cleaned

    @staticmethod
    def _rate(cleaned: dict[str, Any], *, of: str) -> Rate | None:
        percent, amount = cleaned.get(f"{of}_percent"), cleaned.get(f"{of}_amount")
        if not percent and not amount:
            return None
        return Rate(
            percent=percent or money.ZERO,
            amount=amount or money.ZERO,
            days=cleaned.get(f"{of}_days") or DAY,
            part_period=cleaned.get(f"{of}_part_period") or WHOLE,
            cap=cleaned.get(f"{of}_cap") or USUAL_CAP,
        )

    @property
    def has_charges(self) -> bool:
        """Whether anything of it is written, or wrong: then the page shows it unfolded."""
        names = ("damages_percent", "damages_amount", "damages_cap", "damages_grace", "bonus_percent", "bonus_amount")
        return any(self[name].value() or self[name].errors for name in (*names, "bonus_cap", "back_charges"))


def typed_charges(terms: ChargeTerms | None) -> dict[str, Any]:
    """What the fields show of terms that were saved."""
    if terms is None:
        return {}
    said: dict[str, Any] = {"back_charges": terms.back_charges}
    if terms.damages is not None:
        said |= _typed(terms.damages.rate, of="damages")
        said |= {"damages_grace": terms.damages.grace_days or None, "damages_tax": terms.damages.tax}
        said["damages_stand"] = not terms.damages.may_object
    if terms.bonus is not None:
        said |= _typed(terms.bonus.rate, of="bonus")
    return said


def _typed(rate: Rate, *, of: str) -> dict[str, Any]:
    return {
        f"{of}_percent": rate.percent or None,
        f"{of}_amount": rate.amount or None,
        f"{of}_days": rate.days,
        f"{of}_part_period": rate.part_period,
        f"{of}_cap": rate.cap,
    }
