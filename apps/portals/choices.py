"""Lists from which forms let people choose, in the reader's language."""

from typing import Final

from apps.core import money
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
