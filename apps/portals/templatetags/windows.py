"""A part of a list that may have thousands of rows: so many at once, with the way to the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import template
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()
AT_ONCE: Final = 200
"""More rows than most lists have; a page of them opens at once."""
CHARACTERS: Final = 100_000
"""More than most texts have that somebody signs."""
ROW: Final = "row"
"""The name in the address of the first row that is shown, counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The rows that are shown, which of how many that is, and the addresses of the others, empty where none are."""

    rows: Sequence[Any]
    text: str
    previous_url: str
    next_url: str
    is_asked: bool
    """Whether the address names a part: what is folded away opens on it."""


@register.simple_tag(takes_context=True)
def window(context: Mapping[str, Any], rows: Sequence[Any], name: str = ROW) -> Window:
    """The window of ``rows`` that the address names by ``name``; all of them where they are few.

    All of them also where the page answers what was typed: an address would lead back to a page without it.
    """
    text = _("%(first)s–%(last)s of %(all)s")
    return _window(context.get("request"), rows, name=name, at_once=AT_ONCE, text=text)


@register.simple_tag(takes_context=True)
def window_of_text(context: Mapping[str, Any], text: str) -> Window:
    """The part of a long text that the address names; ``rows`` is that part."""
    said = _("characters %(first)s–%(last)s of %(all)s")
    return _window(context.get("request"), text, name="character", at_once=CHARACTERS, text=said)


def _window(request: HttpRequest | None, rows: Sequence[Any], *, name: str, at_once: int, text: str) -> Window:
    can_turn = request is not None and request.method == "GET" and len(rows) > at_once
    first = _asked(request, name) if can_turn else 0
    if first >= len(rows):
        first = 0
    shown = rows[first : first + at_once] if can_turn else rows
    last = first + len(shown)
    return Window(
        rows=shown,
        text=text % {"first": _grouped(first + 1), "last": _grouped(last), "all": _grouped(len(rows))},
        previous_url=_url(request, name, max(first - at_once, 0)) if first else "",
        next_url=_url(request, name, last) if last < len(rows) else "",
        is_asked=can_turn and request is not None and name in request.GET,
    )


def _grouped(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


def _asked(request: HttpRequest | None, name: str) -> int:
    said = request.GET.get(name, "") if request is not None else ""
    return int(said) - 1 if said.isascii() and said.isdigit() and 0 < len(said) < 9 and int(said) else 0


def _url(request: HttpRequest | None, name: str, first: int) -> str:
    asked = request.GET.copy() if request is not None else None
    if asked is None:
        return ""
    asked[name] = str(first + 1)
    return f"?{asked.urlencode()}"
