"""Certifying an application of more lines than one form takes: so many of its lines at a time.

What is lowered on the lines of one part waits in the browser's session, under the text that was shown, until the
application is certified, and every part shows what was lowered on the others. Without JavaScript too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from django.http import HttpRequest

from apps.core.errors import Refused
from apps.invoicing.models import Application, ApplicationLine
from apps.invoicing.services.certifying import Figure, check_figure

LINES: Final = 500
"""Lines of one form, of two fields each: well below what one request may carry."""
KEEP: Final = "keep:"
"""What the button says that keeps the figures of a part and shows another: this, and the number of that."""
KEPT: Final = "lower figures of an application"
"""Where the session keeps them: of which application, in which text, by milestone the amount and the reason, and the
comment to the seller."""
LONGEST: Final = 200_000
"""Characters that are kept."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """A line of another part with the figure that waits for it."""

    line: ApplicationLine
    figure: Figure


@dataclass(frozen=True, slots=True)
class Other:
    """Another part of the lines, counted from 1."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of an application, counted from 1, with what waits: ``kept`` of all lines, ``lowered`` on others, and
    the ``comment`` on all of it."""

    number: int
    total: int
    lines: Sequence[ApplicationLine]
    kept: Mapping[str, Figure] = field(default_factory=dict)
    lowered: Sequence[Lowered] = ()
    comment: str = ""

    @property
    def first(self) -> int:
        return (self.number - 1) * LINES + 1

    @property
    def last(self) -> int:
        return min(self.number * LINES, self.total)

    @property
    def others(self) -> list[Other]:
        """What the buttons lead to."""
        count = _count(self.total)
        parts = (Other(one, (one - 1) * LINES + 1, min(one * LINES, self.total)) for one in range(1, count + 1))
        return [one for one in parts if one.number != self.number]

    @property
    def initial(self) -> dict[str, object]:
        """What waits for its own lines, as its form shows it."""
        shown: dict[str, object] = {"comment": self.comment}
        for line in self.lines:
            ref = line.milestone.ref
            if ref in self.kept:
                shown |= {f"amount_{ref}": self.kept[ref].amount, f"reason_{ref}": self.kept[ref].reason}
        return shown

    def figures(self, own: Mapping[str, Figure]) -> dict[str, Figure]:
        """What is certified: of its own lines what the form says, of others what waits."""
        return {one.line.milestone.ref: one.figure for one in self.lowered} | dict(own)


def part_of(request: HttpRequest, found: Application, *, lines: Sequence[ApplicationLine]) -> Part:
    """The part that ``?lines=`` names, the first without."""
    asked = request.GET.get("lines", "")
    number = min(max(int(asked), 1), _count(len(lines))) if asked.isdecimal() and len(asked) < 6 else 1
    kept, comment = _kept(request, found)
    shown = lines[(number - 1) * LINES : number * LINES]
    here = {line.pk for line in shown}
    others = [
        Lowered(line, kept[line.milestone.ref]) for line in lines if line.pk not in here and line.milestone.ref in kept
    ]
    return Part(number, len(lines), shown, kept, others, comment)


def keep(request: HttpRequest, found: Application, *, part: Part, own: Mapping[str, Figure], comment: str) -> None:
    """Remember what is lowered on the lines of this part, and the comment; refused where it could not be certified
    so."""
    kept = {one.line.milestone.ref: one.figure for one in part.lowered}
    for line in part.lines:
        figure = check_figure(own[line.milestone.ref], line=line, currency=found.currency)
        if figure.amount < line.claimed:
            kept[line.milestone.ref] = figure
    written = {ref: [str(figure.amount), figure.reason] for ref, figure in kept.items()}
    if len(json.dumps(written)) > LONGEST:
        raise Refused("More lower figures than can be kept until you certify. Write shorter reasons, or return it.")
    request.session[KEPT] = [found.ref, found.sha256, written, comment]


def forget(request: HttpRequest) -> None:
    """They are certified, or of no use any more."""
    request.session.pop(KEPT, None)


def _kept(request: HttpRequest, found: Application) -> tuple[dict[str, Figure], str]:
    # A session of before comments were kept has none.
    ref, sha256, written, *comment = request.session.get(KEPT, ["", "", {}])
    if (ref, sha256) != (found.ref, found.sha256):
        return {}, ""
    figures = {milestone: Figure(Decimal(amount), reason) for milestone, (amount, reason) in written.items()}
    return figures, "".join(comment)


def _count(lines: int) -> int:
    return max(-(-lines // LINES), 1)
