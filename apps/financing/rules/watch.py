"""What of a book somebody has to look at: thresholds over amounts and days."""

from datetime import date
from decimal import Decimal

from apps.financing.rules.price import HUNDRED

NEAR = Decimal("0.9")
"""The share of a limit from which on it counts as nearly used up."""
AGED_DAYS = 5
"""After so many days a receipt should be identified."""
MOST_SLIP_DAYS = 45
"""Later than so many days past what was signed, a milestone has slipped too far."""
CURE_DAYS = 10
"""So many days a seller has to submit again what the buyer sent back."""


def is_near(*, used: Decimal, limit: Decimal | None) -> bool:
    """Whether nine tenths of a limit are out or promised; never where there is no limit."""
    return limit is not None and used > 0 and used >= limit * NEAR


def is_concentrated(*, part: Decimal, whole: Decimal, rate: Decimal) -> bool:
    """Whether one buyer owes more of the book than ``rate`` percent of it."""
    return part * HUNDRED > whole * rate


def has_aged(*, since: date, today: date) -> bool:
    """Whether a receipt has waited too long."""
    return (today - since).days > AGED_DAYS


def is_cure_over(*, sent_back_on: date, days_in_dispute: int, today: date) -> bool:
    """Whether the days are over in which what was sent back could be submitted again; they stand still in dispute."""
    return (today - sent_back_on).days - days_in_dispute > CURE_DAYS


def has_slipped_too_far(*, signed_for: date, expected_on: date, today: date) -> bool:
    """Whether a payment is expected, or still missing, too long after the day that was signed."""
    return (max(expected_on, today) - signed_for).days > MOST_SLIP_DAYS
