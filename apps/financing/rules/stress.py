"""What comes in of a book if milestones slip and buyers pay late: many courses, drawn from a source of chance.

The source is handed in, so the same seed gives the same courses. Each position takes the same number of draws in every
course, whatever is assumed: so two runs of one seed differ by what was assumed, and not by chance.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import exp
from statistics import NormalDist
from typing import Final

from apps.core import money
from apps.financing.rules.price import HUNDRED

Chance = Callable[[], float]
"""The next number, evenly spread from 0 up to and without 1."""

WEEK: Final = 7
LONGEST: Final = 3650
"""Days: nothing is later than ten years."""
NORMAL: Final = NormalDist()
SMALLEST: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Position:
    """What a buyer owes or will owe, and when it is expected; before acceptance the milestone may slip as well."""

    face: Decimal
    expected_on: date
    is_accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is assumed. Days are means; ``volatility`` is the standard deviation of their logarithm, in per cent.

    ``default_rate`` is the chance in per cent that a position defaults; then ``lgd`` per cent of it is lost.
    """

    slip_days: int
    late_days: int
    volatility: int
    default_rate: Decimal
    lgd: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """One course: cash by week from today on, what is lost, and the mean days until the cash comes."""

    cash: dict[int, Decimal]
    lost: Decimal
    life: Decimal

    @property
    def total(self) -> Decimal:
        return money.total(self.cash.values())


@dataclass(frozen=True, slots=True)
class Band:
    """The 5th, 50th and 95th percentile of a figure over all courses: by nearest rank, so each is one that was met."""

    low: Decimal
    middle: Decimal
    high: Decimal


def courses(
    book: Sequence[Position], *, scenario: Scenario, today: date, runs: int, chance: Chance, currency: str
) -> list[Course]:
    """Draw so many courses. Cash and losses of each add up to what is owed, to the minor unit.

    Without volatility nothing is left to chance: dates move by the means, and the expected part of defaults is lost.
    """
    return [_course(book, scenario=scenario, today=today, chance=chance, currency=currency) for _run in range(runs)]


def _course(book: Sequence[Position], *, scenario: Scenario, today: date, chance: Chance, currency: str) -> Course:
    cash: dict[int, Decimal] = {}
    lost = weighted = paid = money.ZERO
    for position in book:
        slipped, late, failed = chance(), chance(), chance()
        days = _delay(scenario.late_days, scenario.volatility, late)
        if not position.is_accepted:
            days += _delay(scenario.slip_days, scenario.volatility, slipped)
        loss = _loss(position.face, scenario=scenario, failed=failed, currency=currency)
        away = (max(position.expected_on, today) - today).days + min(round(days), LONGEST)
        cash[away // WEEK] = cash.get(away // WEEK, money.ZERO) + position.face - loss
        lost += loss
        paid += position.face - loss
        weighted += (position.face - loss) * away
    return Course(cash, lost, weighted / paid if paid else money.ZERO)


def _delay(mean: int, volatility: int, drawn: float) -> float:
    """Days of a lognormal delay with this mean."""
    spread = volatility / 100
    if not spread:
        return float(mean)
    return mean * exp(spread * NORMAL.inv_cdf(min(max(drawn, SMALLEST), 1 - SMALLEST)) - spread**2 / 2)


def _loss(face: Decimal, *, scenario: Scenario, failed: float, currency: str) -> Decimal:
    if not scenario.volatility:
        return money.half_up(face * scenario.default_rate * scenario.lgd / (HUNDRED * HUNDRED), currency)
    if Decimal(failed) * HUNDRED >= scenario.default_rate:
        return money.ZERO
    return money.half_up(face * scenario.lgd / HUNDRED, currency)


def band(figures: Sequence[Decimal]) -> Band:
    """The percentiles of one figure over all courses."""
    ranked = sorted(figures)

    def at(share: int) -> Decimal:
        # Nearest rank: the smallest figure that at least this share of all figures does not exceed.
        return ranked[max(0, -(-share * len(ranked) // 100) - 1)]

    return Band(at(5), at(50), at(95))


def weekly(drawn: Sequence[Course], *, weeks: int) -> Iterator[Band]:
    """Cash of each week from today on; what comes later is not in it."""
    for week in range(weeks):
        yield band([course.cash.get(week, money.ZERO) for course in drawn])


def week_of(today: date, number: int) -> date:
    """The first day of a week of the courses."""
    return today + timedelta(days=WEEK * number)
