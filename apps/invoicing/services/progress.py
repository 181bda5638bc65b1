"""The schedule of values of a contract: from its plan, and from what was billed, credited, retained and released."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from apps.contracts.models import Contract, ContractVersion
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing import rules
from apps.invoicing.models import (
    CreditNote,
    Instalment,
    Invoice,
    InvoiceKind,
    Retention,
    RetentionShare,
    Withholding,
)
from apps.milestones.models import Milestone

Dated = list[tuple[date, int, Decimal]]
"""Amounts with their day and the position of their line."""


def progress(contract: Contract, *, since: date, until: date, using: str = "default") -> rules.Sheet:
    """The sheet of a period, both days included where the seller is, of a contract that the caller may see.

    Lines and price are those in force today. What was billed is what was accepted, or fell due by the calendar. Eight
    queries, however long the plan is. Refused before the contract is active, and once it was terminated: what was left
    of its plan then is in the settlement. ``using`` is the alias of the database whose eyes are used.
    """
    version = contract.active_version
    if version is None or contract.terminated_at is not None:
        raise Refused("Only a contract that is in force, or completed, has a schedule of values.")
    day_before = since - timedelta(days=1)
    net, tax = _billed(contract, using)
    held, withheld = _retained(contract, using), _withheld(contract, using)
    before, now, kept = _by_line(net, until=day_before), _by_line(net, until=until), _by_line(held, until=until)
    return rules.Sheet(
        original=_original(contract, version, using),
        price=version.price,
        lines=tuple(
            rules.SheetLine(
                position=position,
                title=title,
                scheduled=amount,
                before=before[position],
                completed=now[position],
                retained=kept[position],
                is_materials=is_materials,
            )
            for position, (title, amount, is_materials) in sorted(_scheduled(contract, using).items())
        ),
        before=_standing(net, tax, held, withheld, until=day_before),
        now=_standing(net, tax, held, withheld, until=until),
    )


def _standing(net: Dated, tax: Dated, held: Dated, withheld: Dated, *, until: date) -> rules.Standing:
    return rules.Standing(*(_sum(rows, until=until) for rows in (net, tax, held, withheld)))


def _sum(rows: Dated, *, until: date) -> Decimal:
    return money.total(amount for day, _position, amount in rows if day <= until)


def _by_line(rows: Dated, *, until: date) -> Mapping[int, Decimal]:
    """The same by the position of the line."""
    sums: defaultdict[int, Decimal] = defaultdict(lambda: money.ZERO)
    for day, position, amount in rows:
        if day <= until:
            sums[position] += amount
    return sums


def _original(contract: Contract, version: ContractVersion, using: str) -> Decimal:
    """The price of the version that both sides signed first: that which no change order made."""
    if version.change_order_id is None:
        return version.price
    chain = ContractVersion.plans.using(using).filter(
        contract=contract, changed_by__isnull=False, change_order__isnull=True
    )
    return chain.values_list("price", flat=True).order_by("pk")[0]


def _scheduled(contract: Contract, using: str) -> dict[int, tuple[str, Decimal, bool]]:
    """What each line comes to, and whether it is materials: its parts that were not cancelled, less what was withdrawn
    and goes on as another."""
    found: dict[int, tuple[str, Decimal, bool]] = {}
    parts = (
        Milestone.objects.using(using).live().filter(contract=contract).annotate(counts=F("amount") - F("nullified"))
    )
    periods = Instalment.objects.using(using).filter(contract=contract, cancelled_at__isnull=True)
    rows = [
        *parts.order_by("position", "part").values_list("position", "title", "counts", "line__is_materials"),
        *periods.order_by("position", "number").values_list("position", "title", "amount", "line__is_materials"),
    ]
    for position, title, amount, is_materials in rows:
        sum_ = amount + (found[position][1] if position in found else money.ZERO)
        found[position] = (title, sum_, is_materials)
    return found


def _billed(contract: Contract, using: str) -> tuple[Dated, Dated]:
    """Net and tax of every invoice of a line of the plan, less those of every credit note, on their day."""
    net: Dated = []
    tax: Dated = []
    of_plan = (InvoiceKind.MILESTONE, InvoiceKind.INSTALMENT)
    invoices = Invoice.objects.using(using).filter(contract=contract, kind__in=of_plan)
    notes = CreditNote.objects.using(using).filter(contract=contract, invoice__kind__in=of_plan)
    for sign, rows in ((1, _figures(invoices, "")), (-1, _figures(notes, "invoice__"))):
        for day, position, of_net, of_tax in rows:
            net.append((day, position, sign * of_net))
            tax.append((day, position, sign * of_tax))
    return net, tax


def _figures(rows: "QuerySet[Any, Any]", path: str) -> Iterable[tuple[date, int, Decimal, Decimal]]:
    place = Coalesce(F(f"{path}milestone__position"), F(f"{path}instalment__position"))
    return rows.order_by().values_list("issued_on", place, "net", "tax")


def _retained(contract: Contract, using: str) -> Dated:
    """What was retained of every invoice on its day, less what was released of it on that of its release."""
    held = Retention.objects.using(using).filter(contract=contract).order_by()
    gone = RetentionShare.objects.using(using).filter(release__contract=contract).order_by()
    return [
        *held.values_list("invoice__issued_on", "invoice__milestone__position", "held"),
        *(
            (day, position, -amount)
            for day, position, amount in gone.values_list(
                "release__released_on", "retention__invoice__milestone__position", "amount"
            )
        ),
    ]


def _withheld(contract: Contract, using: str) -> Dated:
    """The same of what is withheld for defects; its release is a moment."""
    zone = ZoneInfo(contract.seller.time_zone)
    found = Withholding.objects.using(using).filter(contract=contract).order_by()
    rows: Dated = []
    for day, position, gross, released_at in found.values_list(
        "invoice__issued_on", "invoice__milestone__position", "gross", "released_at"
    ):
        rows.append((day, position, gross))
        if released_at is not None:
            rows.append((released_at.astimezone(zone).date(), position, -gross))
    return rows
