"""Units and quantities in words, in the language that is active."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from babel.numbers import format_decimal
from django.utils.functional import Promise
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from apps.contracts.drafts import Measure
from apps.core.printing.words import locale

UNIT_NAMES: Final[Mapping[str, str | Promise]] = MappingProxyType(
    {
        "MTR": _("m"),
        "MTK": _("m²"),
        "MTQ": _("m³"),
        "KMT": _("km"),
        "KGM": _("kg"),
        "TNE": _("t"),
        "LTR": _("litre"),
        "KWH": _("kWh"),
        "HUR": _("hour"),
        "DAY": _("day"),
        "WEE": _("week"),
        "MON": _("month"),
        "C62": _("piece"),
        "SET": _("set"),
        "FOT": _("ft"),
        "FTK": _("sq ft"),
        "YDK": _("sq yd"),
        "YDQ": _("cu yd"),
        "LBR": _("lb"),
    }
)
"""By the codes of UN/ECE Recommendation 20 that the plan offers."""


def agreed(measure: Measure, currency: str) -> str:
    """What a line is agreed by, as 300 m² at 33.50 EUR."""
    price = format_decimal(measure.unit_price, locale=locale(), decimal_quantization=False)
    return gettext("{quantity} at {price} {currency}").format(
        quantity=quantity(measure.quantity, measure.unit), price=price, currency=currency
    )


@dataclass(frozen=True, slots=True)
class Quantity:
    """So many of a unit, for a statement: each language writes it in its own way."""

    number: Decimal
    unit: str

    def __str__(self) -> str:
        with override("en"):
            return self.in_words()

    def in_words(self) -> str:
        """It in the language that is active, as 120 m²."""
        return quantity(self.number, self.unit)


def stated(number: Decimal | None, unit: str) -> Quantity | None:
    """What a statement says of a quantity; None where none was said."""
    return Quantity(number, unit) if number is not None else None


def quantity(number: Decimal, unit: str) -> str:
    """So many of a unit, as 120 m²."""
    return f"{format_decimal(number, locale=locale(), decimal_quantization=False)} {UNIT_NAMES.get(unit, unit)}"
