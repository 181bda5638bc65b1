"""The review clock: until when the buyer answers a submission, on whose calendar, and what silence means.

Variants that the terms can express, with their sources: a fixed number of calendar days (platforms use 14); at most
30 calendar days unless expressly agreed (Directive 2011/7/EU, Article 3(4)); 12 working days, Monday to Saturday,
after written notice (VOB/B, section 12(5)); refusal only by naming a defect (German Civil Code, section 640).
Holidays come from the library ``holidays``; what it says later moves no deadline that was told before.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import holidays

from apps.core.calendars import calendars, check_region
from apps.core.errors import Refused

CALENDAR: Final = "calendar"
BUSINESS: Final = "business"
WORKING: Final = "working"
UNITS: Final = (CALENDAR, BUSINESS, WORKING)
"""Every day; days on which the country works; Monday to Saturday less holidays (German *Werktage*)."""
ESCALATES: Final = "escalates"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
INTEREST: Final = "interest"
SILENCES: Final = (ESCALATES, ACCEPTED, REJECTED, INTEREST)
"""What happens at the deadline if the buyer says nothing: nothing but a message, acceptance, a request for changes; or
nothing is decided, and for computing interest alone the work counts as accepted (constructive acceptance, in federal
contracts of the United States on the seventh day: Federal Acquisition Regulation, 52.232-25(a)(5)(i))."""
DECIDES: Final = (ACCEPTED, REJECTED)
"""What of them decides by itself."""
USUAL_MOST: Final = 30
"""Calendar days that a procedure of acceptance may take unless expressly agreed: Directive 2011/7/EU, Article 3(4)."""
DAYS_OF_WEEK: Final = {CALENDAR: 7, BUSINESS: 5, WORKING: 6}
SUNDAY: Final = 6
# The second 23:59:59 where the clock is put back at midnight: the buyer has the whole of the last day.
END_OF_DAY: Final = time(23, 59, 59, fold=1)


@dataclass(frozen=True, slots=True)
class ReviewTerms:
    """What the sides agreed of the review. ``country`` (ISO 3166-1) and ``subdivision`` name the calendar of holidays,
    ``time_zone`` (IANA) whose days are meant."""

    days: int
    unit: str
    country: str
    subdivision: str
    time_zone: str
    silence: str

    @property
    def may_exceed_usual_most(self) -> bool:
        """Whether the period can take more than 30 calendar days, holidays left aside."""
        per_week = DAYS_OF_WEEK[self.unit]
        weeks, rest = divmod(self.days, per_week)
        return weeks * 7 + (rest + 7 - per_week if rest else 0) > USUAL_MOST


def review_deadline(notified_at: datetime, *, terms: ReviewTerms) -> datetime:
    """When the review period ends: the last second of its last day that counts, in the zone of the terms, as UTC.

    The day on which the buyer was notified is not counted.
    """
    last = last_review_day(notified_at.astimezone(ZoneInfo(terms.time_zone)).date(), terms=terms)
    return end_of_day(last, time_zone=terms.time_zone)


def last_review_day(notified_on: date, *, terms: ReviewTerms) -> date:
    """The last day of the review period of what the buyer was notified of on a day, which itself is not counted."""
    last, left = notified_on, terms.days
    while left:
        last += timedelta(days=1)
        left -= counts(last, terms=terms)
    return last


def end_of_day(day: date, *, time_zone: str) -> datetime:
    """The last second of a day in a time zone, as UTC."""
    return datetime.combine(day, END_OF_DAY, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def counts(day: date, *, terms: ReviewTerms) -> bool:
    """Whether a day is one of the review period's."""
    if terms.unit == CALENDAR:
        return True
    if terms.unit == WORKING:
        return day.weekday() != SUNDAY and day not in _calendar(terms.country, terms.subdivision)
    return bool(_calendar(terms.country, terms.subdivision).is_working_day(day))


def check_review(*, unit: str, country: str, subdivision: str, time_zone: str, silence: str) -> None:
    """Refuse terms of the review that say nothing or cannot be computed. Empty: the buyer's calendar or time zone."""
    if unit not in UNITS:
        raise Refused("Choose calendar, business or working days.", field="review_unit")
    if silence not in SILENCES:
        raise Refused("Choose what silence means.", field="silence")
    if time_zone and time_zone not in available_timezones():
        raise Refused("Choose a time zone by its place, such as Europe/Berlin.", field="review_time_zone")
    if country and country not in calendars():
        raise Refused(
            "The holidays of {country} are not known. Count calendar days, or choose the calendar of another country.",
            field="review_country",
            country=country,
        )
    check_region(subdivision, country=country, prefix="review_")


def check_calendar(terms: ReviewTerms) -> None:
    """Refuse a period that nobody can count, because the holidays of its country are not known."""
    if terms.unit != CALENDAR:
        check_review(
            unit=terms.unit,
            country=terms.country,
            subdivision=terms.subdivision,
            time_zone=terms.time_zone,
            silence=terms.silence,
        )


@lru_cache(maxsize=256)
def _calendar(country: str, subdivision: str) -> holidays.HolidayBase:
    """Fills itself year by year as it is asked; only public holidays, with the days on which they are observed."""
    return holidays.country_holidays(country, subdiv=subdivision or None)
