"""What the reports of revenue share: whose, the rows with what they lead to, months, and plots of their columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.contracts.rules.schedule import Cell
from apps.core import money
from apps.ledger.rules import guarded
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.charts import Bars, Chart, Series

PLOTTED: Final = 8
"""Contracts of a plot: those with the largest figures."""
MOST: Final = 10_000
"""Rows of a file."""
ZERO: Final = money.ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose report, in which currency, on which day where the seller is."""

    actor: Actor
    currency: str
    today: date
    zone: ZoneInfo

    @property
    def whose(self) -> dict[str, Any]:
        return {"organisation_id": self.actor.organisation_id, "currency": self.currency}

    def contracts(self) -> list[Contract]:
        """Those that were signed, the newest first: what is billed before anything is earned stands in books too."""
        mine = Contract.objects.of_seller(self.actor).filter(active_version__isnull=False, currency=self.currency)
        return list(mine.select_related("buyer").order_by("-pk")[:MOST])

    def day(self, at: datetime | None) -> date | None:
        return at.astimezone(self.zone).date() if at is not None else None


Cells = list[str | Decimal | date | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a report; ``url`` leads to what it is about, ``links`` by column to the rows that a figure counts."""

    cells: Sequence[str | Decimal | date | int | None]
    url: str = ""
    links: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Heads, rows and a plot; figures are amounts in one currency, whole numbers are days; ``note`` says how they are
    reckoned, where that has to be said, and ``links`` leads by column to the rows of the totals."""

    heads: Sequence[str]
    rows: Sequence[Row]
    chart: Chart
    note: str = ""
    links: Mapping[int, str] = field(default_factory=dict)

    @property
    def totals(self) -> list[Decimal | None]:
        """Below each column of amounts what it adds up to."""
        columns = zip(*(row.cells for row in self.rows), strict=True)
        return [
            money.total(one for one in column if isinstance(one, Decimal))
            if any(isinstance(one, Decimal) for one in column)
            else None
            for column in columns
        ]


def spread() -> str:
    """How what is still to be earned comes to its months and years."""
    return _(
        "Expected: what recurs and what is earned evenly, by its days; what is measured by costs, evenly from today to"
        " its planned day; all else on its planned day. Late is what is past its planned day and not earned."
    )


def later(month: date, months: int) -> date:
    year, number = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(year, number + 1, 1)


def months_of(asked: Asked, *, before: int, after: int) -> list[date]:
    first = asked.today.replace(day=1)
    return [later(first, number) for number in range(-before, after + 1)]


def named(contract: Contract) -> tuple[list[str], str]:
    return [contract.number, contract.buyer.legal_name], reverse("seller:contract_revenue", args=[contract.ref])


def largest(rows: Sequence[Row], column: int) -> list[Row]:
    def size(row: Row) -> Decimal:
        value = row.cells[column]
        return abs(value) if isinstance(value, Decimal) else ZERO

    return sorted(rows, key=size, reverse=True)[:PLOTTED]


def bars(asked: Asked, rows: Sequence[Row], *, heads: Sequence[str], columns: Sequence[int], says: str) -> Bars:
    """A plot of some columns of the rows, by what stands first in each."""
    return Bars(
        title=", ".join(heads[column] for column in columns),
        says=says,
        labels=[str(row.cells[0]) for row in rows] or ["\N{EN DASH}"],
        series=[
            Series(
                name=heads[column],
                values=[one if isinstance(one := row.cells[column], Decimal) else ZERO for row in rows] or [ZERO],
            )
            for column in columns
        ],
        currency=asked.currency,
    )


Shown = tuple[str, str, bool, str]
"""Head, text, whether it is a figure, and where it leads."""


def shown(heads: Sequence[str], cells: Sequence[object], currency: str, links: Mapping[int, str]) -> list[Shown]:
    """The cells of a row as they are read; of nothing there are no rows to lead to."""
    found = []
    for column, (head, cell) in enumerate(zip(heads, cells, strict=True)):
        url = links.get(column, "") if cell else ""
        found.append((head, _text(cell, currency), isinstance(cell, Decimal | int), url))
    return found


def in_file(cell: str | Decimal | date | int | None) -> Cell:
    """A cell of a file: what people typed never begins a formula, and figures stay figures."""
    if isinstance(cell, str):
        return guarded(cell)
    return Decimal(cell) if isinstance(cell, int) else cell


def _text(cell: object, currency: str) -> str:
    if isinstance(cell, Decimal):
        return formats.number(cell, currency)
    if isinstance(cell, date):
        return formats.day(cell)
    return "\N{EN DASH}" if cell is None else str(cell)
