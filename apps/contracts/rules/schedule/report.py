"""What was read of a file, and what is wrong in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from apps.contracts.drafts import DraftLine, DraftOption
from apps.contracts.rules.plan import PERCENT, REMAINDER
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
    """One milestone as it was read, with the row in which it begins, the plan of which it is one, what that plan costs
    less (a percentage or an amount, by its kind), and what is wrong in it."""

    row: int
    line: DraftLine
    problems: list[Problem] = field(default_factory=list)
    plan: str = ""
    discount: tuple[str, Decimal] | None = None
    is_open: bool = False
    """Whether it has a number that can be read in two ways, and nobody has said which is meant."""

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong in it, and nothing could yet turn out to be."""
        return not self.problems and not self.is_open


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """The rows of one plan, in the order in which they stand; without a name where the file names none."""

    name: str
    rows: Sequence[ReadRow]

    @property
    def lines(self) -> tuple[DraftLine, ...]:
        return tuple(row.line for row in self.rows)

    @property
    def option(self) -> DraftOption:
        """The plan as one that may be picked in the place of the base plan."""
        kind, value = next((row.discount for row in self.rows if row.discount is not None), ("", None))
        percent, amount = (value, None) if kind == PERCENT else (None, value)
        return DraftOption(self.name, self.lines, discount_percent=percent, discount=amount)

    def wrong(self, *, is_base: bool) -> Iterator[tuple[ReadRow, Refused]]:
        """What no plan may say, row by row."""
        rest = [row for row in self.rows if row.line.basis == REMAINDER]
        for row in rest[1:]:
            yield row, Refused("Only one line of the plan can be the remainder.")
        off = [row for row in self.rows if row.discount is not None]
        for row in off if is_base else off[1:]:
            yield (
                row,
                Refused("The first plan of the file has the contract's price; each other one says its discount once."),
            )


def plans_of(rows: Sequence[ReadRow]) -> list[SheetPlan]:
    """The plans of a file in the order in which they are named first; the first one is the base plan."""
    found: dict[str, list[ReadRow]] = {}
    for row in rows:
        found.setdefault(row.plan, []).append(row)
    return [SheetPlan(name, of_plan) for name, of_plan in found.items()]


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
    def plans(self) -> list[SheetPlan]:
        return plans_of(self.rows)

    @property
    def lines(self) -> tuple[DraftLine, ...]:
        """The lines of the base plan."""
        return self.plans[0].lines if self.rows else ()

    @property
    def plan_name(self) -> str:
        return self.plans[0].name if self.rows else ""

    @property
    def options(self) -> tuple[DraftOption, ...] | None:
        """The other plans; None of a file that names no plan, and says nothing of them."""
        if not any(row.plan for row in self.rows):
            return None
        return tuple(plan.option for plan in self.plans[1:])
