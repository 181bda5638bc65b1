"""Significant financing components: IFRS 15.60-65, ASC 606-10-32-15 to 20. The price is what would be paid in cash when
control passes; what time adds or takes is interest, and is never revenue."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from enum import StrEnum

from apps.core import money
from apps.core.errors import Refused

YEAR = 365
"""Days by which an annual rate counts (actual/365)."""
DIGITS = 40
"""Significant digits of a power whose exponent is no whole number; money is rounded from it once."""


class Compounding(StrEnum):
    NONE = "none"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """An amount that is paid long after control passes (``is_deferred``), or long before.

    ``amount`` is what is paid, net of tax; ``rate`` per cent a year, as in a financing of its own between the two.
    """

    amount: Decimal
    rate: Decimal
    compounding: Compounding
    starts_on: date
    ends_on: date
    is_deferred: bool

    def growth(self, through: date) -> Decimal:
        """What one unit has become with the end of a day: one until the first day, and no more after the last."""
        days = min(max((through - self.starts_on).days, 0), (self.ends_on - self.starts_on).days)
        with localcontext() as context:
            context.prec = DIGITS
            rate, years = self.rate / 100, Decimal(days) / YEAR
            if self.compounding is Compounding.NONE:
                return 1 + rate * years
            if self.compounding is Compounding.MONTHLY:
                return (1 + rate / 12) ** (years * 12)
            return (1 + rate) ** years

    def cash_price(self, currency: str) -> Decimal:
        """What would have been paid in cash: of what is deferred its present value, of what is prepaid itself."""
        if not self.is_deferred:
            return self.amount
        with localcontext() as context:
            context.prec = DIGITS
            return money.half_up(self.amount / self.growth(self.ends_on), currency)

    def interest(self, through: date, currency: str) -> Decimal:
        """Cumulative interest, rounded once: income where payment is deferred, else an expense."""
        base = self.cash_price(currency)
        if self.is_deferred and through >= self.ends_on:
            return self.amount - base
        with localcontext() as context:
            context.prec = DIGITS
            return money.half_up(base * (self.growth(through) - 1), currency)

    def adjusts(self, currency: str) -> Decimal:
        """By how much the price of what is promised differs from what is paid: less where payment is deferred."""
        whole = self.interest(self.ends_on, currency)
        return -whole if self.is_deferred else whole


def check_component(component: Component) -> Component:
    """One that can be computed; a year or less need not be one at all (the practical expedient of IFRS 15.63)."""
    if component.ends_on <= component.starts_on:
        raise Refused("The last day comes after the first one.", field="ends_on")
    if not Decimal(0) < component.rate <= Decimal(100):
        raise Refused("Enter a rate between 0 and 100% a year.", field="rate")
    return component
