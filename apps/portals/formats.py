"""Amounts, dates and sizes as text, in the language of the reader, by Babel's CLDR data."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_compact_decimal, format_currency, format_decimal
from django.utils import timezone
from django.utils.translation import get_language, gettext

from apps.core.days import NOT_YET
from apps.core.printing import words

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
_LOCALES = {"en": "en_GB", "de": "de_DE"}
"""English dates are written day first, as on the documents: 12 Dec 2026."""


def locale() -> Locale:
    """Babel's locale for the active language; English where there is none."""
    return Locale.parse(_LOCALES.get((get_language() or "en").split("-")[0], "en_GB"))


def number(amount: Decimal, currency: str) -> str:
    """The figure alone, with the decimals of its currency: ``12,400.00``, ``12.400,00`` in German."""
    text = format_currency(amount, currency, format="#,##0.00", locale=locale())
    return text.replace("-", MINUS)


def money(amount: Decimal, currency: str) -> str:
    """The figure and its ISO 4217 code, never broken over a line: ``12,400.00 EUR``."""
    return f"{number(amount, currency)}{NBSP}{currency}"


HIGHEST = Decimal(1_000)
"""As a fraction: rates beyond 100,000 per cent say only that they are beyond."""


def percent(fraction: Decimal) -> str:
    """A fraction as per cent with up to two decimals: ``0.0825`` is ``8.25%``."""
    if fraction > HIGHEST:
        return gettext("more than %(rate)s") % {"rate": words.percent(HIGHEST * 100)}
    return words.percent(round(fraction * 100, 2))


def compact(value: Decimal) -> str:
    """A figure where few signs have room: ``36.85K``; ``36.851`` in German, which shortens from millions on."""
    shortened = format_compact_decimal(value, fraction_digits=2, locale=locale())
    if abs(value) >= 1000 and not any(sign.isalpha() for sign in shortened):
        shortened = format_decimal(value, format="#,##0", locale=locale())
    return shortened.replace("-", MINUS)


def day(value: date) -> str:
    """``12 Dec 2026``, never broken over a line; of a day that nobody knows yet, that it is to come."""
    if value == NOT_YET:
        return gettext("not due yet")
    return format_date(value, "medium", locale=locale()).replace(" ", NBSP)


def known_day(value: date | None) -> date | None:
    """A date for a cell; nothing for a day that nobody knows yet."""
    return None if value == NOT_YET else value


def month(value: date) -> str:
    """``Dec 26``: the month in which a date lies, where few signs have room."""
    return format_date(value, "MMM yy", locale=locale())


def short_day(value: date) -> str:
    """``12 Dec``, for the axis of a plot."""
    return day(value)[:-5]


def instant(value: datetime, zone: str) -> str:
    """``12 Dec 2026, 14:05 CET``: the zone is named, because a deadline without one is a guess."""
    local = value.astimezone(ZoneInfo(zone))
    moment = format_datetime(local, "HH:mm", locale=locale())
    return f"{day(local.date())}, {moment}{NBSP}{local.tzname() or zone}"


A_DAY_AND_A_HALF: Final = timedelta(days=1.5)
"""From here on days are counted, and not hours."""


def days_away(value: date, today: date) -> str:
    """``today``, ``tomorrow``, ``in 5 days``, ``3 days ago``."""
    days = (value - today).days
    near = {0: gettext("today"), 1: gettext("tomorrow"), -1: gettext("yesterday")}
    if days in near:
        return near[days]
    return _away(value - today)


def time_away(value: datetime, now: datetime) -> str:
    """``in 3 hours``, ``20 minutes ago``, ``in 5 days``: days of the calendar, as :func:`days_away` counts them."""
    distance = value.astimezone(UTC) - now.astimezone(UTC)
    if abs(distance) >= A_DAY_AND_A_HALF:
        distance = timezone.localtime(value).date() - timezone.localtime(now).date()
    return _away(distance)


def _away(distance: timedelta) -> str:
    """Whole days up to two months, because "in 12 days" is what people plan with; months and years beyond."""
    if A_DAY_AND_A_HALF <= abs(distance) < timedelta(days=60):
        return format_timedelta(distance, granularity="day", threshold=100, add_direction=True, locale=locale())
    return format_timedelta(distance, threshold=1.5, add_direction=True, locale=locale())


def size(count: int) -> str:
    """Bytes in decimal units, as file managers show them: ``1.2 MB``."""
    amount, unit = Decimal(count), "B"
    for larger in ("kB", "MB", "GB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{format_decimal(amount, format='#,##0.#', locale=locale())}{NBSP}{unit}"
