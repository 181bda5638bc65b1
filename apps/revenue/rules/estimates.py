"""What a variable amount is estimated to come to: IFRS 15.50-58, ASC 606-10-32-5 to 14."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from apps.core.errors import Refused
from apps.revenue.rules.exact import rounded


class Method(StrEnum):
    """By which of the two a variable amount is estimated (IFRS 15.53)."""

    MOST_LIKELY = "most_likely"
    EXPECTED_VALUE = "expected_value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that may happen: what it comes to, and how probable it is in per cent."""

    amount: Decimal
    percent: Decimal


def estimate(outcomes: Sequence[Outcome], *, method: Method, currency: str) -> Decimal:
    """The amount of the most probable outcome, or the sum of all by their probability, to the minor unit."""
    if not outcomes or sum(one.percent for one in outcomes) != 100:
        raise Refused("The probabilities of all outcomes come to 100%. Enter what is missing.", field="outcomes")
    if method is Method.MOST_LIKELY:
        best = max(one.percent for one in outcomes)
        likeliest = {one.amount for one in outcomes if one.percent == best}
        if len(likeliest) > 1:
            raise Refused("No outcome is more likely than the others. Use the expected value.", field="method")
        return likeliest.pop()
    return rounded(sum((Fraction(one.amount) * Fraction(one.percent) / 100 for one in outcomes), Fraction(0)), currency)


def included(estimated: Decimal, *, at_most: Decimal | None) -> Decimal:
    """What of an estimate counts in the price: no more than will highly probably not be reversed (IFRS 15.56).

    ``at_most`` is the size that stands firm, without its sign; None while nothing constrains the estimate. What lowers
    the price is never left out: leaving it out would count revenue that may be reversed.
    """
    if at_most is None or estimated <= 0:
        return estimated
    return min(estimated, at_most)
