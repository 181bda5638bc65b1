"""What one version of a contract says differently from another: terms, lines of the plan, criteria.

Lines have no identity across versions, so they are matched by what they say: the same line first, then the same name,
then the same content under another name. What is left was removed or added.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from apps.contracts.charges import ChargeTerms
from apps.contracts.drafts import AS_AGREED, MILESTONE, DraftCriterion, Due, LineTerms, Measure
from apps.contracts.late_payment import LateTerms
from apps.contracts.payment_documents import PaymentDocuments
from apps.contracts.retention import RetentionTerms

Term = str | Decimal | int | bool | date | RetentionTerms | LateTerms | PaymentDocuments | ChargeTerms | None


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A line as a version says it. ``amount`` is what it comes to; None while a draft cannot tell.

    ``due`` tells when it is billed if it is no milestone; ``per_period`` what was agreed for one period of it.
    """

    title: str
    scope: str
    basis: str
    percent: Decimal | None
    amount: Decimal | None
    planned_on: date | None
    criteria: tuple[DraftCriterion, ...]
    own: LineTerms = AS_AGREED
    kind: str = MILESTONE
    due: Due | None = None
    per_period: Decimal | None = None
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class PaperOption:
    """Another plan that a version offers; ``discount`` is an amount, None where it costs the same."""

    name: str
    price: Decimal
    discount: Decimal | None
    lines: tuple[PaperLine, ...]
    discount_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """All that a version says: its terms by name, its plan, and the other plans that it offers."""

    terms: Mapping[str, Term]
    lines: tuple[PaperLine, ...]
    options: tuple[PaperOption, ...] = ()


@dataclass(frozen=True, slots=True)
class TermChange:
    """A term before and after; None on the side that does not name it."""

    name: str
    before: Term
    after: Term


@dataclass(frozen=True, slots=True)
class Placed:
    """A line with its position in its version, counted from 1."""

    position: int
    line: PaperLine


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line added (no ``before``), removed (no ``after``), said differently or moved past others."""

    before: Placed | None
    after: Placed | None
    is_moved: bool = False

    @property
    def kind(self) -> str:
        """``added``, ``removed``, ``changed`` or, when nothing but its place differs, ``moved``."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "moved" if self.before.line == self.after.line else "changed"


@dataclass(frozen=True, slots=True)
class OptionChange:
    """A plan to pick before and after, None on the side that does not offer it, and what its lines say differently."""

    before: PaperOption | None
    after: PaperOption | None
    lines: tuple[LineChange, ...]

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``changed``."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs; falsy when nothing does."""

    terms: tuple[TermChange, ...]
    lines: tuple[LineChange, ...]
    options: tuple[OptionChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms or self.lines or self.options)


def difference(before: Paper, after: Paper) -> Difference:
    """What changed from one version to the other; changed lines stand where they stand now, removed ones last."""
    names = [*before.terms, *(name for name in after.terms if name not in before.terms)]
    terms = [TermChange(name, before.terms.get(name), after.terms.get(name)) for name in names]
    return Difference(
        terms=tuple(change for change in terms if change.before != change.after),
        lines=_of_lines(before.lines, after.lines),
        options=_of_options(before.options, after.options),
    )


def _of_options(before: Sequence[PaperOption], after: Sequence[PaperOption]) -> tuple[OptionChange, ...]:
    """Plans are the same plan by their name; those that went stand last."""
    was, now = ({one.name: one for one in options} for options in (before, after))
    names = [*now, *(name for name in was if name not in now)]
    return tuple(
        OptionChange(was.get(name), now.get(name), _of_lines(_lines(was.get(name)), _lines(now.get(name))))
        for name in names
        if was.get(name) != now.get(name)
    )


def _lines(option: PaperOption | None) -> tuple[PaperLine, ...]:
    return option.lines if option is not None else ()


_KEYS: Final[Sequence[Callable[[PaperLine], Hashable]]] = (
    lambda line: line,
    lambda line: line.title,
    lambda line: (line.scope, line.criteria) if line.scope or line.criteria else line.title,
)
"""By what lines are taken for the same, the surest first."""


def _of_lines(before: Sequence[PaperLine], after: Sequence[PaperLine]) -> tuple[LineChange, ...]:
    origin = _matched(before, after)
    stays = _in_order([origin[place] for place in range(len(after)) if place in origin])
    changes = []
    for place, line in enumerate(after):
        source = origin.get(place)
        now = Placed(place + 1, line)
        if source is None:
            changes.append(LineChange(None, now))
        elif source not in stays or before[source] != line:
            changes.append(LineChange(Placed(source + 1, before[source]), now, is_moved=source not in stays))
    gone = sorted(set(range(len(before))) - set(origin.values()))
    return (*changes, *(LineChange(Placed(place + 1, before[place]), None) for place in gone))


def _matched(before: Sequence[PaperLine], after: Sequence[PaperLine]) -> dict[int, int]:
    """For each line of ``after`` that has one, its line of ``before``; both by place, counted from 0."""
    origin: dict[int, int] = {}
    left = list(range(len(before)))
    for key in _KEYS:
        waiting: defaultdict[Hashable, list[int]] = defaultdict(list)
        for place in reversed(left):
            waiting[key(before[place])].append(place)
        for place, line in enumerate(after):
            if place not in origin and waiting.get(key(line)):
                origin[place] = waiting[key(line)].pop()
        taken = set(origin.values())
        left = [place for place in left if place not in taken]
    return origin


def _in_order(places: Sequence[int]) -> set[int]:
    """The most lines that can be said to have kept their order: a longest increasing subsequence."""
    ends: list[int] = []
    previous: dict[int, int | None] = {}
    for place in places:
        at = bisect_left(ends, place)
        previous[place] = ends[at - 1] if at else None
        ends[at : at + 1] = [place]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = previous[last]
    return kept
