"""The fields of a change order by which retention is said anew, or agreed where there was none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from apps.contracts.drafts import ContractDraft
from apps.contracts.retention import RetentionTerms
from apps.contracts.rules.retention import KINDS, check_retention
from apps.core.errors import Refused
from apps.portals.drafting.retention import NAMES, RELEASE_NAMES, RetentionFields
from apps.portals.forms import explain

LIMITS: Final = tuple(f"{kind}retention_{limit}" for kind in KINDS for limit in ("cap_each", "cap_amount"))
"""The fields in the contract's currency."""
AS_KEPT: Final = ("retention_base", "retention_name", *RELEASE_NAMES)
"""Of a retention that stands: what a change order leaves as it is, because something may be withheld by it."""


class ChangedRetentionFields(RetentionFields):
    """Where no retention is agreed, all of it can be; of one that stands its rates, steps and limits.

    Which part of the price is payable before the last milestone (``payable_most``) is neither agreed nor changed here.
    """

    stands: ContractDraft

    @property
    def limits_what_is_payable(self) -> bool:
        """Whether the contract has a limit in the place of a retention, which stays."""
        return self.stands.retention is not None and self.stands.retention.payable_most is not None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.limits_what_is_payable:
            cleaned["retention"] = None
        elif cleaned["retention"] is not None and not self.errors:
            self._check_retention(cleaned["retention"])
        return cleaned

    @property
    def retention_kinds(self) -> list[dict[str, Any]]:
        """The fields of each kind, under its name where two stand."""
        kinds = self.stands.retention.kinds if self.stands.retention is not None else ()
        found = super().retention_kinds
        return [kind | {"title": kinds[place].name if kinds else ""} for place, kind in enumerate(found)]

    def leave_out_of_retention(self) -> None:
        """Take the fields out of what stays as it is; a rate that is agreed is said: 0 is one."""
        stands = self.stands.retention
        gone = {"retention_payable_most"}
        if stands is not None:
            gone |= {name for name in NAMES if name.removeprefix(KINDS[1]) in AS_KEPT}
            there = len(stands.kinds) if stands.payable_most is None else 0
            for kind in KINDS[there:]:
                gone |= {name for name in NAMES if name.startswith(f"{kind}")}
            for kind in KINDS[:there]:
                rate = self.fields[f"{kind}retention_rate"]
                rate.required = True
                rate.help_text = gettext_lazy(
                    "Of invoices from then on; what is withheld already stays, and its release too. With 0, and no"
                    " steps, nothing more is withheld."
                )
        for name in gone:
            del self.fields[name]

    def _check_retention(self, terms: RetentionTerms) -> None:
        """Say at the field what cannot be kept. Milestones are looked for later: the plan may be another by then."""
        try:
            check_retention(terms, currency=self.stands.currency)
        except Refused as refused:
            kind = KINDS[1] if str(refused.field).startswith(KINDS[1]) else KINDS[0]
            field = refused.field if refused.field in self.fields else f"{kind}retention_rate"
            self.add_error(field, ValidationError(explain(refused), code="refused"))

    def _terms(self, cleaned: dict[str, Any], *, kind: str) -> RetentionTerms | None:
        """A kind as it was typed, and for the rest as it stands."""
        typed, stands = super()._terms(cleaned, kind=kind), self.stands.retention
        if typed is None or stands is None:
            return typed
        kept = stands.kinds[KINDS.index(kind)]
        return replace(typed, base=kept.base, name=kept.name, releases=kept.releases)


def changes_retention(changed: Sequence[Mapping[str, Any]]) -> bool:
    """Whether retention is among the terms that differ."""
    return any(one["term"] == "retention" for one in changed)
