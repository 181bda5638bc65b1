"""What two versions of a contract say differently, in brief: a mail says the same as the page that shows all of it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.contracts.models import ContractVersion
from apps.portals.version_differences import LineRow, OptionRows, Row, between_versions

register = template.Library()

MOST: Final = 40
"""Changes that a mail names; how many more there are it says."""
SHORT: Final = 120
"""Letters of a value that a mail repeats; of a longer text it says only that it changed."""


@register.simple_tag
def changes_between(before: ContractVersion, after: ContractVersion) -> list[dict[str, Any]]:
    """The lines of ``mail/changes.html``: a term with what it was and is, or one word about it.

    A tag and not a value of the letter, so that it is written in the language of who reads it.
    """
    found = between_versions(before, after)
    rows = [
        *(_change(row.label, row) for row in found.terms),
        *_lines(found.lines),
        *(line for option in found.options for line in _option(option)),
    ]
    more = len(rows) - MOST
    if more <= 0:
        return rows
    said = ngettext(
        "%(count)s: the page of the contract shows it", "%(count)s: the page of the contract shows them", more
    )
    return [*islice(rows, MOST), {"term": _("Further changes"), "word": said % {"count": more}}]


def _lines(lines: Iterable[LineRow], *, plan: str = "") -> Iterator[dict[str, Any]]:
    """Lines that came and went, that stand elsewhere, and each part of a line that is different."""
    words = {"added": _("new"), "removed": _("left out")}
    for line in lines:
        name = f"{plan}{line.title} ({line.place})"
        if line.kind == "changed":
            yield from (_change(f"{name} · {row.label}", row) for row in line.rows)
        else:
            yield {"term": f"{plan}{line.title}", "word": words.get(line.kind, line.place)}


def _option(option: OptionRows) -> Iterator[dict[str, Any]]:
    """A plan to pick that came or went; of one that changed its price and its lines."""
    name = _("Plan to pick: %(name)s") % {"name": option.name}
    if option.kind != "changed":
        yield {"term": name, "word": _("new") if option.kind == "added" else _("left out")}
        return
    yield from (_change(f"{name} · {row.label}", row) for row in option.rows)
    yield from _lines(option.lines, plan=f"{name} · ")


def _change(term: str, row: Row) -> dict[str, Any]:
    values = (row.before, row.after)
    if any(len(value) > SHORT or "\n" in value for value in values):
        return {"term": term, "word": _("changed")}
    return {"term": term, "before": row.before or "–", "after": row.after or "–"}
