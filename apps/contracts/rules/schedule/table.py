"""A table as it lies in a file: the rows below the names of the columns, without the sum at their foot."""

from collections.abc import Iterator, Sequence

from apps.contracts.rules.schedule import words
from apps.contracts.rules.schedule.cells import Cell, as_text, is_empty
from apps.contracts.rules.schedule.columns import NUMBERS, Column, Header, normal


class Table:
    """The rows of one file and where its columns stand. ``total_row`` is 0 when nothing is summed up at the foot."""

    def __init__(self, rows: Sequence[Sequence[Cell]], header: Header) -> None:
        self.rows, self.header = rows, header
        self.total_row = self._total_row()

    def body(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """The rows of milestones, numbered as the spreadsheet numbers them."""
        for number, row in enumerate(self.rows[self.header.row + 1 :], start=self.header.row + 2):
            if number != self.total_row:
                yield number, row

    def texts(self, *columns: Column) -> Iterator[str]:
        """What is written as text in these columns."""
        for column in columns:
            place = self.header.places.get(column)
            if place is not None:
                for _number, row in self.body():
                    cell = row[place] if place < len(row) else None
                    if isinstance(cell, str) and cell.strip():
                        yield cell

    def _total_row(self) -> int:
        """Where a column says how each line was agreed, a sum is the row that says only what it comes to: what we
        exported says how of every line, whatever it is called."""
        place = self.header.places[Column.TITLE]
        for number in range(len(self.rows), self.header.row + 1, -1):
            row = self.rows[number - 1]
            if any(not is_empty(cell) for cell in row):
                title = as_text(row[place]).strip() if place < len(row) else ""
                first = title or next(as_text(cell) for cell in row if not is_empty(cell))
                return number if normal(first) in words.TOTALS and not self._is_agreed(row) else 0
        return 0

    def _is_agreed(self, row: Sequence[Cell]) -> bool:
        """Whether a row says what only a line of the plan can say."""
        if Column.BASIS not in self.header.places:
            return False
        said = (place for column, place in self.header.places.items() if column not in (Column.TITLE, *NUMBERS))
        return any(place < len(row) and not is_empty(row[place]) for place in said)
