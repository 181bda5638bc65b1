"""A review clock that stood still: by how much its deadline moves."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apps.contracts.rules.review import ReviewTerms, counts, end_of_day


def moved_deadline(
    due_at: datetime, *, started_at: datetime, asked_at: datetime, answered_at: datetime, terms: ReviewTerms
) -> datetime:
    """The deadline after the clock stood still from a question to its answer: the end of a day in the terms' zone.

    A day on which the clock stood still, be it for a moment, does not count; as many days that count are added after
    both the old deadline and the day of the answer, so whoever was answered has a whole day that counts at least.
    ``started_at`` is when the clock began to run last, by notice or by an answer: that day counted for nothing anyway.

    Source: the time of a suspension is not counted in the period (German Civil Code, section 209), whole days of it,
    the first and the last among them.
    """
    zone = ZoneInfo(terms.time_zone)
    started, asked, answered, due = (
        moment.astimezone(zone).date() for moment in (started_at, asked_at, answered_at, due_at)
    )
    day, lost = max(asked, started + timedelta(days=1)), 0
    while day <= min(answered, due):
        lost += counts(day, terms=terms)
        day += timedelta(days=1)
    last = max(due, answered) if lost else due
    while lost:
        last += timedelta(days=1)
        lost -= counts(last, terms=terms)
    return end_of_day(last, time_zone=terms.time_zone)
