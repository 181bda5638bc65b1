"""What an event of a deal file says of a termination."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from apps.core import money
from apps.workflows.deal_file.deal import SaidValue
from apps.workflows.deal_file.reader import Place

GROUNDS: Final = ("convenience", "cause")
NO_REASON: Final = frozenset({"give_notice", "give_sellers_notice"})
"""Events that need a reason for cause only, which the product itself asks for."""
BY_MEMBERS: Final = frozenset({"give_notice", "withdraw_notice"})
"""What the buyer does in its portal only."""


def read_worth(place: Place, *, milestone: Callable[[Place], int]) -> tuple[SaidValue, ...]:
    """The key ``worth``: what the work in progress of each named milestone is worth."""
    return tuple(_value(one, milestone) for one in place.each())


def _value(place: Place, milestone: Callable[[Place], int]) -> SaidValue:
    note = place.maybe("note")
    value = SaidValue(
        milestone=milestone(place.need("milestone")),
        amount=place.need("amount").number(least=Decimal(0), most=money.LARGEST),
        note=note.text(most=2000) if note is not None else "",
    )
    place.done()
    return value
