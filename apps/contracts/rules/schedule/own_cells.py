"""The cells of what a milestone has in the place of the contract's terms, and of what it waits for."""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol, TypeVar

from apps.contracts.drafts import LineTerms
from apps.contracts.rules.payment_documents import check_names
from apps.contracts.rules.schedule import words as known
from apps.contracts.rules.schedule.cells import Cell
from apps.contracts.rules.schedule.columns import Column
from apps.contracts.rules.schedule.guard import unguarded
from apps.contracts.rules.schedule.numbers import whole_of
from apps.contracts.rules.schedule.waiting_cells import read_waiting

T = TypeVar("T")


class Said(Protocol):
    """What a row says in a column; ``instead`` where that cannot be read, which is written down as a fault."""

    def __call__(self, column: Column, reading: Callable[[Cell], T], instead: T) -> T: ...


def own_terms(said: Said, *, plain: Callable[[Cell], str], rate: Callable[[Cell], Decimal | None]) -> LineTerms:
    """The own terms of a row; empty cells say nothing. ``plain`` is the text of a cell, ``rate`` its percentage."""

    def mark(cell: Cell) -> bool:
        return known.mark_of(plain(cell))

    return LineTerms(
        review_days=said(Column.REVIEW_DAYS, whole_of, None),
        silence=said(Column.SILENCE, lambda cell: known.silence_of(plain(cell)), ""),
        is_cumulative=said(Column.CUMULATIVE, mark, False),
        retention_rate=said(Column.RETENTION, rate, None),
        is_materials=said(Column.MATERIALS, mark, False),
        documents=said(Column.DOCUMENTS, lambda cell: read_documents(plain(cell)), ()),
        condition=said(Column.WAITING, lambda cell: read_waiting(plain(cell)), None),
    )


def read_documents(text: str) -> tuple[str, ...]:
    """The documents before payment that a cell names, one a line."""
    return check_names(unguarded(text.strip()).splitlines(), field="documents")
