"""What a line is worth, of which plan it is one and what that costs less than the base plan, in the cells of a file."""

from collections.abc import Mapping
from decimal import Decimal

from apps.contracts.rules.plan import AMOUNT, PERCENT
from apps.contracts.rules.schedule.cells import Cell, as_text, is_empty
from apps.contracts.rules.schedule.columns import Column
from apps.contracts.rules.schedule.guard import unguarded
from apps.contracts.rules.schedule.numbers import DecimalSign, value_of
from apps.core import money
from apps.core.errors import Refused

OF_A_CRITERION = (Column.CRITERION, Column.EVIDENCE, Column.NATURE, Column.PLAN)


def continues(cells: Mapping[Column, Cell], *, plan: str) -> bool:
    """Whether a row only adds a criterion to the line above, which is of a ``plan``: one that names another begins it,
    and without a line of its own it would be lost."""
    named = " ".join(unguarded(as_text(cells.get(Column.PLAN))).split())
    rest = (cell for column, cell in cells.items() if column not in OF_A_CRITERION)
    return named in ("", plan) and all(is_empty(cell) for cell in rest)


def worth(column: Column, cell: Cell, *, sign: DecimalSign | None, currency: str) -> tuple[str, Decimal] | None:
    """A percentage, or an amount that can be paid, by its kind; None while nobody has said how its column is to be
    read."""
    found = value_of(cell, sign=sign, currency=currency)
    if found is None:
        return None
    value, is_percent = found
    if is_percent or column is Column.PERCENT:
        return PERCENT, value
    return AMOUNT, money.payable(value, currency)


def discount(
    column: Column,
    cells: Mapping[Column, Cell],
    said: tuple[str, Decimal] | None,
    sign: DecimalSign | None,
    currency: str,
) -> tuple[str, Decimal] | None:
    """A percentage or an amount, by its kind; None of an empty cell, and while nobody has said how its column is to be
    read. ``said`` is what the row's other column says: one of both."""
    cell = cells.get(column)
    found = None if is_empty(cell) else value_of(cell, sign=sign, currency=currency)
    if found is None:
        return None
    if said is not None:
        raise Refused("Say the discount in percent or as an amount, not both.")
    value, is_percent = found
    return PERCENT if is_percent or column is Column.DISCOUNT_PERCENT else AMOUNT, value
