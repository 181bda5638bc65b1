"""How the papers of an organisation look, on pages: ``{% load brands %}``."""

from typing import Any
from urllib.parse import quote

from django import template

from apps.parties import branding, logos
from apps.parties.models import Organisation

register = template.Library()
BAR = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="56" height="5"><style>rect{{fill:{light}}}'
    "@media(prefers-color-scheme:dark){{rect{{fill:{dark}}}}}</style>"
    '<rect width="56" height="5" rx="2"/></svg>'
)


@register.inclusion_tag("components/letterhead.html")
def letterhead(organisation: Organisation) -> dict[str, Any]:
    """Bar, logo and name of whom a page is from; nothing where it never chose a look. The name is always text: a
    picture could say anything."""
    colour = organisation.accent or branding.HOUSE
    bar = BAR.format(light=colour, dark=branding.on_dark(colour))
    return {
        "name": organisation.legal_name if organisation.accent or organisation.logo else "",
        "bar": f"data:image/svg+xml,{quote(bar)}",
        "logo": _kept(organisation.logo),
    }


def _kept(sha256: str) -> str:
    """A page is shown without a picture that is not there."""
    try:
        return logos.source(sha256)
    except (OSError, ValueError):
        return ""
