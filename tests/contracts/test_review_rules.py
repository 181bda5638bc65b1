"""The review clock: days that count, on real calendars, to the second; and which terms cannot be counted."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts.rules import ReviewTerms, review_deadline
from apps.contracts.rules.review import BUSINESS, CALENDAR, UNITS, WORKING, check_review, counts
from apps.core.errors import Refused

BERLIN = ReviewTerms(
    days=14, unit=CALENDAR, country="DE", subdivision="", time_zone="Europe/Berlin", silence="escalates"
)


def terms(days: int, unit: str, calendar: str, zone: str) -> ReviewTerms:
    country, _, subdivision = calendar.partition("-")
    return replace(BERLIN, days=days, unit=unit, country=country, subdivision=subdivision, time_zone=zone)


@pytest.mark.parametrize(
    ("notified", "days", "zone", "due"),
    [
        ("2026-03-02T09:00", 14, "Europe/Berlin", "2026-03-16T22:59:59"),
        ("2026-03-20T09:00", 14, "Europe/Berlin", "2026-04-03T21:59:59"),
        ("2026-03-02T23:30", 14, "Europe/Berlin", "2026-03-17T22:59:59"),
        ("2026-03-02T09:00", 1, "Asia/Tokyo", "2026-03-03T14:59:59"),
        ("2026-03-02T23:00", 14, "America/New_York", "2026-03-17T03:59:59"),
        ("2026-02-14T12:00", 14, "UTC", "2026-02-28T23:59:59"),
        ("2028-02-14T12:00", 15, "UTC", "2028-02-29T23:59:59"),
    ],
)
def test_calendar_days_end_with_the_last_of_them_in_the_agreed_zone(
    notified: str, days: int, zone: str, due: str
) -> None:
    assert _due(notified, terms(days, CALENDAR, "DE", zone)) == due


@pytest.mark.parametrize(
    ("notified", "agreed", "due"),
    [
        # over Christmas and New Year; Epiphany is a holiday in Bavaria and none in Berlin
        ("2026-12-18T09:00", (11, BUSINESS, "DE-BE", "Europe/Berlin"), "2027-01-06T22:59:59"),
        ("2026-12-18T09:00", (11, BUSINESS, "DE-BY", "Europe/Berlin"), "2027-01-07T22:59:59"),
        # VOB/B: twelve working days, Saturdays count, Sundays and holidays do not
        ("2026-12-18T09:00", (12, WORKING, "DE-BY", "Europe/Berlin"), "2027-01-05T22:59:59"),
        ("2026-06-01T09:00", (12, WORKING, "DE-BE", "Europe/Berlin"), "2026-06-15T21:59:59"),
        ("2026-06-01T09:00", (12, WORKING, "DE-BY", "Europe/Berlin"), "2026-06-16T21:59:59"),
        # Boxing Day falls on a Saturday and is observed on Monday
        ("2026-12-23T09:00", (3, BUSINESS, "GB-ENG", "Europe/London"), "2026-12-30T23:59:59"),
        # Thanksgiving
        ("2026-11-24T15:00", (3, BUSINESS, "US", "America/New_York"), "2026-12-01T04:59:59"),
        # Golden Week, with its substitute holiday
        ("2026-05-01T01:00", (1, BUSINESS, "JP", "Asia/Tokyo"), "2026-05-07T14:59:59"),
        # the weekend is Friday and Saturday
        ("2026-06-04T09:00", (1, BUSINESS, "IL", "Asia/Jerusalem"), "2026-06-07T20:59:59"),
        # summer time ends on the weekend between
        ("2026-10-23T09:00", (1, BUSINESS, "DE", "Europe/Berlin"), "2026-10-26T22:59:59"),
        # and begins
        ("2026-03-27T09:00", (1, BUSINESS, "DE", "Europe/Berlin"), "2026-03-30T21:59:59"),
        # half an hour before midnight in Berlin is already the next day
        ("2026-06-04T22:30", (1, BUSINESS, "DE-BE", "Europe/Berlin"), "2026-06-08T21:59:59"),
    ],
)
def test_business_and_working_days_skip_what_the_calendar_says(
    notified: str, agreed: tuple[int, str, str, str], due: str
) -> None:
    assert _due(notified, terms(*agreed)) == due


def test_where_the_clock_is_put_back_at_midnight_the_buyer_has_the_hour_twice() -> None:
    assert _due("2026-10-22T09:00", terms(2, CALENDAR, "LB", "Asia/Beirut")) == "2026-10-24T21:59:59"


def _due(notified: str, agreed: ReviewTerms) -> str:
    at = datetime.fromisoformat(notified).replace(tzinfo=UTC)
    return review_deadline(at, terms=agreed).replace(tzinfo=None).isoformat()


# India's calendar is known until 2035.
instants = st.integers(0, 14 * 366 * 86_400).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
agreed = st.builds(
    terms,
    st.integers(1, 60),
    st.sampled_from(UNITS),
    st.sampled_from(["DE-BY", "DE-BE", "GB-SCT", "US-CA", "JP", "IL", "FR", "BR", "IN"]),
    st.sampled_from(["Europe/Berlin", "Pacific/Apia", "America/Los_Angeles", "Asia/Kolkata", "UTC"]),
)


@settings(deadline=None)
@given(instants, agreed)
def test_the_last_day_counts_and_exactly_as_many_as_agreed_do(at: datetime, agreed: ReviewTerms) -> None:
    zone = ZoneInfo(agreed.time_zone)
    first, last = at.astimezone(zone).date(), review_deadline(at, terms=agreed).astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    assert counts(last, terms=agreed)
    assert sum(counts(day, terms=agreed) for day in days) == agreed.days
    if agreed.unit != CALENDAR:
        calendar = holidays.country_holidays(agreed.country, subdiv=agreed.subdivision or None, years=last.year)
        assert last not in calendar
        assert agreed.unit != WORKING or last.strftime("%A") != "Sunday"


@settings(deadline=None)
@given(instants, agreed, st.integers(0, 20), st.integers(0, 20 * 86_400))
def test_more_days_and_a_later_notice_never_end_earlier(
    at: datetime, agreed: ReviewTerms, more: int, later: int
) -> None:
    due = review_deadline(at, terms=agreed)
    assert review_deadline(at, terms=replace(agreed, days=agreed.days + more)) >= due
    assert review_deadline(at + timedelta(seconds=later), terms=agreed) >= due


@settings(deadline=None)
@given(instants, agreed)
def test_the_buyer_always_has_the_whole_of_every_review_day(at: datetime, agreed: ReviewTerms) -> None:
    due = review_deadline(at, terms=agreed)
    assert (due - at).total_seconds() >= agreed.days * 86_400 - 4_000
    if agreed.unit == CALENDAR:
        assert (due - at).total_seconds() <= (agreed.days + 1) * 86_400 + 4_000


@pytest.mark.parametrize(
    ("days", "unit", "may"),
    [
        (30, CALENDAR, False),
        (31, CALENDAR, True),
        (20, BUSINESS, False),
        (21, BUSINESS, True),
        (24, WORKING, False),
        (25, WORKING, False),
        (26, WORKING, True),
    ],
)
def test_more_than_thirty_calendar_days_are_noticed(days: int, unit: str, may: bool) -> None:
    agreed = replace(BERLIN, days=days, unit=unit)
    assert agreed.may_exceed_usual_most is may
    # Without holidays, from every day of a week: a calendar that knows none.
    spans = []
    for first in (date(2026, 6, 1) + timedelta(days=number) for number in range(7)):
        day, left = first, days
        while left:
            day += timedelta(days=1)
            left -= unit == CALENDAR or day.weekday() < (5 if unit == BUSINESS else 6)
        spans.append((day - first).days)
    assert (max(spans) > 30) is may


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"unit": "lunar"}, "review_unit", "Choose calendar, business or working days"),
        ({"silence": "consents"}, "silence", "Choose what silence means"),
        ({"time_zone": "Berlin"}, "review_time_zone", "such as Europe/Berlin"),
        ({"country": "XX"}, "review_country", "The holidays of XX are not known"),
        ({"country": "", "subdivision": "BY"}, "review_country", "Choose the country of this region"),
        (
            {"country": "DE", "subdivision": "XX"},
            "review_subdivision",
            "The calendar of DE knows no region XX, but these: BB, BE, BW",
        ),
    ],
)
def test_terms_that_cannot_be_counted_are_refused_at_their_field(
    changes: dict[str, str], field: str, words: str
) -> None:
    plain = {"unit": BUSINESS, "country": "DE", "subdivision": "", "time_zone": "", "silence": "accepted"}
    with pytest.raises(Refused, match=words) as refused:
        check_review(**{**plain, **changes})
    assert refused.value.field == field
