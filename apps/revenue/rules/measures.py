"""How much of an obligation is satisfied: measures of progress (IFRS 15.31-45 and B14-B19, ASC 606-10-25-23 to 37).

Every measure is a fraction between nothing and the whole. What is accepted is an output; days and costs are inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from apps.core import money

WHOLE = Fraction(1)
NOTHING = Fraction(0)


def at_a_point_in_time(*, is_accepted: bool) -> Fraction:
    """Control passes with the acceptance, and nothing before (IFRS 15.38, B83-B86)."""
    return WHOLE if is_accepted else NOTHING


def by_output(accepted: Decimal, *, agreed: Decimal) -> Fraction:
    """What was accepted of what was agreed, both in the same unit (IFRS 15.B15)."""
    if not 0 <= accepted <= agreed or agreed == 0:
        raise ValueError(f"{accepted} of {agreed} is no share of it")
    return Fraction(accepted) / Fraction(agreed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One period of an obligation that is satisfied over time: both days included, and what it weighs."""

    first: date
    last: date
    weight: Decimal

    def elapsed(self, through: date) -> Fraction:
        """Which part of its days has passed with the end of a day."""
        days = (self.last - self.first).days + 1
        passed = (through - self.first).days + 1
        return min(max(Fraction(passed, days), NOTHING), WHOLE)


def over_time(spans: Sequence[Span], *, through: date, agreed: Decimal) -> Fraction:
    """The days that have passed, each period by its weight; what has no dates yet counts as to come (IFRS 15.B18)."""
    done = sum((one.elapsed(through) * Fraction(one.weight) for one in spans), NOTHING)
    return done / Fraction(agreed)


def days_passed(first: date, last: date, *, through: date) -> Decimal:
    """How many days of an obligation that is satisfied evenly have passed, both its first and its last included."""
    return Decimal(min(max((through - first).days + 1, 0), (last - first).days + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Costs of an obligation; ``uninstalled`` are of materials that the buyer controls before they are built in."""

    incurred: Decimal
    expected: Decimal
    uninstalled: Decimal = money.ZERO
    uninstalled_expected: Decimal = money.ZERO


def cost_to_cost(costs: Costs) -> Fraction:
    """Costs incurred of costs expected, materials that are not installed left out on both sides (IFRS 15.B19)."""
    expected = costs.expected - costs.uninstalled_expected
    if expected <= 0:
        raise ValueError("without expected costs there is nothing to measure by")
    return min(Fraction(costs.incurred - costs.uninstalled) / Fraction(expected), WHOLE)


def cost_to_cost_revenue(price: Decimal, costs: Costs) -> Fraction:
    """Cumulative revenue, exact: uninstalled materials at their cost, all else by progress (IFRS 15.B19(b))."""
    return cost_to_cost(costs) * Fraction(price - costs.uninstalled_expected) + Fraction(costs.uninstalled)
