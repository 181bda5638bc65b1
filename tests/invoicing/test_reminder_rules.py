"""Which reminder is due on which day."""

import pytest

from apps.core.errors import Refused
from apps.invoicing import rules


@pytest.mark.parametrize(
    ("late", "sent", "number"),
    [
        (0, 0, 0),
        (2, 0, 0),
        (3, 0, 1),
        (13, 1, 0),
        (14, 1, 2),
        (14, 0, 2),
        (40, 0, 3),
        (40, 3, 0),
        (3, 2, 0),
        (28, 2, 3),
    ],
)
def test_the_last_reminder_that_is_reached_is_due_once(late: int, sent: int, number: int) -> None:
    assert rules.reminder_due([3, 14, 28], days_late=late, sent=sent) == number


def test_without_a_schedule_nothing_is_ever_due() -> None:
    assert rules.reminder_due([], days_late=400, sent=0) == 0


def test_days_are_put_in_order_and_counted_once() -> None:
    assert rules.schedule([14, 3, 14]) == [3, 14]


@pytest.mark.parametrize("days", [[0], [-1], [366], [1, 2, 3, 4, 5, 6]])
def test_days_that_are_none_are_refused(days: list[int]) -> None:
    with pytest.raises(Refused):
        rules.schedule(days)
