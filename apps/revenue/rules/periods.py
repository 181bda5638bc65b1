"""Accounting periods are calendar months, closed one after the other once they are over."""

from calendar import monthrange
from datetime import date, timedelta

from apps.core.errors import Refused


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def next_month_end(through: date) -> date:
    """The end of the month after the one that ends on a day."""
    return month_end(through + timedelta(days=1))


def month_ended_by(day: date) -> date:
    """The last day of the last month that is over with the end of a day."""
    return day if day == month_end(day) else day.replace(day=1) - timedelta(days=1)


def check_closing(through: date, *, closed_through: date | None, today: date) -> date:
    """The last day of a month that may be closed now: it is over, and the one before it is closed or nothing is."""
    if through != month_end(through):
        raise Refused("A period ends with its month. Choose the last day of one.", field="through")
    if through >= today:
        raise Refused("{date} is not over yet. Close the month on the day after.", field="through", date=through)
    if closed_through is not None and through <= closed_through:
        raise Refused(
            "The periods through {date} are closed; a closed period is not opened again.",
            field="through",
            date=closed_through,
        )
    if closed_through is not None and through != next_month_end(closed_through):
        raise Refused(
            "Close the month that ends on {date} first: periods are closed one after the other.",
            field="through",
            date=next_month_end(closed_through),
        )
    return through


def booked_on(occurred_on: date, *, closed_through: date | None) -> date:
    """The day on which something is booked: its own, or the first of the open period when its own is closed."""
    if closed_through is None:
        return occurred_on
    return max(occurred_on, closed_through + timedelta(days=1))
