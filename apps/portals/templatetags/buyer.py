"""Tags of the buyer's pages: ``{% load buyer %}``."""

from django import template

from apps.portals import formats

register = template.Library()


@register.filter
def country(code: str) -> str:
    """The country's name in the reader's language: ``DE`` is Germany."""
    return str(formats.locale().territories.get(code, code))
