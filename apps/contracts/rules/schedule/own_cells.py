"""The cells of what a milestone has in the place of the contract's terms, and of what it waits for."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, Protocol, TypeVar

from apps.contracts.drafts import LineTerms
from apps.contracts.rules.payment_documents import check_names
from apps.contracts.rules.schedule import words as known
from apps.contracts.rules.schedule.cells import Cell
from apps.contracts.rules.schedule.columns import Column
from apps.contracts.rules.schedule.guard import guarded, unguarded
from apps.contracts.rules.schedule.numbers import whole_of
from apps.contracts.rules.schedule.waiting_cells import read_waiting

T = TypeVar("T")


class Said(Protocol):
    """What a row says in a column; ``instead`` where that cannot be read, which is written down as a fault."""

    def __call__(self, column: Column, reading: Callable[[Cell], T], instead: T) -> T: ...


Number = Callable[[Cell], Decimal | None]


def own_terms(said: Said, *, plain: Callable[[Cell], str], rate: Number, percent: Number) -> LineTerms:
    """The own terms of a row; empty cells say nothing. ``plain`` is the text of a cell, ``rate`` its rate of retention,
    ``percent`` that of a period of damages or bonus."""

    def mark(cell: Cell) -> bool:
        return known.mark_of(plain(cell))

    def either(cell: Cell) -> bool | None:
        """Yes, no, or as in the contract."""
        return known.mark_of(text) if (text := plain(cell)).strip() else None

    return LineTerms(
        review_days=said(Column.REVIEW_DAYS, whole_of, None),
        silence=said(Column.SILENCE, lambda cell: known.silence_of(plain(cell)), ""),
        is_cumulative=said(Column.CUMULATIVE, mark, False),
        retention_rate=said(Column.RETENTION, rate, None),
        is_materials=said(Column.MATERIALS, mark, False),
        documents=said(Column.DOCUMENTS, lambda cell: read_documents(plain(cell)), ()),
        condition=said(Column.WAITING, lambda cell: read_waiting(plain(cell)), None),
        payment_days=said(Column.PAYMENT_DAYS, whole_of, None),
        partial_acceptance=said(Column.PARTS, either, None),
        needs_inspection=said(Column.INSPECTION, either, None),
        two_acceptors=said(Column.ACCEPTORS, either, None),
        question_suspensions=said(Column.QUESTIONS, whole_of, None),
        damages_percent=said(Column.DAMAGES, percent, None),
        bonus_percent=said(Column.BONUS, percent, None),
        tax_category=said(Column.TAX, lambda cell: known.tax_of(plain(cell)), ""),
        tax_rate=said(Column.TAX_RATE, percent, None),
        exemption_reason=said(Column.EXEMPTION, lambda cell: unguarded(plain(cell).strip()), ""),
        exemption_code=said(Column.EXEMPTION_CODE, lambda cell: plain(cell).strip().upper(), ""),
    )


OWN_COLUMNS: Final[Mapping[Column, str]] = {
    Column.PAYMENT_DAYS: "payment_days",
    Column.PARTS: "partial_acceptance",
    Column.INSPECTION: "needs_inspection",
    Column.ACCEPTORS: "two_acceptors",
    Column.QUESTIONS: "question_suspensions",
    Column.DAMAGES: "damages_percent",
    Column.BONUS: "bonus_percent",
    Column.TAX: "tax_category",
    Column.TAX_RATE: "tax_rate",
    Column.EXEMPTION: "exemption_reason",
    Column.EXEMPTION_CODE: "exemption_code",
}
"""Columns that a sheet has only where a line has such a term of its own, and the term."""


def written(own: LineTerms, *, marks: Mapping[bool, str]) -> dict[Column, Cell]:
    """The cells of these columns."""
    return {column: _cell(getattr(own, name), marks) for column, name in OWN_COLUMNS.items()}


def unsaid(plan: Iterable[LineTerms]) -> list[Column]:
    """The columns of these that no line says anything in."""
    owns = list(plan)
    return [column for column, name in OWN_COLUMNS.items() if all(getattr(own, name) in (None, "") for own in owns)]


def _cell(value: bool | int | Decimal | str | None, marks: Mapping[bool, str]) -> Cell:
    if isinstance(value, bool):
        return marks[value]
    if isinstance(value, str):
        return guarded(value) or None
    return Decimal(value) if value is not None else None


def read_documents(text: str) -> tuple[str, ...]:
    """The documents before payment that a cell names, one a line."""
    return check_names(unguarded(text.strip()).splitlines(), field="documents")
