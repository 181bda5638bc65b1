"""What is paid ahead of the work and given back by later bills, and what is payable before the last of it is accepted.

Nothing here knows the product.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from itertools import permutations
from typing import Final

ZERO: Final = Decimal(0)
CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Ahead:
    """A deposit: so much on a day, or once an event is confirmed, and by which way later bills give it back: each its
    "proportion" of what is still to be billed, a "rate" in percent of what is billed beyond a beginning (in percent of
    the price), a "fixed" amount each, or all of the "first" ones."""

    amount: Decimal
    way: str
    rate: Decimal = ZERO
    begins: Decimal = ZERO
    each: Decimal = ZERO
    on: date | None = None
    event: str = ""

    def given_back(self, *, left: Decimal, amount: Decimal, rest: Decimal, price: Decimal) -> Decimal:
        """By a bill of an amount, when so much of the price is still to be billed after it: never more than the bill or
        than is left, and never so little that the rest could not give back what is left then."""
        if self.way == "proportion":
            wanted = left * amount / (amount + rest)
        elif self.way == "rate":
            counts = min(amount, price - rest - price * self.begins / 100)
            wanted = max(counts, ZERO) * self.rate / 100
        else:
            wanted = self.each if self.way == "fixed" else amount
        given = min(wanted.quantize(CENT, ROUND_HALF_UP), left, amount)
        return min(max(given, left - rest), left, amount)


@dataclass(frozen=True)
class Limit:
    """No more than so many percent of the price are payable before the last milestone is accepted."""

    percent: Decimal

    def payable(self, price: Decimal) -> Decimal:
        return (price * self.percent / 100).quantize(CENT, ROUND_DOWN)

    def fits(self, plan: dict[int, Decimal], *, last: set[int]) -> bool:
        """Whether of every milestone something is payable, in whatever order they are accepted; those of ``last`` come
        after all above them. Tried, not reckoned."""
        most = sum(plan.values(), ZERO) * self.percent / 100
        for order in permutations(plan):
            places = {position: place for place, position in enumerate(order)}
            if any(places[one] < places[above] for one in last & plan.keys() for above in plan if above < one):
                continue
            billed = ZERO
            for position in order[:-1]:
                if billed >= most:
                    return False
                billed += plan[position]
        return True
