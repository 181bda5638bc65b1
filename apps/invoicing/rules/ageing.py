"""How long a receivable has been due, in the usual bands of thirty days; how long until retention is released."""

from datetime import date
from enum import StrEnum
from typing import Final


class Band(StrEnum):
    """Days after the due date; on that day itself nothing is late."""

    NOT_DUE = "not-due"
    TO_30 = "1-30"
    TO_60 = "31-60"
    TO_90 = "61-90"
    OVER_90 = "over-90"


_ENDS: Final = ((0, Band.NOT_DUE), (30, Band.TO_30), (60, Band.TO_60), (90, Band.TO_90))


def band_of(due_on: date, *, on: date) -> Band:
    """The band of what is due on a day, as of another."""
    late = (on - due_on).days
    return next((band for last, band in _ENDS if late <= last), Band.OVER_90)


class ReleaseBand(StrEnum):
    """Days until what is retained is released; it is not overdue before. What waits for an event has no day yet."""

    TO_30 = "to-30"
    TO_90 = "31-90"
    TO_365 = "91-365"
    OVER_365 = "over-365"
    NO_DAY = "no-day"


_RELEASES: Final = ((30, ReleaseBand.TO_30), (90, ReleaseBand.TO_90), (365, ReleaseBand.TO_365))


def release_band_of(released_on: date | None, *, today: date) -> ReleaseBand:
    """The band of what is released on a day; None where nobody knows the day. One that passed is released today."""
    if released_on is None:
        return ReleaseBand.NO_DAY
    left = (released_on - today).days
    return next((band for last, band in _RELEASES if left <= last), ReleaseBand.OVER_365)
