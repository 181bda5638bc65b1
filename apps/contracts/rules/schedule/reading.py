"""From rows of cells to the lines of a plan, with what is wrong said row by row and column by column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar

from apps.contracts.drafts import DraftCriterion, DraftLine, LineTerms
from apps.contracts.rules.checks import MOST_CRITERIA, MOST_LINES, check_line
from apps.contracts.rules.plan import AMOUNT, PERCENT, REMAINDER, TOTAL, check_percent
from apps.contracts.rules.retention import check_own_rate
from apps.contracts.rules.schedule import due_cells, measure_cells, plan_cells
from apps.contracts.rules.schedule import words as known
from apps.contracts.rules.schedule.cells import Cell, Formula, as_text, is_empty
from apps.contracts.rules.schedule.columns import (
    DISCOUNTS,
    LENGTHS,
    NUMBERS,
    OTHER_NUMBERS,
    Column,
    Header,
    find_header,
)
from apps.contracts.rules.schedule.dates import DateOrder, day_of, is_date, order_is_open, order_of
from apps.contracts.rules.schedule.guard import unguarded
from apps.contracts.rules.schedule.numbers import DecimalSign, sign_is_open, sign_of, value_of
from apps.contracts.rules.schedule.own_cells import own_terms
from apps.contracts.rules.schedule.report import Problem, ReadRow, Schedule, plans_of
from apps.contracts.rules.schedule.table import Table
from apps.contracts.rules.words import required, trimmed
from apps.core.errors import Refused

MOST_ROWS: Final = 30_000
"""Rows of a file, whatever stands in them; of milestones a plan has at most 10,000."""
T = TypeVar("T")


def read_schedule(
    rows: Sequence[Sequence[Cell]],
    *,
    currency: str,
    decimal: DecimalSign | None = None,
    dates: DateOrder | None = None,
) -> Schedule:
    """Read a table whose amounts are in ``currency``. Nothing is guessed that could be read in two ways.

    ``decimal`` and ``dates`` answer what a column leaves open; None lets each column tell by itself.
    """
    if not any(not is_empty(cell) for row in rows for cell in row):
        return _failed(Refused("The file is empty."))
    if len(rows) > MOST_ROWS:
        return _failed(Refused("The file has more than {most} rows. Split it into several contracts.", most=MOST_ROWS))
    header = find_header(rows)
    if header is None:
        return _failed(
            Refused(
                "No row names the columns. Put one above the milestones that has at least Milestone, and Percent or"
                " Amount."
            )
        )
    return _Reader(rows, header, currency, decimal, dates).read()


def _failed(refusal: Refused) -> Schedule:
    return Schedule(rows=(), problems=(Problem(0, "", refusal),))


class _Reader:
    """Holds what the cells of one file have in common while they are read."""

    def __init__(
        self,
        rows: Sequence[Sequence[Cell]],
        header: Header,
        currency: str,
        decimal: DecimalSign | None,
        dates: DateOrder | None,
    ) -> None:
        self.header, self.currency = header, currency
        self.problems: list[Problem] = []
        self.found: list[ReadRow] = []
        self.table = Table(rows, header)
        numbers = list(self.table.texts(*NUMBERS, *OTHER_NUMBERS))
        maybe = self.table.texts(Column.START, Column.COUNT)
        days = [*self.table.texts(Column.PLANNED_ON), *filter(is_date, maybe)]
        self.decimal = decimal or sign_of([text for text in numbers if known.basis_of(text) is None], currency=currency)
        self.dates = dates or order_of(days)
        self.shows_decimal, self.shows_dates = bool(numbers), any("/" in day for day in days)

    def read(self) -> Schedule:
        for name in self.header.doubled:
            self._problem(self.header.row + 1, name, Refused("Another column means the same. Keep one of them."))
        if not any(column in self.header.places for column in (*NUMBERS, Column.UNIT_PRICE, Column.BASIS)):
            self._problem(
                self.header.row + 1, "", Refused("No column says what a milestone is worth: add Percent or Amount.")
            )
        self._ask_what_is_open()
        for number, row in self.table.body():
            cells = {column: row[place] if place < len(row) else None for column, place in self.header.places.items()}
            if all(is_empty(cell) for cell in cells.values()):
                continue
            if self._continues(cells):
                self._criterion(self.found[-1], number, cells)
            else:
                self._milestone(number, cells)
        self._check_the_whole()
        return Schedule(
            rows=self.found,
            problems=sorted(self.problems, key=lambda problem: problem.row),
            columns=list(self.header.names.values()),
            ignored=self.header.ignored,
            skipped_total=self.table.total_row,
            decimal=self.decimal if self.shows_decimal else None,
            dates=self.dates if self.shows_dates else None,
        )

    def _ask_what_is_open(self) -> None:
        """Where every cell of a column can be read in two ways, a person has to say which is meant."""
        if self.decimal is None:
            self._problem(0, ", ".join(self._names(*NUMBERS)), sign_is_open())
        if self.dates is None:
            self._problem(0, ", ".join(self._names(Column.PLANNED_ON)), order_is_open())

    def _continues(self, cells: Mapping[Column, Cell]) -> bool:
        """Whether the row only adds a criterion to the milestone above."""
        return bool(self.found) and plan_cells.continues(cells, plan=self.found[-1].plan)

    def _milestone(self, number: int, cells: Mapping[Column, Cell]) -> None:
        read = ReadRow(number, DraftLine(""))
        self.found.append(read)
        title = self._text(read, number, cells, Column.TITLE, what="name of a milestone", needed=True)
        scope = self._text(read, number, cells, Column.SCOPE, what="description of a milestone")
        read.line = replace(read.line, title=title, scope=scope, planned_on=self._day(read, number, cells))
        read.line = replace(read.line, own=self._own(read, number, cells))
        self._due(read, number, cells)
        (self._measured if measure_cells.stands_in(cells) else self._portion)(read, number, cells)
        self._criterion(read, number, cells)
        self._plan(read, number, cells)

    def _plan(self, read: ReadRow, number: int, cells: Mapping[Column, Cell]) -> None:
        """Of which plan the line is one: of that of the row above, unless the row names another."""
        above = self.found[-2].plan if len(self.found) > 1 else ""
        read.plan = " ".join(self._text(read, number, cells, Column.PLAN, what="name of the plan").split()) or above
        for column in DISCOUNTS:
            reading = partial(plan_cells.discount, column, cells, read.discount, self.decimal, self.currency)
            read.discount = self._try(read, number, column, reading, None) or read.discount

    def _own(self, read: ReadRow, number: int, cells: Mapping[Column, Cell]) -> LineTerms:
        """What the line says in the place of the contract's terms; empty cells say nothing."""

        def said(column: Column, reading: Callable[[Cell], T], instead: T) -> T:
            return self._try(read, number, column, lambda: reading(cells.get(column)), instead)

        return own_terms(said, plain=self._plain, rate=self._rate, percent=self._value)

    def _due(self, read: ReadRow, number: int, cells: Mapping[Column, Cell]) -> None:
        """Of which kind the line is, and when it is billed if nobody signs it off."""

        def said(column: Column) -> Any:
            reading = partial(due_cells.read_cell, column, cells.get(column), self.dates)
            return self._try(read, number, column, reading, None)

        found = {column: said(column) for column in due_cells.COLUMNS}
        count = partial(due_cells.counted, found, read.line.planned_on)
        found[Column.COUNT] = self._try(read, number, Column.COUNT, count, None)
        read.line = self._try(read, number, Column.KIND, lambda: due_cells.with_due(read.line, found), read.line)

    def _criterion(self, read: ReadRow, number: int, cells: Mapping[Column, Cell]) -> None:
        text = self._text(read, number, cells, Column.CRITERION, what="acceptance criterion")
        cell, word = cells.get(Column.EVIDENCE), cells.get(Column.NATURE)
        needs = self._try(read, number, Column.EVIDENCE, lambda: known.mark_of(self._plain(cell)), False)
        nature = self._try(read, number, Column.NATURE, lambda: known.nature_of(self._plain(word)), "")
        if (needs or nature) and is_empty(cells.get(Column.CRITERION)):
            refusal = Refused("No criterion stands in this row, so there is nothing to prove.")
            self._problem(number, self._name(Column.EVIDENCE), refusal, read)
        if text:
            criteria = (*read.line.criteria, DraftCriterion(text, needs, nature))
            read.line = replace(read.line, criteria=criteria)
            if len(criteria) == MOST_CRITERIA + 1:
                refusal = Refused("A milestone has at most {most} acceptance criteria.", most=MOST_CRITERIA)
                self._problem(number, self._name(Column.CRITERION), refusal, read)

    def _measured(self, read: ReadRow, number: int, cells: Mapping[Column, Cell]) -> None:
        """What the line is worth by its quantity."""
        reading = partial(measure_cells.measured, read.line, cells, currency=self.currency, number=self._value)
        read.line = self._try(read, number, Column.QUANTITY, reading, replace(read.line, basis=AMOUNT))

    def _portion(self, read: ReadRow, number: int, cells: Mapping[Column, Cell]) -> None:
        """What the line is worth. A percent sign in the column of amounts, and ``remainder`` in either, are meant."""
        word = cells.get(Column.BASIS)
        said = self._try(read, number, Column.BASIS, lambda: known.said_basis(self._plain(word)), None)
        values: dict[str, Decimal] = {}
        for column in NUMBERS:
            cell = cells.get(column)
            if is_empty(cell):
                continue
            if isinstance(cell, str) and known.basis_of(cell) == REMAINDER:
                said = said or REMAINDER
                continue
            found = self._try(read, number, column, lambda cell=cell, column=column: self._number(cell, column), None)  # type: ignore[misc]
            if found is None:
                said = said or (PERCENT if column is Column.PERCENT else AMOUNT)
            elif found[0] in values:
                self._problem(number, self._name(column), Refused("This row has two percentages. Keep one."), read)
            else:
                values[found[0]] = found[1]
        basis = said or next(iter(values), "")
        odd = [kind for kind in values if kind != (AMOUNT if basis == TOTAL else basis)]
        if odd:
            refusal = Refused("This row says both a percentage and an amount, or more than the remainder. Keep one.")
            self._problem(number, self._name(Column.AMOUNT) or self._name(Column.PERCENT), refusal, read)
        if not basis and not read.problems:
            refusal = Refused("Say what this milestone is worth: a percentage, an amount, or the word remainder.")
            self._problem(number, self._name(Column.PERCENT) or self._name(Column.AMOUNT), refusal, read)
        read.line = replace(read.line, basis=basis or PERCENT, percent=values.get(PERCENT), amount=values.get(AMOUNT))

    def _value(self, cell: Cell) -> Decimal | None:
        """The number of a cell; None of an empty one, and while nobody has said how its column is to be read."""
        found = None if is_empty(cell) else value_of(cell, sign=self.decimal, currency=self.currency)
        self.found[-1].is_open |= found is None and not is_empty(cell)
        return found[0] if found is not None else None

    def _rate(self, cell: Cell) -> Decimal | None:
        """The own rate of retention; an empty cell says nothing, and 0 is a rate."""
        rate = self._value(cell)
        if rate is not None:
            check_own_rate(rate)
        return rate

    def _number(self, cell: Cell, column: Column) -> tuple[str, Decimal] | None:
        """The kind and the value of a number; None while nobody has said how its column is to be read."""
        found = plan_cells.worth(column, cell, sign=self.decimal, currency=self.currency)
        self.found[-1].is_open |= found is None
        if found is not None and found[0] == PERCENT:
            check_percent(found[1], line=len(self.found))
        return found

    def _day(self, read: ReadRow, number: int, cells: Mapping[Column, Cell]) -> date | None:
        reading = partial(day_of, cells.get(Column.PLANNED_ON), plain=self._plain, order=self.dates)
        return self._try(read, number, Column.PLANNED_ON, reading, None)

    def _text(
        self,
        read: ReadRow,
        number: int,
        cells: Mapping[Column, Cell],
        column: Column,
        *,
        what: str,
        needed: bool = False,
    ) -> str:
        keep = required if needed else trimmed

        def text() -> str:
            return keep(unguarded(self._plain(cells.get(column))), most=LENGTHS[column], what=what, field="lines")

        return self._try(read, number, column, text, "")

    def _plain(self, cell: Cell) -> str:
        if isinstance(cell, Formula):
            raise Refused("This cell holds a formula, and formulas are not reckoned here. Paste its value instead.")
        return as_text(cell)

    def _try(self, read: ReadRow, number: int, column: Column, reading: Callable[[], T], instead: T) -> T:
        try:
            return reading()
        except Refused as refused:
            self._problem(number, self._name(column), refused, read)
            return instead

    def _check_the_whole(self) -> None:
        if not self.found:
            self._problem(0, "", Refused("There is no milestone below the names of the columns."))
        if len(self.found) > MOST_LINES:
            self._problem(0, "", Refused("A plan has at most {most} lines.", most=MOST_LINES))
        for place, plan in enumerate(plans_of(self.found)):
            for read, refusal in plan.wrong(is_base=not place):
                self._problem(read.row, "", refusal, read)
            for position, read in enumerate(plan.rows, start=1):
                if not read.is_fine:
                    continue
                # What a draft refuses is refused here, with the row named: the rules are the same.
                try:
                    read.line = check_line(read.line, position=position, currency=self.currency)
                except Refused as refused:
                    self._problem(read.row, "", refused, read)

    def _problem(self, row: int, column: str, refusal: Refused, read: ReadRow | None = None) -> None:
        found = Problem(row, column, refusal)
        self.problems.append(found)
        if read is not None:
            read.problems.append(found)

    def _name(self, column: Column) -> str:
        return self.header.names.get(column, "")

    def _names(self, *columns: Column) -> list[str]:
        return [self._name(column) for column in columns if self._name(column)]
