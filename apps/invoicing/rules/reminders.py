"""Which reminder is due."""

from collections.abc import Sequence
from typing import Final

from apps.core.errors import Refused

MOST: Final = 5
LATEST_DAY: Final = 365


def schedule(days: Sequence[int]) -> list[int]:
    """The days after the due date on which reminders go out, in order and each once; refused where one is no such day.

    A reminder on the due date itself is none: until its end the buyer is in time.
    """
    ordered = sorted(set(days))
    if len(ordered) > MOST:
        raise Refused("At most {most} reminders are sent by themselves. Leave some out.", field="days", most=MOST)
    for day in ordered:
        if not 1 <= day <= LATEST_DAY:
            raise Refused("{day} is not between 1 and {latest} days.", field="days", day=day, latest=LATEST_DAY)
    return ordered


def reminder_due(days: Sequence[int], *, days_late: int, sent: int) -> int:
    """The number of the reminder that is due now, or 0. ``sent`` is the number of the last one.

    After an outage only the last one is sent that is due by then: nobody gets three letters on a day. A reminder that
    was sent by hand counts as the one in whose place it was sent.
    """
    reached = sum(day <= days_late for day in days)
    return reached if reached > sent else 0
