"""Change orders: what a plan becomes, what of it differs, and what both sides sign. No database, no Django.

A change order speaks in amounts, and the price follows from them: it is the sum of the lines, to the cent. A percentage
of a price that is no more says nothing, so where amounts change, every line is an amount from then on.

Terms of the contract may be said anew too (:mod:`apps.contracts.rules.changed_terms`), and those of one milestone.

Deposits and recurring lines are billed by the calendar, partly already: a change order leaves each as it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from apps.contracts.drafts import MILESTONE, RECURRING, ChangeDraft, DraftLine
from apps.contracts.rules.checks import MOST_LINES, check_line
from apps.contracts.rules.conditions import check_conditions
from apps.contracts.rules.dues import period_amounts
from apps.contracts.rules.measures import worth
from apps.contracts.rules.plan import AMOUNT
from apps.contracts.rules.recovery import is_recoverable
from apps.contracts.rules.words import required
from apps.core import money
from apps.core.errors import Refused


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of a plan at its position, and what it comes to."""

    position: int
    line: DraftLine
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Moved:
    """One line before and after: added (no ``before``), removed (no ``after``), or said differently."""

    position: int
    before: PlacedLine | None
    after: PlacedLine | None

    @property
    def kind(self) -> str:
        """``added``, ``removed``, ``repriced`` (whatever else differs too) or ``changed``."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "repriced" if self.before.amount != self.after.amount else "changed"

    @property
    def title(self) -> str:
        """The name of the line as it is to be, or as it was."""
        return (self.after or self.before or _NONE).line.title

    @property
    def net(self) -> Decimal:
        """By how much it changes the price."""
        before = self.before.amount if self.before is not None else money.ZERO
        return (self.after.amount if self.after is not None else money.ZERO) - before

    @property
    def says_another_thing(self) -> bool:
        """Whether name, scope or criteria differ: what is judged at sign-off."""
        return self.before is None or self.after is None or _words(self.before) != _words(self.after)

    @property
    def has_other_terms(self) -> bool:
        """Whether a line that stays has other terms of its own: review, silence, whether it waits for others."""
        return self.before is not None and self.after is not None and self.before.line.own != self.after.line.own

    @property
    def is_remeasured(self) -> bool:
        """Whether quantity, unit or price of one of a line that stays are others, or it is a lump sum now."""
        return (
            self.before is not None and self.after is not None and self.before.line.measure != self.after.line.measure
        )

    @property
    def is_redated(self) -> bool:
        """Whether the planned date of a line that stays is another one."""
        return (
            self.before is not None
            and self.after is not None
            and self.before.line.planned_on != self.after.line.planned_on
        )


_NONE = PlacedLine(0, DraftLine(""), money.ZERO)


def check_change(draft: ChangeDraft) -> ChangeDraft:
    """The draft with what it is called and why, trimmed; refused when either is missing."""
    return replace(
        draft,
        title=required(draft.title, most=160, what="name of the change", field="title"),
        reason=required(draft.reason, most=4_000, what="reason of the change", field="reason"),
    )


def changed_plan(
    plan: Sequence[PlacedLine], draft: ChangeDraft, *, currency: str, next_position: int
) -> list[PlacedLine]:
    """The plan as the draft makes it, in the order of positions; new lines follow, from ``next_position`` on.

    A line that stands as it was is no change. Refused when nothing differs, when nothing is left, or when a line cannot
    be kept as it is written.
    """
    wanted = {one.position: one.line for one in draft.lines}
    if len(wanted) != len(draft.lines) or wanted.keys() - {one.position for one in plan}:
        raise Refused("The plan is no longer the one that you changed. Reload the page.", field="lines")
    now = [_as_wanted(one, wanted.get(one.position, one.line), currency=currency) for one in plan]
    lines = [one for one in now if one is not None]
    for line in draft.added:
        if line.kind != MILESTONE:
            raise Refused(
                "A change order adds milestones only. Make “{title}” a milestone, or agree it in another contract.",
                field="lines",
                title=line.title,
            )
    lines += [
        _placed(check_line(_in_money(line), position=position, currency=currency), position)
        for position, line in enumerate(draft.added, start=next_position)
    ]
    if not lines:
        raise Refused(
            "This takes every milestone out, and nothing would be left of the contract. Leave at least one.",
            field="lines",
        )
    if len(lines) > MOST_LINES:
        raise Refused("A plan has at most {most} milestones.", field="lines", most=MOST_LINES)
    check_conditions([one.line for one in lines])
    differences = moved(plan, lines)
    if not differences and not draft.terms:
        raise Refused(
            "Nothing is different yet. Change a term, or change, add or take out at least one milestone.", field="lines"
        )
    for one in differences:
        if one.after is not None and not one.after.line.criteria:
            raise Refused(
                "Say what makes “{milestone}” complete: add at least one acceptance criterion.",
                field="lines",
                milestone=one.title,
            )
    if all(one.kind == "changed" for one in differences):
        return lines
    return [replace(one, line=_as_an_amount(one, currency=currency)) for one in lines]


def moved(before: Sequence[PlacedLine], after: Sequence[PlacedLine]) -> list[Moved]:
    """What differs between two plans of one contract, by position. How a portion was agreed is no difference."""
    old, new = ({one.position: one for one in plan} for plan in (before, after))
    pairs = [Moved(position, old.get(position), new.get(position)) for position in sorted({*old, *new})]
    return [one for one in pairs if _differs(one)]


def price_of(plan: Sequence[PlacedLine]) -> Decimal:
    """The price of a plan: what its lines come to together, without advances that they give back."""
    return money.total(one.amount for one in plan if not is_recoverable(one.line))


def change_text(
    *,
    order: Mapping[str, Any],
    changes: Mapping[str, Any],
    before: Sequence[PlacedLine],
    after: Sequence[PlacedLine],
    terms: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """What the canonical text of a changing version says of the change: why, from which version, and line by line.

    ``terms`` are those of the contract that differ; what a line has of its own stands with it where it differs.
    """
    return {
        **order,
        "changes": dict(changes),
        "price_before": price_of(before),
        "net_change": price_of(after) - price_of(before),
        **({"terms": [dict(one) for one in terms]} if terms else {}),
        "lines": [
            {
                "position": one.position,
                "kind": one.kind,
                "title": one.title,
                "amount_before": one.before.amount if one.before is not None else None,
                "amount_after": one.after.amount if one.after is not None else None,
                "planned_before": one.before.line.planned_on if one.before is not None else None,
                "planned_after": one.after.line.planned_on if one.after is not None else None,
                **_own_text(one),
                **_measure_of(one),
            }
            for one in moved(before, after)
        ],
    }


def _as_wanted(stands: PlacedLine, wanted: DraftLine | None, *, currency: str) -> PlacedLine | None:
    if wanted is stands.line or (wanted == stands.line and wanted.kind != MILESTONE):
        return stands
    if stands.line.kind != MILESTONE or (wanted is not None and wanted.kind != MILESTONE):
        raise Refused(
            "“{title}” is billed by the calendar, or would be, and a change order changes milestones only. Leave it as"
            " it is.",
            field="lines",
            title=stands.line.title,
        )
    if wanted is None:
        return None
    checked = check_line(
        _at_its_amount(_in_money(wanted), currency=currency), position=stands.position, currency=currency
    )
    after = _placed(checked, stands.position)
    if not _differs(Moved(stands.position, stands, after)):
        return stands
    # A line that keeps its amount keeps how it was agreed, as long as every other one does.
    line = stands.line
    if after.amount != stands.amount or checked.measure != line.measure:
        return after
    return replace(stands, line=replace(checked, basis=line.basis, percent=line.percent, amount=line.amount))


def _in_money(line: DraftLine) -> DraftLine:
    return replace(line, basis=AMOUNT, percent=None)


def _at_its_amount(line: DraftLine, *, currency: str) -> DraftLine:
    """A line whose amount is not what its quantity comes to is a lump sum from now on: the amount is what was said."""
    if line.measure is None or line.amount in (None, worth(line.measure, currency=currency)):
        return line
    return replace(line, measure=None)


def _as_an_amount(one: PlacedLine, *, currency: str) -> DraftLine:
    """The line at what it comes to; of a recurring one, at what each of its periods does."""
    line = one.line
    if line.kind != RECURRING:
        return replace(_in_money(line), amount=one.amount)
    if line.basis == AMOUNT:
        return line
    count = line.due.count if line.due is not None and line.due.count else 1
    each = set(period_amounts(one.amount, count=count, currency=currency))
    if len(each) != 1:
        raise Refused(
            "“{title}” was agreed as a share of the price, and its {count} periods do not come to the same amount each."
            " So no amount of this plan can change: leave all as they are, and change only names, dates and criteria.",
            field="lines",
            title=line.title,
            count=count,
        )
    return replace(_in_money(line), amount=each.pop())


def _placed(line: DraftLine, position: int) -> PlacedLine:
    if line.amount is None:
        raise Refused("“{milestone}” has no amount yet.", field="lines", milestone=line.title)
    return PlacedLine(position, line, line.amount)


def _own_text(one: Moved) -> dict[str, Any]:
    if not one.has_other_terms or one.before is None or one.after is None:
        return {}
    return {"own_before": one.before.line.own or None, "own_after": one.after.line.own or None}


def _measure_of(one: Moved) -> dict[str, Any]:
    """Quantity and price of one, of a line that has others now."""
    if not one.is_remeasured or one.before is None or one.after is None:
        return {}
    return {"measure_before": one.before.line.measure, "measure_after": one.after.line.measure}


def _words(placed: PlacedLine) -> tuple[Any, ...]:
    return placed.line.title, placed.line.scope, placed.line.criteria


def _differs(one: Moved) -> bool:
    return bool(one.net) or one.says_another_thing or one.is_redated or one.has_other_terms or one.is_remeasured
