"""What a clerk keeps of one review: until when it runs, what stops its clock, and who has looked and accepted so far.

Days are the buyer's, whole ones. Nothing here knows the product.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

DAY: Final = timedelta(days=1)
DECIDES: Final = ("accepted", "rejected")


@dataclass(frozen=True)
class Agreed:
    """What was agreed of sign-off: the days of a review and what silence at their end means, how many questions stop
    the clock, whether somebody else inspects first, above which amount two people accept, and whether in parts."""

    days: int = 300
    silence: str = "escalates"
    questions: int = 0
    is_inspected: bool = False
    two_above: Decimal | None = None
    in_parts: bool = True

    def needs_two(self, amount: Decimal) -> bool:
        return self.two_above is not None and amount > self.two_above


USUAL: Final = Agreed()
"""A review that is over after any life."""


@dataclass(eq=False)
class Question:
    """One of the buyer; whether the clock stood still for it, and whether it waits for its answer."""

    ref: str
    stops: bool
    is_open: bool = True


@dataclass(frozen=True)
class First:
    """What the first of two people accepted: how much, by quantity where it was said so, and the defects listed."""

    by: str
    on: date
    amount: Decimal
    quantity: Decimal | None = None
    defects: tuple[tuple[str, date, Decimal], ...] = ()


@dataclass(eq=False)
class Review:
    """From one submission on."""

    agreed: Agreed
    began: date
    due: date
    stood_since: date | None = None
    """Since when its clock stands still."""
    questions: list[Question] = field(default_factory=list)
    inspected_by: str = ""
    is_passed: bool = True
    """What the newest inspection found."""
    first: First | None = None
    was_upheld: bool = False
    """Both sides agreed that something of it is not as it should be."""

    @classmethod
    def beginning(cls, on: date, agreed: Agreed) -> "Review":
        """The day of the notice does not count."""
        return cls(agreed, on, on + agreed.days * DAY)

    def runs_on(self, today: date) -> bool:
        return self.stood_since is None and today <= self.due

    @property
    def may_stop(self) -> bool:
        """Whether another question would stop the clock."""
        return sum(one.stops for one in self.questions) < self.agreed.questions

    @property
    def waits_for_answer(self) -> bool:
        return any(one.stops and one.is_open for one in self.questions)

    def run_on(self, today: date) -> None:
        """The clock stood still: each day on which it did, be it for a moment, is given back after its end.

        The day on which it began to run last counts for nothing anyway, nor do days after its end.
        """
        assert self.stood_since is not None
        first, last = max(self.stood_since, self.began + DAY), min(today, self.due)
        stood = max((last - first).days + 1, 0)
        if stood:
            self.due = max(self.due, today) + stood * DAY
        self.began, self.stood_since = today, None

    def names_a_defect(self) -> bool:
        """Whether somebody of the buyer, or both sides, said that something is wrong."""
        listed = self.first is not None and bool(self.first.defects) and self.first.on <= self.due
        return not self.is_passed or self.was_upheld or listed
