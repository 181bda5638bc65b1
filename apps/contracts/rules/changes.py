"""Change orders: what a plan becomes, what of it differs, and what both sides sign. No database, no Django.

A change order speaks in amounts, and the price follows from them: it is the sum of the lines, to the cent. A percentage
of a price that is no more says nothing, so where amounts change, every line is an amount from then on: of a recurring
line that of each period, or, where periods differ by a cent, that of all together.

Terms of the contract may be said anew too (:mod:`apps.contracts.rules.changed_terms`), and those of one milestone.

Deposits and recurring lines are billed by the calendar. What of one is not billed yet is said anew as any line is; what
is billed stays, which is asked where the instalments are (``apps.invoicing.rules.replanning``). A recurring line has
one amount for each of its periods, so another price from some day on is two lines: one that ends there, and a new one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from apps.contracts.drafts import MILESTONE, RECURRING, ChangeDraft, DraftLine
from apps.contracts.rules.checks import MOST_LINES, check_line
from apps.contracts.rules.conditions import check_conditions
from apps.contracts.rules.dues import due_text, per_period, period_amounts, portion_of
from apps.contracts.rules.measures import worth
from apps.contracts.rules.moved import Moved, PlacedLine, moved
from apps.contracts.rules.plan import AMOUNT, TOTAL
from apps.contracts.rules.recovery import is_recoverable
from apps.contracts.rules.texts import all_terms
from apps.contracts.rules.words import required
from apps.core import money
from apps.core.errors import Refused


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
    lines += [
        _placed(check_line(_in_money(line), position=position, currency=currency), position)
        for position, line in enumerate(draft.added, start=next_position)
    ]
    if not lines:
        raise Refused(
            "This takes every line out, and nothing would be left of the contract. Leave at least one.",
            field="lines",
        )
    if len(lines) > MOST_LINES:
        raise Refused("A plan has at most {most} lines.", field="lines", most=MOST_LINES)
    check_conditions([one.line for one in lines])
    differences = moved(plan, lines)
    if not differences and not draft.terms:
        raise Refused(
            "Nothing is different yet. Change a term, or change, add or take out at least one line.", field="lines"
        )
    for one in differences:
        if one.after is not None and not one.is_by_calendar and not one.after.line.criteria:
            raise Refused(
                "Say what makes “{milestone}” complete: add at least one acceptance criterion.",
                field="lines",
                milestone=one.title,
            )
    if all(one.kind == "changed" for one in differences):
        return lines
    return [replace(one, line=_as_an_amount(one, currency=currency)) for one in lines]


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
                **_schedule_of(one),
            }
            for one in moved(before, after)
        ],
    }


def _as_wanted(stands: PlacedLine, wanted: DraftLine | None, *, currency: str) -> PlacedLine | None:
    if wanted is stands.line:
        return stands
    if wanted is not None and wanted.kind != stands.line.kind:
        raise Refused(
            "“{title}” stays of its kind. Take it out, and add a line of the other kind.",
            field="lines",
            title=stands.line.title,
        )
    if wanted is not None and wanted.kind != MILESTONE:
        return _by_calendar(stands, wanted, currency=currency)
    if wanted is None:
        return None
    checked = check_line(
        _at_its_amount(_in_money(wanted), currency=currency), position=stands.position, currency=currency
    )
    after = _placed(checked, stands.position)
    if not Moved(stands.position, stands, after).differs:
        return stands
    # A line that keeps its amount keeps how it was agreed, as long as every other one does.
    line = stands.line
    if after.amount != stands.amount or checked.measure != line.measure:
        return after
    return replace(stands, line=replace(checked, basis=line.basis, percent=line.percent, amount=line.amount))


def _by_calendar(stands: PlacedLine, wanted: DraftLine, *, currency: str) -> PlacedLine:
    """A deposit or recurring line as it is to be; a share of the price stays one as long as it comes to the same."""
    if wanted.kind == RECURRING and wanted.basis != AMOUNT:
        # Agreed as a whole, and no amount of a period is said: so many periods bear it as before.
        if wanted.due is None or stands.line.due is None or wanted.due.count != stands.line.due.count:
            raise Refused(
                "“{title}” was agreed as a whole, and not by the period. Say what each period is to come to, to have"
                " another number of them.",
                field="lines",
                title=stands.line.title,
            )
        wanted = replace(wanted, amount=stands.amount) if wanted.basis == TOTAL else wanted
        checked = check_line(wanted, position=stands.position, currency=currency)
        after = PlacedLine(stands.position, checked, stands.amount)
    else:
        said = wanted if wanted.basis == AMOUNT else replace(_in_money(wanted), amount=stands.amount)
        after = _placed(check_line(said, position=stands.position, currency=currency), stands.position)
    if not Moved(stands.position, stands, after).differs:
        return stands
    same = after.amount == stands.amount and after.line.kind != RECURRING
    line = stands.line
    return (
        replace(after, line=replace(after.line, basis=line.basis, percent=line.percent, amount=line.amount))
        if same
        else after
    )


def _in_money(line: DraftLine) -> DraftLine:
    return replace(line, basis=TOTAL if line.basis == TOTAL else AMOUNT, percent=None)


def _at_its_amount(line: DraftLine, *, currency: str) -> DraftLine:
    """A line whose amount is not what its quantity comes to is a lump sum from now on: the amount is what was said."""
    if line.measure is None or line.amount in (None, worth(line.measure, currency=currency)):
        return line
    return replace(line, measure=None)


def _as_an_amount(one: PlacedLine, *, currency: str) -> DraftLine:
    """The line at what it comes to; of a recurring one at what each of its periods does, or, where they do not come to
    the same, in all."""
    line = one.line
    if line.kind != RECURRING:
        return replace(_in_money(line), amount=one.amount)
    if line.basis in (AMOUNT, TOTAL):
        return line
    count = line.due.count if line.due is not None and line.due.count else 1
    each = set(period_amounts(one.amount, count=count, currency=currency))
    if len(each) == 1:
        return replace(_in_money(line), amount=each.pop())
    return replace(_in_money(line), basis=TOTAL, amount=one.amount)


def _placed(line: DraftLine, position: int) -> PlacedLine:
    amount = portion_of(line).amount
    if amount is None and line.kind == RECURRING and line.amount is not None:
        raise Refused(
            "Say how many periods “{title}” has: a price that is fixed needs an end.", field="lines", title=line.title
        )
    if amount is None:
        raise Refused("“{milestone}” has no amount yet.", field="lines", milestone=line.title)
    return PlacedLine(position, line, amount)


def _own_text(one: Moved) -> dict[str, Any]:
    if not one.has_other_terms or one.before is None or one.after is None:
        return {}
    before, after = one.before.line.own, one.after.line.own
    return {
        "own_before": all_terms(before) if before else None,
        "own_after": all_terms(after) if after else None,
    }


def _measure_of(one: Moved) -> dict[str, Any]:
    """Quantity and price of one, of a line that has others now."""
    if not one.is_remeasured or one.before is None or one.after is None:
        return {}
    return {"measure_before": one.before.line.measure, "measure_after": one.after.line.measure}


def _schedule_of(one: Moved) -> dict[str, Any]:
    """When a deposit or a recurring line is billed, before and after, where something of it differs."""
    if not one.is_by_calendar:
        return {}
    return {
        when: due_text(placed.line.kind, placed.line.due, agreed=per_period(placed.line))
        for when, placed in (("billed_before", one.before), ("billed_after", one.after))
        if placed is not None
    }
