"""Lists from which forms let people choose, in the reader's language."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from apps.core import money
from apps.core.calendars import calendars
from apps.parties import rules as parties
from apps.portals import formats

USUAL: Final = ("EUR", "USD", "GBP", "CHF")


def currency_choices() -> list[tuple[str, str]]:
    """The usual ones first, then all that are legal tender somewhere."""
    names = formats.locale().currencies
    rest = sorted(money.currencies() - set(USUAL))
    return [(code, f"{code} · {names.get(code, code)}") for code in (*USUAL, *rest)]


def country_choices() -> list[tuple[str, str]]:
    """Every country by its name in the reader's language."""
    names = formats.locale().territories
    return [("", ""), *sorted(((code, names[code]) for code in parties.countries()), key=lambda pair: pair[1])]


def known_calendars() -> list[tuple[str, str]]:
    """The countries whose public holidays are known."""
    known = calendars()
    return [(code, name) for code, name in country_choices() if code in known]


def calendar_choices() -> list[tuple[str, Any]]:
    """The same of an organisation: none, which is that of its country, comes first."""
    return [("", _("That of the country")), *known_calendars()]


def time_zone_choices() -> list[tuple[str, str]]:
    """Every time zone by its place."""
    return [(name, name.replace("_", " ")) for name in sorted(parties.time_zones())]
