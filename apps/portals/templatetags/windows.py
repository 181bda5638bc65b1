"""A part of a list that may have thousands of rows: so many at once, with the way to the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import template
from django.http import HttpRequest
from django.utils.translation import gettext as _

register = template.Library()
AT_ONCE: Final = 200
"""More rows than most lists have; a page of them opens at once."""
ROW: Final = "row"
"""The name in the address of the first row that is shown, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The rows that are shown, which of how many that is, and the addresses of the others, empty where none are."""

    rows: Sequence[Any]
    text: str
    previous_url: str
    next_url: str


@register.simple_tag(takes_context=True)
def window(context: Mapping[str, Any], rows: Sequence[Any]) -> Window:
    """The window of ``rows`` that the address names; all of them where they are few."""
    request = context.get("request")
    first = _asked(request) if len(rows) > AT_ONCE else 0
    if first >= len(rows):
        first = 0
    shown = rows[first : first + AT_ONCE]
    last = first + len(shown)
    text = _("%(first)s–%(last)s of %(all)s; each of them is in the file of the plan.") % {
        "first": first + 1,
        "last": last,
        "all": len(rows),
    }
    return Window(
        rows=shown,
        text=text,
        previous_url=_url(request, max(first - AT_ONCE, 0)) if first else "",
        next_url=_url(request, last) if last < len(rows) else "",
    )


def _asked(request: HttpRequest | None) -> int:
    said = request.GET.get(ROW, "") if request is not None else ""
    return int(said) - 1 if said.isascii() and said.isdigit() and 0 < len(said) < 9 and int(said) else 0


def _url(request: HttpRequest | None, first: int) -> str:
    asked = request.GET.copy() if request is not None else None
    if asked is None:
        return ""
    asked[ROW] = str(first + 1)
    return f"?{asked.urlencode()}"
