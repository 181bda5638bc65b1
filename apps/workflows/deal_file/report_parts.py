"""How figures and moments are written in the report of a deal."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.core import money

Report = dict[str, Any]


def amount_of(amount: Decimal, currency: str) -> str:
    """With the decimals of its currency."""
    return f"{money.half_up(amount, currency):f}"


def written(moment: date | datetime | None) -> str | None:
    """A day, or a moment to the minute."""
    if isinstance(moment, datetime):
        return moment.isoformat(timespec="minutes")
    return moment.isoformat() if moment is not None else None
