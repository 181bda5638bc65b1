"""When a buyer is likely to pay, step by step: days from published definitions of percentile and median, by hand."""

from datetime import date, timedelta

import pytest

from apps.financing.rules.expectation import (
    History,
    Step,
    of_invoice,
    of_milestone,
    percentile,
    slip_allowed_for,
    usual_lateness,
)

PLANNED = date(2026, 6, 1)


def _in_thirty_days(issued_on: date) -> date:
    return issued_on + timedelta(days=30)


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [([15, 20, 35, 40, 50], 30, 20), ([15, 20, 35, 40, 50], 40, 20), ([15, 20, 35, 40, 50], 100, 50), ([7], 1, 7)],
)
def test_the_nearest_rank(values: list[int], share: int, found: int) -> None:
    assert percentile(values, share=share) == found


def test_four_of_five_slips_are_allowed_for_and_the_median_lateness() -> None:
    history = History(slips=[0, 30, 5, 10, -3], lateness=[12, 2, 4])
    assert slip_allowed_for(history) == 10
    assert usual_lateness(history) == 4
    parts = of_milestone(completed_on=PLANNED, review_days=14, due_on=_in_thirty_days, history=history)
    assert [(part.step, part.days) for part in parts] == [
        (Step.COMPLETION, 0),
        (Step.SLIP, 10),
        (Step.REVIEW, 14),
        (Step.INVOICE, 0),
        (Step.TERMS, 30),
        (Step.LATENESS, 4),
    ]
    assert parts[-1].on == date(2026, 7, 29)
    assert of_invoice(due_on=PLANNED, history=history)[-1].on == date(2026, 6, 5)


def test_too_little_says_nothing_and_nobody_is_paid_earlier_for_being_early() -> None:
    assert slip_allowed_for(History(slips=[90, 90])) == usual_lateness(History(lateness=[90, 90])) == 0
    early = History(slips=[-20] * 5, lateness=[-20] * 5)
    assert slip_allowed_for(early) == usual_lateness(early) == 0
