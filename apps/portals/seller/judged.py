"""Judgements about revenue, in words for a page: what was said, and by how much it moved revenue."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.core import money
from apps.core.printing import words
from apps.parties.actor import Actor
from apps.portals import formats
from apps.revenue.models import Judgement, JudgementKind, Measure, Modification, Recognition, Why

SHOWN = 50
"""The newest judgements of a contract; all are in its audit trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One judgement as a row of a page."""

    row: Judgement
    about: str
    says: str
    moved: Decimal


def judgements_of(actor: Actor, contract: Contract) -> list[Judged]:
    """The newest first, in two queries."""
    rows = Judgement.objects.visible_to(actor).filter(contract=contract).select_related("obligation", "version")
    moved = dict(
        Recognition.objects.visible_to(actor)
        .filter(contract=contract, why=Why.JUDGEMENT)
        .order_by()
        .values_list("cause")
        .annotate(sum=Sum("amount"))
    )
    return [
        Judged(
            row=row,
            about=_about(row),
            says=_says(row, contract.currency),
            moved=moved.get(f"judgement:{row.ref}", money.ZERO),
        )
        for row in rows[:SHOWN]
    ]


def _about(row: Judgement) -> str:
    if row.version is not None:
        return _("Version %(number)s") % {"number": row.version.number}
    whose = row.obligation.title if row.obligation is not None else _("all obligations")
    return f"{row.about}: {whose}" if row.about else whose


def _says(row: Judgement, currency: str) -> str:
    said = row.said

    def amount(name: str) -> str:
        return formats.number(Decimal(said[name]), currency)

    match row.kind:
        case JudgementKind.MEASURE:
            parts = [str(Measure(said["measure"]).label)]
            parts += [_between(said)] if "starts_on" in said else []
            says = "; ".join([*parts, *([_costs(amount)] if "expected" in said else [])])
        case JudgementKind.COSTS:
            says = _costs(amount)
        case JudgementKind.STANDALONE:
            says = amount("standalone")
        case JudgementKind.VARIABLE:
            figures = {"estimate": amount("estimate"), "counted": formats.number(row.counts, currency)}
            says = _("estimated at %(estimate)s, of which %(counted)s count") % figures
        case JudgementKind.TREATMENT:
            says = str(Modification.Treatment(said["treatment"]).label)
        case _ if not Decimal(said["amount"]):
            says = _("none any more")
        case _:
            figures = {"amount": amount("amount"), "rate": words.percent(Decimal(said["rate"])), "days": _between(said)}
            says = _("%(amount)s at %(rate)s a year, %(days)s") % figures
    return says


def _costs(amount: Any) -> str:
    return _("%(incurred)s of %(expected)s; uninstalled %(uninstalled)s of %(all)s") % {
        "incurred": amount("incurred"),
        "expected": amount("expected"),
        "uninstalled": amount("uninstalled"),
        "all": amount("uninstalled_expected"),
    }


def _between(said: dict[str, Any]) -> str:
    first, last = (formats.day(date.fromisoformat(said[name])) for name in ("starts_on", "ends_on"))
    return f"{first} – {last}"
