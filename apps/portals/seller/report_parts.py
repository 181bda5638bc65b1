"""What the reports of revenue share: whose, the rows with what they lead to, months, and plots of their columns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.contracts.rules.schedule import Cell
from apps.core import money
from apps.ledger.rules import guarded
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.charts import Bars, Chart, Series
from apps.portals.paging import PAGE, Page, page_of

PLOTTED: Final = 8
"""Contracts of a plot: those with the largest figures."""
SHOWN: Final = 100
"""Rows of a page; the file has all."""
AT_ONCE: Final = 1_000
"""Rows of a file that are read together."""
ZERO: Final = money.ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose report, in which currency, on which day where the seller is, and which page of it."""

    request: HttpRequest
    actor: Actor
    currency: str
    today: date
    zone: ZoneInfo

    @property
    def whose(self) -> dict[str, Any]:
        return {"organisation_id": self.actor.organisation_id, "currency": self.currency}

    def contracts(self) -> QuerySet[Contract, Contract]:
        """Those that were signed: what is billed before anything is earned stands in books too."""
        mine = Contract.objects.of_seller(self.actor).filter(active_version__isnull=False, currency=self.currency)
        return mine.select_related("buyer")

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
    page: Page[Any] | None = None
    lines: "Listed | None" = None
    """Where there may be more rows than a page has: all of them."""
    sums: Mapping[int, Decimal] | None = None
    """By column what all rows add up to, where not all are here."""

    @property
    def totals(self) -> list[Decimal | None]:
        """Below each column of amounts what it adds up to."""
        if self.sums is not None:
            return [self.sums.get(column) for column in range(len(self.heads))]
        columns = zip(*(row.cells for row in self.rows), strict=True)
        return [
            money.total(one for one in column if isinstance(one, Decimal))
            if any(isinstance(one, Decimal) for one in column)
            else None
            for column in columns
        ]

    def all(self) -> Iterator[Row]:
        """Every row, on this page or not."""
        return iter(self.rows) if self.lines is None else self.lines.all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Rows that may be many: ``found`` of the database, the newest first, and how some of them are shown."""

    found: QuerySet[Any, Any]
    shown: Callable[[Sequence[Any]], list[Row]]
    key: str = "ref"
    among: QuerySet[Any, Any] | None = None
    """Where it is dear to find them: more rows, cheap to find, of which ``shown`` shows those that are meant."""

    def page(self, request: HttpRequest, *, size: int = PAGE) -> tuple[list[Row], Page[Any]]:
        """The page that the address names, and its neighbours."""
        page = page_of(request, self.found, size=size, key=self.key)
        return self.shown(page.rows), page

    def all(self) -> Iterator[Row]:
        """Every row; a thousand are read together, and none twice."""
        found = self.found if self.among is None else self.among
        last: int | None = None
        while True:
            rows = found if last is None else found.filter(pk__lt=last)
            some = list(rows.order_by("-pk")[:AT_ONCE])
            yield from self.shown(some)
            if len(some) < AT_ONCE:
                return
            last = some[-1].pk


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


def by_pk(asked: Asked, contracts: Sequence[int]) -> list[Contract]:
    """Some contracts, in the order in which they are named."""
    found = asked.contracts().in_bulk(contracts)
    return [found[pk] for pk in contracts if pk in found]


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
