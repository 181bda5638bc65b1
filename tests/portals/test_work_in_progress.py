"""The table of what work in progress is worth stays a page of a browser, and its sums stay those of all."""

from decimal import Decimal

from apps.milestones.rules import Valued
from apps.portals.templatetags.settlements import ENOUGH, work_in_progress
from apps.portals.terminating.forms import AT_ONCE


def valued(position: int, amount: str) -> Valued:
    return Valued(f"M-{position}", position, 1, f"Line {position}", Decimal("10.00"), Decimal(amount), "")


def test_what_is_worth_something_is_shown_and_the_rest_as_one_sum() -> None:
    found = work_in_progress([valued(place, "2.50" if place % 500 == 7 else "0.00") for place in range(1_000)], "EUR")
    shown = found["values"]
    assert isinstance(shown, list)
    assert [one.position for one in shown] == [*range(99), 507]
    assert (found["others"], found["unbilled"], found["amount"], found["cancelled"]) == (900, 9000, 0, 9000)


def test_more_than_fits_is_summed_up_too() -> None:
    found = work_in_progress([valued(place, "4.00") for place in range(AT_ONCE + 3)], "EUR")
    assert (found["others"], found["unbilled"], found["amount"], found["cancelled"]) == (3, 30, 12, 18)


def test_few_are_shown_all() -> None:
    found = work_in_progress([valued(place, "0.00") for place in range(ENOUGH)], "EUR")
    assert (found["others"], found["amount"]) == (0, 0)
