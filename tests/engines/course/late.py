"""What is paid late: how much of a bill is owed on which day, and what has come of it. Nothing here knows the product.

Interest is reckoned day by day: each day bears it on what was owed, open and not in dispute at the end of the day
before it. What was credited never was owed; what was charged back is owed again from its withdrawal on.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

ZERO: Final = Decimal(0)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class ToPay:
    """What was agreed of paying: in how many days, and what being late costs: percent a year of so many days, and a fee
    once for each bill."""

    days: int = 30
    rate: Decimal = ZERO
    fee: Decimal = ZERO
    year: int = 365

    @property
    def is_late_agreed(self) -> bool:
        return bool(self.rate or self.fee)


IN_A_MONTH: Final = ToPay()


@dataclass(frozen=True)
class NotOwed:
    """So much of a bill nobody could ask for from one day to another; None: from its beginning, or until further
    notice."""

    amount: Decimal
    since: date | None = None
    until: date | None = None
    released: date | None = None
    """Where it was withheld for a defect that is settled: on which day."""

    def on(self, day: date) -> Decimal:
        begun = self.since is None or self.since <= day
        return self.amount if begun and (self.until is None or day < self.until) else ZERO


@dataclass(frozen=True)
class Paid:
    """Money that came on a day; below zero it came free again, as if so much less had come then."""

    amount: Decimal
    on: date


def interest(
    terms: ToPay, *, owed: Decimal, not_owed: list[NotOwed], paid: list[Paid], after: date, today: date, due_on: date
) -> tuple[Decimal, bool]:
    """Interest of the days after ``after`` until today, rounded once; and whether something was overdue on any."""
    by_days, was_overdue = ZERO, False
    day = after + DAY
    while day <= today:
        before = day - DAY
        open_ = owed - sum((one.on(before) for one in not_owed), ZERO)
        open_ -= sum((one.amount for one in paid if one.on <= before), ZERO)
        if open_ > 0:
            by_days += open_
            was_overdue = was_overdue or day > due_on
        day += DAY
    exact = by_days * terms.rate / (100 * terms.year)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP), was_overdue
