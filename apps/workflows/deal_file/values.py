"""How a report writes amounts and moments: as texts."""

from datetime import date, datetime
from decimal import Decimal

from apps.core import money


def amount_of(amount: Decimal, currency: str) -> str:
    """With the digits of its currency."""
    return f"{money.half_up(amount, currency):f}"


def written(moment: date | datetime | None) -> str | None:
    """In ISO 8601, an instant to the minute."""
    if isinstance(moment, datetime):
        return moment.isoformat(timespec="minutes")
    return moment.isoformat() if moment is not None else None
