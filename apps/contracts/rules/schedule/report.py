"""What was read of a file, and what is wrong in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from apps.contracts.drafts import DraftLine
from apps.contracts.rules.schedule.dates import DateOrder
from apps.contracts.rules.schedule.numbers import DecimalSign
from apps.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one place: the row as the spreadsheet counts it (0 for the whole file) and the column's name."""

    row: int
    column: str
    refusal: Refused


@dataclass(slots=True)
class ReadRow:
    """One milestone as it was read, with the row in which it begins and what is wrong in it."""

    row: int
    line: DraftLine
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What was read of a file; it can be imported when it has no ``problems``.

    ``decimal`` and ``dates`` tell how the columns were read, where there was something to read. ``columns`` are the
    names that were understood, ``ignored`` those that were not. ``skipped_total`` is the row of the sum at the foot.
    """

    rows: Sequence[ReadRow]
    problems: Sequence[Problem]
    columns: Sequence[str] = ()
    ignored: Sequence[str] = ()
    skipped_total: int = 0
    decimal: DecimalSign | None = None
    dates: DateOrder | None = None

    @property
    def lines(self) -> tuple[DraftLine, ...]:
        return tuple(row.line for row in self.rows)
