"""The fields of a draft by which retention is agreed: how much is kept back, and in which parts it is paid.

Most contracts agree on a rate and a release. What goes beyond that is folded away, and so is a second kind of
retention, whose fields have the same names with ``second_`` before them.
"""

from collections.abc import Iterator
from dataclasses import replace
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
    MILESTONE,
    NET,
    SELLER,
    RetentionRelease,
    RetentionStep,
    RetentionTerms,
    payable_until_final,
)
from apps.contracts.rules.retention import KINDS, MOST_DAYS, MOST_NAME, MOST_RELEASES, MOST_STEPS
from apps.portals.forms import AmountField, DayField, RateField
from apps.portals.missing import TellingForm

STEPS: Final = range(1, MOST_STEPS + 1)
RELEASES: Final = range(1, MOST_RELEASES + 1)
FIRST, SECOND = KINDS
BASES: Final = [(NET, _("the net amount")), (GROSS, _("the total with tax"))]
EVENTS: Final = [
    (COMPLETION, _("the last milestone is accepted")),
    (MILESTONE, _("a milestone is accepted")),
    (DATE, _("on a date")),
    (BUYER, _("the buyer says so")),
    (SELLER, _("the seller says so")),
]
LIMITS: Final = ("retention_materials_rate", "retention_cap_each", "retention_cap_percent", "retention_cap_amount")
PARTS: Final = ("share", "event", "days", "on", "milestone", "only")
STEP_NAMES: Final = tuple(f"step_{number}_{part}" for number in STEPS for part in ("billed", "rate"))
RELEASE_NAMES: Final = tuple(f"release_{number}_{part}" for number in RELEASES for part in PARTS)
DETAILS: Final = ("retention_name", *LIMITS, *STEP_NAMES, *RELEASE_NAMES)
"""What stands beside a rate and its base."""
NAMES: Final = (
    "retention_payable_most",
    *(f"{kind}{name}" for kind in KINDS for name in ("retention_rate", "retention_base", *DETAILS)),
)
"""All fields of retention."""


