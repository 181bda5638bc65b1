"""The one source of "now" and "today".

Legal times come from the database's clock, so that several web machines agree. Only the deal player and the tests
may stop the clock, and only where the settings say so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

_stopped_at: ContextVar[datetime | None] = ContextVar("stopped_at", default=None)


def now() -> datetime:
    """The database's time, aware and in UTC; the stopped time inside :func:`stopped`."""
    stopped = _stopped_at.get()
    if stopped is not None:
        return stopped
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (instant,) = cursor.fetchone()
    return said(instant)


def said(instant: datetime) -> datetime:
    """The time that Postgres gave along with another answer, as :func:`now` would have said it."""
    return _stopped_at.get() or instant.astimezone(UTC)


def stopped_at() -> datetime | None:
    """The instant at which the clock is stopped here, for a statement that asks Postgres for the time itself."""
    return _stopped_at.get()


def today(time_zone: str = "UTC") -> date:
    """The calendar date now, in the named zone: a date without a zone is a guess."""
    return now().astimezone(ZoneInfo(time_zone)).date()


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """Stop the clock at an instant, in this thread of execution only."""
    if not settings.CLOCK_CAN_BE_STOPPED:
        raise RuntimeError("The clock can only be stopped by the deal player and by tests")
    token = _stopped_at.set(at)
    try:
        yield
    finally:
        _stopped_at.reset(token)
