"""Dates as people write them: ISO 8601, with points (day first), with slashes (the whole column tells the order)."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from apps.contracts.rules.schedule.cells import Cell, Share
from apps.core.days import known
from apps.core.errors import Refused

_ISO: Final = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?")
_POINTS: Final = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})")
_SLASHES: Final = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})")
_LONGEST: Final = 40


class DateOrder(StrEnum):
    """Which comes first in ``04/03/2026``."""

    DAY_FIRST = "day"
    MONTH_FIRST = "month"


def order_is_open() -> Refused:
    """That a person has to say which order is meant."""
    return Refused(
        "Every date can be read day first and month first. Say below the file which is meant, or write 2026-12-31."
    )


def order_of(texts: Iterable[str]) -> DateOrder | None:
    """The order that the dates with slashes allow; None when both are possible and it makes a difference."""
    allow = dict.fromkeys(DateOrder, 0)
    differ = False
    for text in texts:
        found = _SLASHES.fullmatch(text.strip())
        if found:
            first, second = int(found[1]), int(found[2])
            allow[DateOrder.DAY_FIRST] += second <= 12
            allow[DateOrder.MONTH_FIRST] += first <= 12
            differ |= first != second
    day, month = allow[DateOrder.DAY_FIRST], allow[DateOrder.MONTH_FIRST]
    if day == month:
        return None if differ else DateOrder.DAY_FIRST
    return DateOrder.DAY_FIRST if day > month else DateOrder.MONTH_FIRST


def date_of(text: str, *, order: DateOrder) -> date:
    """The day that a text names; refused in words when it names none."""
    written = text.strip()
    if found := _ISO.fullmatch(written):
        year, month, day = found.groups()
    elif found := _POINTS.fullmatch(written):
        day, month, year = found.groups()
    elif found := _SLASHES.fullmatch(written):
        day, month, year = found.groups() if order is DateOrder.DAY_FIRST else (found[2], found[1], found[3])
    else:
        raise Refused("“{text}” is no date. Write it as {example}.", text=_short(written), example="2026-12-31")
    try:
        return known(date(int(year), int(month), int(day)))
    except ValueError:
        raise Refused("“{text}” is no day of the calendar.", text=_short(written)) from None


def day_of(cell: Cell, *, plain: Callable[[Cell], str], order: DateOrder | None) -> date | None:
    """The day of a cell; None of an empty one, and while nobody has said which comes first. ``plain`` is its text."""
    match cell:
        case date():
            return known(cell)
        case Decimal() | Share():
            raise Refused("A number stands here. Give the cell the format of a date, or write 2026-12-31.")
        case _:
            text = plain(cell).strip()
            return date_of(text, order=order) if text and order is not None else None


def is_date(text: str) -> bool:
    """Whether a text is written as a day is, whether there is such a day or not."""
    return any(form.fullmatch(text.strip()) for form in (_ISO, _POINTS, _SLASHES))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
