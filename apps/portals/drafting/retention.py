"""The fields of a draft by which retention is agreed: how much is kept back, and in which parts it is paid."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.contracts.retention import (
    BUYER,
    COMPLETION,
    DATE,
    GROSS,
    NET,
    SELLER,
    RetentionRelease,
    RetentionStep,
    RetentionTerms,
    payable_until_final,
)
from apps.contracts.rules.retention import MOST_DAYS, MOST_RELEASES, MOST_STEPS
from apps.portals.forms import AmountField, RateField

STEPS: Final = range(1, MOST_STEPS + 1)
RELEASES: Final = range(1, MOST_RELEASES + 1)
BASES: Final = [(NET, _("the net amount")), (GROSS, _("the total with tax"))]
EVENTS: Final = [
    (COMPLETION, _("the last milestone is accepted")),
    (DATE, _("on a date")),
    (BUYER, _("the buyer says so")),
    (SELLER, _("the seller says so")),
]


class RetentionFields(forms.Form):
    """Retention as it is typed. Without a rate nothing is agreed; a rate of 0 is."""

    retention_rate = RateField(
        label=_("Retention in percent"),
        required=False,
        help_text=_("What the buyer keeps back of each invoice. Empty: nothing is agreed."),
    )
    retention_base = forms.ChoiceField(label=_("Of what"), choices=BASES, required=False)
    retention_cap_percent = RateField(
        label=_("At most, percent of the price"), required=False, help_text=_("In all. Empty: no limit.")
    )
    retention_cap_amount = AmountField(label=_("At most, amount"), required=False)
    retention_payable_most = RateField(
        label=_("Payable before the last milestone, at most, percent of the price"),
        required=False,
        help_text=_("Instead of a rate: what is accepted above it is billed, and payable with the last milestone."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in STEPS:
            self.fields[f"step_{number}_billed"] = RateField(
                label=_("Once this percent of the price is billed"), required=False
            )
            self.fields[f"step_{number}_rate"] = RateField(label=_("Retention in percent from then on"), required=False)
        for number in RELEASES:
            self.fields[f"release_{number}_share"] = RateField(label=_("Part released, in percent"), required=False)
            self.fields[f"release_{number}_event"] = forms.ChoiceField(
                label=_("When"), choices=[("", _("Choose …")), *EVENTS], required=False
            )
            self.fields[f"release_{number}_days"] = forms.IntegerField(
                label=_("Days after that"), min_value=0, max_value=MOST_DAYS, required=False
            )
            self.fields[f"release_{number}_on"] = forms.DateField(
                label=_("Date"),
                required=False,
                widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        rate, most = cleaned.get("retention_rate"), cleaned.get("retention_payable_most")
        if most is not None and not rate and not any(cleaned.get(name) for name in self._details()):
            cleaned["retention"] = payable_until_final(most)
            return cleaned
        if most is not None:
            self.add_error(
                "retention_payable_most",
                ValidationError(_("Agree on this or on a retention, and empty the other one.")),
            )
        if rate is None:
            cleaned["retention"] = None
            if "retention_rate" not in self.errors and any(cleaned.get(name) for name in self._details()):
                self.add_error("retention_rate", ValidationError(_("Enter the rate, or empty what stands below it.")))
            return cleaned
        cleaned["retention"] = RetentionTerms(
            rate=rate,
            base=cleaned.get("retention_base") or NET,
            steps=tuple(self._steps(cleaned)),
            cap_percent=cleaned.get("retention_cap_percent"),
            cap_amount=cleaned.get("retention_cap_amount"),
            releases=tuple(self._releases(cleaned)) or (RetentionRelease(Decimal(100)),),
        )
        return cleaned

    @property
    def has_retention(self) -> bool:
        """Whether anything of it is written, or wrong: then the page shows it unfolded."""
        return any(
            self[name].value() or self[name].errors
            for name in ("retention_rate", "retention_payable_most", *self._details())
        )

    @property
    def retention_steps(self) -> list[list[forms.BoundField]]:
        """The fields of each step."""
        return [[self[f"step_{number}_{part}"] for part in ("billed", "rate")] for number in STEPS]

    @property
    def retention_releases(self) -> list[list[forms.BoundField]]:
        """The fields of each part that is released."""
        return [[self[f"release_{number}_{part}"] for part in ("share", "event", "days", "on")] for number in RELEASES]

    def _details(self) -> list[str]:
        steps = [f"step_{number}_{part}" for number in STEPS for part in ("billed", "rate")]
        releases = [f"release_{number}_{part}" for number in RELEASES for part in ("share", "event", "days", "on")]
        return ["retention_cap_percent", "retention_cap_amount", *steps, *releases]

    def _steps(self, cleaned: dict[str, Any]) -> list[RetentionStep]:
        made = []
        for number in STEPS:
            billed, rate = (cleaned.get(f"step_{number}_{part}") for part in ("billed", "rate"))
            if (billed is None) != (rate is None):
                missing = "billed" if billed is None else "rate"
                self.add_error(f"step_{number}_{missing}", ValidationError(_("A step needs both percentages.")))
            elif billed is not None and rate is not None:
                made.append(RetentionStep(billed, rate))
        return made

    def _releases(self, cleaned: dict[str, Any]) -> list[RetentionRelease]:
        made = []
        for number in RELEASES:
            share, event, days, on = (
                cleaned.get(f"release_{number}_{part}") for part in ("share", "event", "days", "on")
            )
            if share is not None and event:
                made.append(RetentionRelease(share, event, days or 0, on))
            elif share is not None or event or days or on:
                missing = "event" if share is not None else "share"
                self.add_error(
                    f"release_{number}_{missing}", ValidationError(_("Say how much is released here, and when."))
                )
        return made


def typed_retention(terms: RetentionTerms | None) -> dict[str, Any]:
    """What the fields show of terms that were saved."""
    if terms is None:
        return {}
    if terms.payable_most is not None:
        return {"retention_payable_most": terms.payable_most}
    shown: dict[str, Any] = {
        "retention_rate": terms.rate,
        "retention_base": terms.base,
        "retention_cap_percent": terms.cap_percent,
        "retention_cap_amount": terms.cap_amount,
    }
    for number, step in enumerate(terms.steps, start=1):
        shown |= {f"step_{number}_billed": step.billed, f"step_{number}_rate": step.rate}
    for number, release in enumerate(terms.releases, start=1):
        shown |= {
            f"release_{number}_share": release.share,
            f"release_{number}_event": release.event,
            f"release_{number}_days": release.days or None,
            f"release_{number}_on": release.on,
        }
    return shown
