"""How a report writes amounts, moments and names."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.core import money

Report = dict[str, Any]


def amount_of(amount: Decimal, currency: str) -> str:
    """An amount with all decimals of its currency."""
    return f"{money.half_up(amount, currency):f}"


def written(moment: date | datetime | None) -> str | None:
    """A day or a moment in ISO 8601."""
    if isinstance(moment, datetime):
        return moment.isoformat(timespec="minutes")
    return moment.isoformat() if moment is not None else None


def named(text: str, names: Mapping[str, str]) -> str:
    """The text with what people call things in the place of their references."""
    for key, name in names.items():
        text = text.replace(key, name).replace(key.partition(":")[2], name.partition(":")[2])
    return text
