"""Sums that are exact until they are written down: fractions, rounded once."""

from decimal import Decimal
from fractions import Fraction

from apps.core import money


def rounded(value: Fraction, currency: str) -> Decimal:
    """Half away from zero to the currency's minor unit, as :func:`apps.core.money.half_up` does with decimals."""
    step = money.unit(currency)
    units = abs(value) / Fraction(step)
    whole = (units.numerator * 2 + units.denominator) // (units.denominator * 2)
    return step * (whole if value >= 0 else -whole)
