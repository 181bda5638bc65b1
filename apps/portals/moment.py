"""One "now" for a whole page: its dates agree, and the clock is asked once, by the door with the last thing it says."""

from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from apps.core import clock

KNOWN = "cairn.now"


def came_in(request: HttpRequest, *, at: datetime) -> None:
    """The door was passed at an instant that Postgres said."""
    request.META[KNOWN] = at


def now_of(request: HttpRequest) -> datetime:
    """The instant at which this request came in or, where no door heard it, began to ask for the time."""
    known = request.META.get(KNOWN)
    if known is None:
        known = request.META[KNOWN] = clock.now()
    return cast("datetime", known)


def today_of(request: HttpRequest, time_zone: str) -> date:
    """The calendar day of that instant, in the named zone."""
    return now_of(request).astimezone(ZoneInfo(time_zone)).date()
