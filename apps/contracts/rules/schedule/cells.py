"""What a cell of a spreadsheet can hold, as far as a plan is concerned."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.core.canonical import plain


@dataclass(frozen=True, slots=True)
class Share:
    """A number that the spreadsheet shows as a percentage: 30 for a cell that shows 30 %."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that would be reckoned. It is never: what it comes to depends on the program that opens it."""

    text: str


Cell = str | Decimal | date | Share | Formula | None
"""``str`` for whatever was written as text, so every cell of a CSV file; a date has no time."""


def is_empty(cell: Cell) -> bool:
    """Whether nothing can be seen in the cell."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def as_text(cell: Cell) -> str:
    """The cell as it reads."""
    match cell:
        case None:
            return ""
        case Decimal():
            return plain(cell)
        case date():
            return cell.isoformat()
        case Share():
            return f"{plain(cell.percent)}%"
        case Formula():
            return cell.text
        case _:
            return cell
