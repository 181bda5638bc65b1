"""How far away a moment is, in days of the calendar where it is read."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from apps.portals import formats

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "moment", "said"),
    [
        (datetime(2026, 11, 30, 0, 32, tzinfo=BERLIN), datetime(2026, 12, 14, 23, 59, tzinfo=BERLIN), "in 14 days"),
        (datetime(2026, 11, 30, 23, 50, tzinfo=BERLIN), datetime(2026, 12, 14, 0, 5, tzinfo=BERLIN), "in 14 days"),
        (datetime(2026, 12, 2, 0, 10, tzinfo=BERLIN), datetime(2026, 11, 29, 22, 30, tzinfo=UTC), "3 days ago"),
        (datetime(2026, 12, 1, 23, 0, tzinfo=BERLIN), datetime(2026, 12, 2, 2, 0, tzinfo=BERLIN), "in 3 hours"),
    ],
)
def test_days_are_those_of_the_calendar_and_hours_those_of_the_clock(
    now: datetime, moment: datetime, said: str
) -> None:
    with timezone.override(BERLIN):
        assert formats.time_away(moment, now) == said
