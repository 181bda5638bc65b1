"""The annual percentage rate of Regulation Z (12 CFR 1026), Appendix J: the actuarial method.

The rate per unit-period solves ``Σ A / ((1 + e·i)(1 + i)^q) = Σ P / ((1 + f·i)(1 + i)^t)`` (paragraph (b)(8)), where
``q`` and ``t`` are whole unit-periods from the beginning of the term and ``e`` and ``f`` the fractions left over; the
annual rate is ``i`` times the unit-periods in a year.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, localcontext

from apps.financing.rules.unit_period import UnitPeriod, unit_period

Flow = tuple[date, Decimal]
"""When, and how much; always positive."""

PRECISION = 34
CLOSE_ENOUGH = Decimal("1e-15")


def annual_percentage_rate(advances: Sequence[Flow], payments: Sequence[Flow]) -> Decimal:
    """The APR in percent, not rounded. Payments add up to at least the advances, and none is before the first advance.

    One advance and one payment within a year is ``finance charge / amount financed × 365 / days`` ((b)(5)(vi)).
    """
    if sum(amount for _, amount in payments) < sum(amount for _, amount in advances):
        raise ValueError("The payments are less than the advances: there is no rate to disclose")
    return rate_by(unit_period([on for on, _ in advances], [on for on, _ in payments]), advances, payments)


def rate_by(unit: UnitPeriod, advances: Sequence[Flow], payments: Sequence[Flow]) -> Decimal:
    """The APR in percent by a stated unit-period: what a disclosure that names its unit-period was computed with."""
    start = min(on for on, _ in advances)
    lent = [(amount, *unit.between(start, on)) for on, amount in advances]
    paid = [(amount, *unit.between(start, on)) for on, amount in payments]
    with localcontext(prec=PRECISION):
        return _root(lent, paid) * unit.per_year * 100


Term = tuple[Decimal, int, Decimal]
"""Amount, whole unit-periods and the fraction of one."""


def _root(lent: list[Term], paid: list[Term]) -> Decimal:
    """The rate per unit-period, by halving an interval that holds it: slower than Newton, and never lost."""
    low, high = Decimal(0), Decimal(1)
    while _value(lent, high) < _value(paid, high):
        low, high = high, high * 2
    while high - low > CLOSE_ENOUGH:
        middle = (low + high) / 2
        if _value(lent, middle) < _value(paid, middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _value(terms: Iterable[Term], rate: Decimal) -> Decimal:
    return sum(
        (amount / ((1 + fraction * rate) * (1 + rate) ** whole) for amount, whole, fraction in terms), start=Decimal(0)
    )
