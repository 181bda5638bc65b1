"""The days that somebody can mean: a date of another time is a typing error, and calendars end where Python's does.

Everything that is counted from a date (review clocks, due dates, periods, time zones) stays far inside the years 1 and
9999 so, and no page fails on what somebody typed.
"""

from datetime import date
from typing import Final

from apps.core.errors import Refused

FIRST: Final = date(1970, 1, 1)
LAST: Final = date(2200, 12, 31)
NOT_YET: Final = date(9000, 1, 1)
"""A day that nobody knows yet, behind every day that can be meant: nothing is late by it."""


def known(day: date, *, field: str | None = None) -> date:
    """The day, if it can be meant; else refused in words."""
    if not FIRST <= day <= LAST:
        raise Refused(
            "The year {year} cannot be meant: dates lie between {first} and {last}.",
            field=field,
            year=str(day.year),
            first=str(FIRST.year),
            last=str(LAST.year),
        )
    return day
