"""What was typed of a change order on other pages of its lines: it travels with the form, so nothing is stored.

A page shows a hundred lines. Whoever goes on to the next one takes along what is different so far, as one hidden field;
lines that were left as they are do not travel. Whatever comes back from a browser is read by the same forms as what is
typed.
"""

import json
import re
from collections.abc import Iterable
from typing import Final

from django.http import QueryDict

from apps.portals.changing.lines import CalendarLineForm, LineForm

FIELD: Final = "kept"
OF_LINE: Final = re.compile(r"line-([0-9]{1,6})-([a-z_]+)")
SENT: Final = "scope"
"""The field by which the form of a line knows that it was sent: it may be empty, and is kept all the same."""


def with_kept(sent: QueryDict) -> QueryDict:
    """What was sent, and beside it what was typed on other pages; the page itself counts for its own lines."""
    whole = sent.copy()
    here = set(_typed(sent))
    for position, values in _read(sent.get(FIELD, "")).items():
        if position not in here:
            whole.update({f"line-{position}-{name}": value for name, value in values.items()})
    return whole


def sent_positions(whole: QueryDict) -> set[int]:
    """The lines of which something was sent."""
    return set(_typed(whole))


def written(lines: Iterable[LineForm | CalendarLineForm], whole: QueryDict) -> str:
    """The hidden field that takes these lines along, those of them that are different."""
    changed = {form.placed.position for form in lines if form.is_bound and form.has_changed()}
    typed = _typed(whole)
    kept = {
        str(position): {name: value for name, value in typed[position].items() if value or name == SENT}
        for position in sorted(changed)
    }
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else ""


def _typed(sent: QueryDict) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for key, value in sent.items():
        of_line = OF_LINE.fullmatch(key)
        if of_line is not None and isinstance(value, str):
            found.setdefault(int(of_line[1]), {})[of_line[2]] = value
    return found


def _read(text: str) -> dict[int, dict[str, str]]:
    """The lines of the hidden field; nothing of one that this page has not written."""
    try:
        told = json.loads(text or "{}")
        # Half a character (a lone surrogate) can be written so, and can be neither shown nor kept.
        json.dumps(told, ensure_ascii=False).encode()
        return {
            int(position): {name: value for name, value in values.items() if OF_LINE.fullmatch(f"line-1-{name}")}
            for position, values in told.items()
            if all(isinstance(value, str) for value in values.values())
        }
    except (ValueError, AttributeError, RecursionError):
        return {}
