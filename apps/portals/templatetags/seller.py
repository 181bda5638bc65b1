"""Tags of the seller's pages: ``{% load seller %}``."""

from decimal import Decimal

from django import template

from apps.core.money import half_up
from apps.core.printing import words
from apps.portals import formats

register = template.Library()


@register.filter
def rate(points: Decimal | None) -> str:
    """Percentage points as they are stored: ``19`` is ``19%``, ``33.333333`` keeps its six decimals."""
    if points is None:
        return "\N{EN DASH}"
    return words.percent(points)


@register.filter
def country_name(code: str) -> str:
    """A country by its name in the reader's language; its code where it has none."""
    return str(formats.locale().territories.get(code, code))


@register.filter
def rate2(points: Decimal) -> str:
    """Percentage points with two decimals, as a price is shown: ``16.1668`` is ``16.17%``."""
    return words.percent(half_up(points, "USD"), decimals="00")
