"""Unit-periods of Regulation Z, Appendix J, (b)(3) to (5): the interval by which a transaction counts time."""

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from itertools import pairwise

DAYS_IN_YEAR = 365


class Interval(IntEnum):
    """The standard intervals, with their days: all months are equal (30), as (b)(3)(iv) says."""

    DAY = 1
    WEEK = 7
    SEMIMONTH = 15
    MONTH = 30


PER_YEAR = {Interval.DAY: 365, Interval.WEEK: 52, Interval.SEMIMONTH: 24, Interval.MONTH: 12}


@dataclass(frozen=True, slots=True)
class UnitPeriod:
    """``count`` standard intervals, at most a year."""

    interval: Interval
    count: int = 1

    def __str__(self) -> str:
        name = self.interval.name.lower()
        return f"1 {name}" if self.count == 1 else f"{self.count} {name}s"

    @property
    def days(self) -> int:
        return self.interval * self.count

    @property
    def per_year(self) -> Decimal:
        return Decimal(PER_YEAR[self.interval]) / self.count

    def between(self, earlier: date, later: date) -> tuple[int, Decimal]:
        """Whole unit-periods, counted back from the later date, and the fraction of one that is left ((b)(5))."""
        if self.interval in (Interval.DAY, Interval.WEEK):
            days = (later - earlier).days
        else:
            months, rest = months_and_days(earlier, later)
            days = Interval.MONTH * months + rest
        whole, rest = divmod(days, self.days)
        return whole, Decimal(rest) / self.days


def months_and_days(earlier: date, later: date) -> tuple[int, int]:
    """Full months counted back from the later date, and the actual days before them."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    if _months_before(later, months) < earlier:
        months -= 1
    return months, (_months_before(later, months) - earlier).days


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def unit_period(advances: Sequence[date], payments: Sequence[date]) -> UnitPeriod:
    """The unit-period of a transaction ((b)(4)): the common period that occurs most often, the smaller of equals.

    Without a common period, the average of all periods, rounded to the nearest standard interval, the lower of equals.
    One advance and one payment: the term itself, at most a year ((b)(4)(ii)). Under a year it is measured in days,
    which (b)(5)(vi) permits beside months; from a year on in months where it is a whole number of them.
    """
    start = min(advances)
    if len(advances) == 1 and len(payments) == 1:
        return _of_term(start, payments[0])
    gaps = [*pairwise(sorted(advances)), *pairwise([start, *sorted(payments)])]
    periods = [(earlier, later) for earlier, later in gaps if later > earlier]
    occurring = Counter(_standard(earlier, later) for earlier, later in periods)
    common = [(unit, n) for unit, n in occurring.items() if n > 1 and unit.days <= DAYS_IN_YEAR]
    if common:
        return min(common, key=lambda found: (-found[1], found[0].days))[0]
    return _nearest_standard(Decimal(sum((later - earlier).days for earlier, later in periods)) / len(periods))


def _of_term(start: date, end: date) -> UnitPeriod:
    months, rest = months_and_days(start, end)
    if rest == 0 and months >= 12:
        return UnitPeriod(Interval.MONTH, 12)
    return UnitPeriod(Interval.DAY, min((end - start).days, DAYS_IN_YEAR))


def _standard(earlier: date, later: date) -> UnitPeriod:
    """The period as whole months, a semimonth, whole weeks, or days, whichever fits first."""
    months, rest = months_and_days(earlier, later)
    days = (later - earlier).days
    if rest == 0:
        return UnitPeriod(Interval.MONTH, months)
    if later.day - earlier.day == (15 if later.month == earlier.month else -15) and days < Interval.MONTH:
        return UnitPeriod(Interval.SEMIMONTH)
    if days % Interval.WEEK == 0:
        return UnitPeriod(Interval.WEEK, days // Interval.WEEK)
    return UnitPeriod(Interval.DAY, days)


def _nearest_standard(days: Decimal) -> UnitPeriod:
    standards = [UnitPeriod(Interval.DAY), UnitPeriod(Interval.SEMIMONTH)]
    standards += [UnitPeriod(Interval.WEEK, n) for n in range(1, 53)]
    standards += [UnitPeriod(Interval.MONTH, n) for n in range(1, 13)]
    return min(standards, key=lambda unit: (abs(unit.days - days), unit.days))
