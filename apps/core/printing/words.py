"""How figures, dates and instants are written on paper, in the language that is active."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from django.conf import settings
from django.utils.translation import get_language, gettext

from apps.core.days import NOT_YET

NBSP = "\N{NO-BREAK SPACE}"
LOCALES = {"en": "en_GB", "de": "de_DE"}
"""English documents write the day first: 12 December 2026."""


def locale() -> Locale:
    """How figures and dates are written in the language that is active."""
    return Locale.parse(LOCALES.get((get_language() or "en").split("-")[0], "en_GB"))


def day(value: date) -> str:
    """A date in words that stays on one line; of a day that nobody knows yet, that it is to come."""
    if value == NOT_YET:
        return gettext("not due yet")
    return format_date(value, "long", locale=locale()).replace(" ", NBSP)


def instant(value: datetime, *, zone: str = "") -> str:
    """Date and time to the second in a named zone, which is said; without one in UTC."""
    here = value.astimezone(ZoneInfo(zone) if zone else UTC)
    return f"{day(here.date())}, {here:%H:%M:%S}{NBSP}{zone or 'UTC'}"


def number(amount: Decimal, currency: str) -> str:
    """The figure with the decimals of its currency: ``12,400.00``, in German ``12.400,00``."""
    return format_currency(amount, currency, format="#,##0.00", locale=locale())


def money(amount: Decimal, currency: str) -> str:
    return f"{number(amount, currency)}{NBSP}{currency}"


def count(value: int) -> str:
    """A whole number with its thousands marked."""
    return format_decimal(value, locale=locale())


def percent(value: Decimal, *, decimals: str = "######") -> str:
    """A percentage with the decimals that it has: ``33.3333%``, in German ``33,3333 %``; the one way to write one.

    ``decimals``: ``00`` are two, whatever it has.
    """
    sign = NBSP + "%" if (get_language() or "en").startswith("de") else "%"
    return format_decimal(value, format=f"#,##0.{decimals}", locale=locale(), decimal_quantization=False) + sign


def territory(code: str) -> str:
    """A country by its name: ``DE`` is Germany."""
    return str(locale().territories.get(code, code))


def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def language(name: str) -> str:
    """The language in which a document for this reader is written: the reader's own, where documents know it."""
    return name if name in dict(settings.LANGUAGES) else str(settings.LANGUAGE_CODE)
