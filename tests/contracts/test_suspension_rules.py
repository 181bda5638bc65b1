"""By how much a deadline moves while the clock stands still: no day is lost, and none is won."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.contracts.rules import ReviewTerms, moved_deadline, review_deadline
from apps.contracts.rules.review import counts, end_of_day

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def terms(days: int = 10, unit: str = "calendar") -> ReviewTerms:
    return ReviewTerms(days, unit, "DE", "", "Europe/Berlin", "accepted")


def at(day: int, hour: int = 12, month: int = 4) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=BERLIN).astimezone(UTC)


def moved(asked: datetime, answered: datetime, *, unit: str = "calendar", notified: datetime | None = None) -> date:
    agreed = terms(unit=unit)
    notified = notified or at(1)
    due = review_deadline(notified, terms=agreed)
    after = moved_deadline(due, started_at=notified, asked_at=asked, answered_at=answered, terms=agreed)
    return after.astimezone(BERLIN).date()


@pytest.mark.parametrize(
    ("asked", "answered", "unit", "due"),
    [
        (at(5), at(7), "calendar", date(2026, 4, 14)),  # 5, 6 and 7 April do not count
        (at(5, 9), at(5, 10), "calendar", date(2026, 4, 12)),  # a day that stood still for an hour
        (at(1, 13), at(1, 18), "calendar", date(2026, 4, 11)),  # the day of the notice counted for nothing anyway
        (at(11, 23), at(11, 23), "calendar", date(2026, 4, 12)),  # on the last day: one whole day is left
        (at(11, 9), at(30, 9), "calendar", date(2026, 5, 1)),  # answered long after the old deadline
        (at(4), at(6), "business", date(2026, 4, 17)),  # a weekend and Easter Monday: nothing is lost
        (at(2), at(7), "business", date(2026, 4, 21)),  # Thursday and Tuesday, Easter between them
    ],
)
def test_days_on_which_the_clock_stood_still_are_added(
    asked: datetime, answered: datetime, unit: str, due: date
) -> None:
    assert moved(asked, answered, unit=unit) == due


@given(
    notified=st.integers(0, 24 * 365),
    hours=st.lists(st.integers(1, 24 * 9), min_size=2, max_size=6).filter(lambda them: len(them) % 2 == 0),
    unit=st.sampled_from(["calendar", "business", "working"]),
    days=st.integers(1, 30),
)
def test_the_review_has_as_many_whole_days_as_agreed(notified: int, hours: list[int], unit: str, days: int) -> None:
    """Counted over again from the notice, without every day on any part of which the clock stood still."""
    agreed, told = terms(days, unit), at(1, 0, month=1) + notified * HOUR
    due, started, still = review_deadline(told, terms=agreed), told, set[date]()
    moment = told
    for wait, stood in zip(hours[::2], hours[1::2], strict=True):
        asked = moment + wait * HOUR
        if asked > due:
            break
        moment = asked + stood * HOUR
        due = moved_deadline(due, started_at=started, asked_at=asked, answered_at=moment, terms=agreed)
        started = moment
        first, last = asked.astimezone(BERLIN).date(), moment.astimezone(BERLIN).date()
        still |= {first + timedelta(days=more) for more in range((last - first).days + 1)}
    day, left = told.astimezone(BERLIN).date(), days
    while left:
        day += timedelta(days=1)
        left -= day not in still and counts(day, terms=agreed)
    assert due == end_of_day(day, time_zone="Europe/Berlin")


@given(st.lists(st.integers(0, 24 * 20), min_size=2, max_size=12).map(sorted))
def test_a_later_answer_never_means_an_earlier_deadline(hours: list[int]) -> None:
    deadlines = [moved(at(2), at(2) + one * HOUR) for one in hours]
    assert all(earlier <= later for earlier, later in pairwise(deadlines))
