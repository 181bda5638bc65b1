"""How long a receivable has been due, in the usual bands of thirty days."""

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
