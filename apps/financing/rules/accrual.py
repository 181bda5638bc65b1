"""How a prepaid charge becomes income: in proportion to the days gone by, cumulatively, so that it adds up exactly."""

from decimal import Decimal

from apps.core import money


def earned(charge: Decimal, *, day: int, days: int, currency: str) -> Decimal:
    """The part of a discount or fee that is earned at the end of ``day`` of ``days``: 0 on day 0, all on the last.

    Cumulative and rounded half up once, so that the differences between any days add up to the charge.
    """
    return money.half_up(charge * min(max(day, 0), days) / days, currency)
