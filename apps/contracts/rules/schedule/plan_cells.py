"""What a line is worth, and what a plan costs less than the base plan, in the cells of a file."""

from decimal import Decimal

from apps.contracts.rules.plan import AMOUNT, PERCENT
from apps.contracts.rules.schedule.cells import Cell, is_empty
from apps.contracts.rules.schedule.columns import Column
from apps.contracts.rules.schedule.numbers import DecimalSign, value_of
from apps.core import money


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


def discount(column: Column, cell: Cell, *, sign: DecimalSign | None, currency: str) -> tuple[str, Decimal] | None:
    """A percentage or an amount, by its kind; None of an empty cell, and while nobody has said how its column is to be
    read."""
    found = None if is_empty(cell) else value_of(cell, sign=sign, currency=currency)
    if found is None:
        return None
    value, is_percent = found
    return PERCENT if is_percent or column is Column.DISCOUNT_PERCENT else AMOUNT, value
