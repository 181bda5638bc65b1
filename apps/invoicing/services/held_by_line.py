"""What was retained of invoices, line by line of the plan, as it falls by credit notes and releases."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db.models.functions import Coalesce

from apps.contracts.models import Contract
from apps.core import money
from apps.invoicing.models import ApplicationLine, Retention, RetentionReturnShare, RetentionShare

Dated = list[tuple[date, int, Decimal]]
"""Amounts with their day and the position of their line."""
PLACES: Final = ("milestone__position", "replaced_milestone__position", "instalment__position")
"""Where the position of the line stands that an invoice bills; of one that is issued anew it stood in the first."""
OF_INVOICE: Final = [f"invoice__{place}" for place in PLACES]
"""The same from what belongs to an invoice."""


@dataclass(frozen=True, slots=True)
class Fallen:
    """So much of what was retained of an invoice is so no more, from a day on; ``own`` is the line of which it was kept
    back, where that is known. ``at`` is the moment: on one day it may be released, kept back again and credited."""

    at: datetime
    day: date
    invoice: int
    amount: Decimal
    own: int | None = None


def held_by_line(contract: Contract, *, credited: Sequence[Fallen], using: str) -> Dated:
    """What was kept back of each line on the day of its invoice, and below zero what fell of it since. Four queries.

    What was released in error is kept back again from the day on which both sides agreed on that.

    What a credit note took was retained until its day, although the books of today say less of the invoice: so a sheet
    that is over stays as it was. Over the lines of an application it falls in proportion to what is left of each.
    """
    left, rows = _kept(contract, credited=credited, using=using)
    gone = RetentionShare.objects.using(using).filter(release__contract=contract).order_by("pk")
    released = [
        Fallen(*row)
        for row in gone.values_list("release__released_at", "release__released_on", "retention__invoice", "amount")
    ]
    came_back = RetentionReturnShare.objects.using(using).filter(back__contract=contract).order_by("pk")
    released += [
        Fallen(at, day, invoice, -amount)
        for at, day, invoice, amount in came_back.values_list(
            "back__returned_at", "back__credit_note__issued_on", "retention__invoice", "amount"
        )
    ]
    gone_of: defaultdict[int, dict[int, Decimal]] = defaultdict(dict)
    events = [*((one, False) for one in credited), *((one, True) for one in released)]
    for one, is_release in sorted(events, key=lambda event: event[0].at):
        of_lines = gone_of[one.invoice] if is_release else {}
        if one.amount < 0:
            fallen = _rise(one, left[one.invoice], of_lines, currency=contract.currency)
        else:
            fallen = _fall(one, left[one.invoice], currency=contract.currency) if one.amount else []
        rows.extend(fallen)
        for _day, place, part in fallen:
            of_lines[place] = of_lines.get(place, money.ZERO) - part
    return rows


def _kept(contract: Contract, *, credited: Sequence[Fallen], using: str) -> tuple[dict[int, dict[int, Decimal]], Dated]:
    """By invoice what was kept back of each of its lines, and the same with its day."""
    of_lines: defaultdict[int, dict[int, Decimal]] = defaultdict(dict)
    found = ApplicationLine.objects.using(using).filter(application__contract=contract, retained__gt=0).order_by()
    for invoice, place, amount in found.values_list("application__invoice", "milestone__position", "retained"):
        of_lines[invoice][place] = of_lines[invoice].get(place, money.ZERO) + amount
    whole: dict[int, tuple[date, int, Decimal]] = {}
    held = Retention.objects.using(using).filter(contract=contract).order_by()
    for day, invoice, position, amount in held.values_list(
        "invoice__issued_on", "invoice", Coalesce(*OF_INVOICE), "held"
    ):
        before = whole[invoice][2] if invoice in whole else money.ZERO
        whole[invoice] = day, position or 0, before + amount
    for one in credited:
        if one.amount:
            day, position, amount = whole[one.invoice]
            whole[one.invoice] = day, position, amount + one.amount
    left = {invoice: of_lines.get(invoice) or {position: sum_} for invoice, (_day, position, sum_) in whole.items()}
    rows = [(whole[invoice][0], place, amount) for invoice, parts in left.items() for place, amount in parts.items()]
    return left, rows


def _rise(one: Fallen, left: dict[int, Decimal], gone: dict[int, Decimal], *, currency: str) -> Dated:
    """What was released in error is kept back again of the lines of which it had been released, in proportion."""
    rows = []
    for place, part in zip(gone, money.split(-one.amount, list(gone.values()), currency), strict=True):
        left[place] += part
        rows.append((one.day, place, part))
    return [row for row in rows if row[2]]


def _fall(one: Fallen, left: dict[int, Decimal], *, currency: str) -> Dated:
    """Of the line of which it was kept back, as far as that goes; else of all lines in proportion."""
    parts = dict.fromkeys(left, money.ZERO)
    if one.own is not None and one.own in left:
        parts[one.own] = min(one.amount, left[one.own])
    rest = one.amount - money.total(parts.values())
    if rest:
        weights = [amount - parts[place] for place, amount in left.items()]
        shares = weights if rest == money.total(weights) else money.split(rest, weights, currency)
        for place, share in zip(left, shares, strict=True):
            parts[place] += share
    for place, part in parts.items():
        left[place] -= part
    return [(one.day, place, -part) for place, part in parts.items() if part]