class RetentionFields(TellingForm, forms.Form):
    """Retention as it is typed. Without a rate nothing is agreed; a rate of 0 is."""

    retention_payable_most = RateField(
        label=_("Payable before the last milestone, at most, percent of the price"),
        required=False,
        help_text=_("Instead of a rate: what is accepted above it is billed, and payable with the last milestone."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS:
            self.fields |= {f"{kind}{name}": field for name, field in _fields_of_a_kind()}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        rate, most = cleaned.get("retention_rate"), cleaned.get("retention_payable_most")
        first, second = (self._terms(cleaned, kind=kind) for kind in KINDS)
        if most is not None and not rate and not second and not self._has_details(cleaned, kind=FIRST):
            cleaned["retention"] = payable_until_final(most)
            return cleaned
        if most is not None:
            self.add_error(
                "retention_payable_most",
                ValidationError(_("Agree on this or on a retention, and empty the other one.")),
            )
        for kind, terms in zip(KINDS, (first, second), strict=True):
            name = f"{kind}retention_rate"
            if terms is None and name not in self.errors and self._has_details(cleaned, kind=kind):
                self.add_error(name, ValidationError(_("Enter the rate, or empty what stands below it.")))
        if first is None and second is not None:
            self.add_error("retention_rate", ValidationError(_("Enter the rate of the first kind before the second.")))
        if first is not None and second is not None:
            self._check_names(first, second)
            first = replace(first, further=(second,))
        cleaned["retention"] = first
        return cleaned

    @property
    def has_retention(self) -> bool:
        """Whether anything of it is written, or wrong: then the page shows it unfolded."""
        return self._is_told(
            "retention_rate", "retention_payable_most", "retention_name", *LIMITS, *STEP_NAMES, *RELEASE_NAMES
        ) or self._is_told(*(f"{SECOND}{name}" for name in ("retention_rate", *DETAILS)))

    @property
    def retention_kinds(self) -> list[dict[str, Any]]:
        """The fields of each kind that the form has, and which of the folded ones are told."""
        return [
            {
                "number": number,
                "name": self._bound(f"{kind}retention_name"),
                "rate": self._bound(f"{kind}retention_rate"),
                "base": self._bound(f"{kind}retention_base"),
                "limits": [self[f"{kind}{name}"] for name in LIMITS],
                "steps": [[self[f"{kind}step_{step}_{part}"] for part in ("billed", "rate")] for step in STEPS],
                "releases": [
                    [self[f"{kind}release_{one}_{part}"] for part in PARTS]
                    for one in RELEASES
                    if f"{kind}release_{one}_share" in self.fields
                ],
                "has_depth": self._is_told(*(f"{kind}{name}" for name in (*LIMITS, *STEP_NAMES))),
                "is_told": self._is_told(*(f"{kind}{name}" for name in ("retention_rate", *DETAILS))),
            }
            for number, kind in enumerate(KINDS, start=1)
            if f"{kind}retention_rate" in self.fields
        ]

    def _bound(self, name: str) -> forms.BoundField | None:
        return self[name] if name in self.fields else None

    def _is_told(self, *names: str) -> bool:
        found = [self[name] for name in names if name in self.fields]
        return any(one.value() not in (None, "", False) or one.errors for one in found)

    @staticmethod
    def _has_details(cleaned: dict[str, Any], *, kind: str) -> bool:
        return any(cleaned.get(f"{kind}{name}") for name in DETAILS)

    def _check_names(self, first: RetentionTerms, second: RetentionTerms) -> None:
        for kind, terms in ((FIRST, first), (SECOND, second)):
            if not terms.name:
                self.add_error(
                    f"{kind}retention_name",
                    ValidationError(_("Name each kind of retention, for instance performance and defects.")),
                )

    def _terms(self, cleaned: dict[str, Any], *, kind: str) -> RetentionTerms | None:
        rate = cleaned.get(f"{kind}retention_rate")
        if rate is None:
            return None
        return RetentionTerms(
            rate=rate,
            base=cleaned.get(f"{kind}retention_base") or NET,
            steps=tuple(self._steps(cleaned, kind=kind)),
            cap_percent=cleaned.get(f"{kind}retention_cap_percent"),
            cap_amount=cleaned.get(f"{kind}retention_cap_amount"),
            releases=tuple(self._releases(cleaned, kind=kind)) or (RetentionRelease(Decimal(100)),),
            materials_rate=cleaned.get(f"{kind}retention_materials_rate"),
            cap_each=cleaned.get(f"{kind}retention_cap_each"),
            name=" ".join((cleaned.get(f"{kind}retention_name") or "").split()),
        )

    def _steps(self, cleaned: dict[str, Any], *, kind: str) -> list[RetentionStep]:
        made = []
        for number in STEPS:
            billed, rate = (cleaned.get(f"{kind}step_{number}_{part}") for part in ("billed", "rate"))
            if (billed is None) != (rate is None):
                missing = "billed" if billed is None else "rate"
                self.add_error(f"{kind}step_{number}_{missing}", ValidationError(_("A step needs both percentages.")))
            elif billed is not None and rate is not None:
                made.append(RetentionStep(billed, rate))
        return made

    def _releases(self, cleaned: dict[str, Any], *, kind: str) -> list[RetentionRelease]:
        made = []
        for number in RELEASES:
            share, event, days, on, milestone, only = (cleaned.get(f"{kind}release_{number}_{part}") for part in PARTS)
            if share is not None and event:
                title = " ".join((milestone or "").split())
                made.append(RetentionRelease(share, event, days or 0, on, milestone=title, only=bool(only)))
            elif share is not None or event or days or on or milestone or only:
                missing = "event" if share is not None else "share"
                self.add_error(
                    f"{kind}release_{number}_{missing}",
                    ValidationError(_("Say how much is released here, and when.")),
                )
        return made


def _fields_of_a_kind() -> Iterator[tuple[str, forms.Field]]:
    yield (
        "retention_rate",
        RateField(
            label=_("Retention in percent"),
            required=False,
            help_text=_("What the buyer keeps back of each invoice. Empty: nothing is agreed."),
        ),
    )
    yield "retention_base", forms.ChoiceField(label=_("Of what"), choices=BASES, required=False)
    yield (
        "retention_name",
        forms.CharField(
            label=_("What it is called"),
            max_length=MOST_NAME,
            required=False,
            help_text=_("Needed only where there are two, such as performance and defects."),
        ),
    )
    yield (
        "retention_materials_rate",
        RateField(
            label=_("Of stored materials, percent"), required=False, help_text=_("Empty: as of work. 0 is a rate.")
        ),
    )
    yield (
        "retention_cap_each",
        AmountField(label=_("At most of one invoice, amount"), required=False, help_text=_("Empty: no limit.")),
    )
    yield (
        "retention_cap_percent",
        RateField(label=_("At most, percent of the price"), required=False, help_text=_("In all. Empty: no limit.")),
    )
    yield "retention_cap_amount", AmountField(label=_("At most, amount"), required=False)
    for number in STEPS:
        yield (
            f"step_{number}_billed",
            RateField(label=_("Once this percent of the price is billed"), required=False),
        )
        yield f"step_{number}_rate", RateField(label=_("Retention in percent from then on"), required=False)
    for number in RELEASES:
        yield from _fields_of_a_release(number)


def _fields_of_a_release(number: int) -> Iterator[tuple[str, forms.Field]]:
    yield f"release_{number}_share", RateField(label=_("Part released, in percent"), required=False)
    yield (
        f"release_{number}_event",
        forms.ChoiceField(label=_("When"), choices=[("", _("Choose …")), *EVENTS], required=False),
    )
    yield (
        f"release_{number}_days",
        forms.IntegerField(label=_("Days after that"), min_value=0, max_value=MOST_DAYS, required=False),
    )
    yield (
        f"release_{number}_on",
        DayField(
            label=_("Date"),
            required=False,
        ),
    )
    yield (
        f"release_{number}_milestone",
        forms.CharField(label=_("Milestone, by its name"), max_length=160, required=False),
    )
    yield (
        f"release_{number}_only",
        forms.BooleanField(label=_("Only what was withheld of that milestone"), required=False),
    )


def typed_retention(terms: RetentionTerms | None) -> dict[str, Any]:
    """What the fields show of terms that were saved."""
    if terms is None:
        return {}
    if terms.payable_most is not None:
        return {"retention_payable_most": terms.payable_most}
    return {
        f"{prefix}{name}": value
        for prefix, kind in zip(KINDS, terms.kinds, strict=False)
        for name, value in _typed(kind).items()
    }


def _typed(terms: RetentionTerms) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "retention_rate": terms.rate,
        "retention_base": terms.base,
        "retention_name": terms.name,
        "retention_materials_rate": terms.materials_rate,
        "retention_cap_each": terms.cap_each,
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
            f"release_{number}_milestone": release.milestone,
            f"release_{number}_only": release.only,
        }
    return shown
