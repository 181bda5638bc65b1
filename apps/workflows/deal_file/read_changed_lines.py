"""What an event of a deal file says of a line of the plan that a change order changes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from apps.contracts.drafts import (
    ACCEPTANCE,
    DATE,
    DEPOSIT,
    EVENT,
    MILESTONE,
    MONTHS,
    RECURRING,
    SIGNATURE,
    ContractDraft,
)
from apps.contracts.rules.dues import MOST_PERIODS
from apps.core import money
from apps.workflows.deal_file.deal import ChangedMilestone
from apps.workflows.deal_file.read_dues import read_recovery
from apps.workflows.deal_file.read_measure import read_measure
from apps.workflows.deal_file.read_steps import read_criterion, read_own_keys
from apps.workflows.deal_file.reader import Place

NONE: Final = "none"
"""What a line had is no more; of its own terms: it is as the contract says again."""
STARTS: Final = {
    RECURRING: ("starts", "starts_with"),
    DEPOSIT: ("due", "starts", "due_with", "due_on_event"),
}
"""The keys that say when a line of this kind is first billed; of a deposit ``starts`` is another word for ``due``."""


def read_changed_line(place: Place, contract: ContractDraft, milestone: Callable[[Place], int]) -> ChangedMilestone:
    """The keys of one line under ``changes``; what its kind does not have is refused instead of left out."""
    number = milestone(place.need("milestone"))
    kind = contract.lines[number - 1].kind
    out, amount, until = place.maybe("remove"), place.maybe("amount"), place.maybe("until")
    measure = read_measure(place)
    changed = ChangedMilestone(
        milestone=number,
        is_out=out.yes_or_no() if out is not None else False,
        amount=_payable(amount, contract.currency) if amount is not None else None,
        measure=measure,
        words=_words(place),
        own=read_own_keys(place, kind=kind, again=NONE),
        due=_due(place, kind),
        until=until.day() if until is not None else None,
    )
    if changed == ChangedMilestone(number) and out is None:
        place.refuse(
            "says nothing that is different: give `title`, `scope`, `amount` or `remove: yes`; of a milestone also"
            " `quantity`, `planned`, `criteria` or own terms; of a deposit `due` or `recovered`; of a recurring line"
            " `starts`, `every`, `times` or `until`"
        )
    if amount is not None and measure is not None:
        place.refuse("says `amount` and `quantity`: the amount of a milestone by quantity follows from that")
    _check_kind(place, changed, kind=kind)
    place.done()
    return changed


def _words(place: Place) -> dict[str, Any]:
    title, scope = place.maybe("title"), place.maybe("scope")
    planned, criteria = place.maybe("planned"), place.maybe("criteria")
    words: dict[str, Any] = {}
    if title is not None:
        words["title"] = title.text(most=160)
    if scope is not None:
        words["scope"] = "" if _is_none(scope) else scope.text()
    if planned is not None:
        words["planned_on"] = None if _is_none(planned) else planned.day()
    if criteria is not None:
        words["criteria"] = tuple(read_criterion(one) for one in criteria.each())
    return words


def _due(place: Place, kind: str) -> dict[str, Any]:
    """When a line is first billed, how often, and how a deposit is given back, as far as it is said anew."""
    starts = {key: place.maybe(key) for key in ("starts", "starts_with", "due", "due_with", "due_on_event")}
    said = {key: found for key, found in starts.items() if found is not None}
    every, times, recovered = place.maybe("every"), place.maybe("times"), place.maybe("recovered")
    for key, found in said.items():
        if kind != MILESTONE and key not in STARTS[kind]:
            found.refuse(f"a {kind} line says {' or '.join(f'`{one}`' for one in STARTS[kind])} instead")
    if len(said) > 1:
        place.refuse(f"needs one of {', '.join(f'`{one}`' for one in said)}, not several")
    due: dict[str, Any] = {}
    for key, found in said.items():
        due |= {"start": SIGNATURE, "on": None, "milestone": "", "event": ""}
        if key in ("starts_with", "due_with"):
            due |= {"start": ACCEPTANCE, "milestone": found.text(most=160)}
        elif key == "due_on_event":
            due |= {"start": EVENT, "event": found.text(most=160)}
        elif found.text() != SIGNATURE:
            due |= {"start": DATE, "on": found.day()}
    if every is not None:
        due["period"] = every.one_of(*MONTHS)
    if times is not None:
        due["count"] = times.whole(least=1, most=MOST_PERIODS)
    if recovered is not None:
        due["recovery"] = None if _is_none(recovered) else read_recovery(recovered)
    return due


def _check_kind(place: Place, changed: ChangedMilestone, *, kind: str) -> None:
    if kind == MILESTONE and (changed.due or changed.until):
        place.refuse(
            "is a milestone, and nothing of it is billed by days: it has no `starts`, `every`, `times`, `until`,"
            " `due` or `recovered`"
        )
    of_milestones = changed.measure or changed.words.keys() & {"planned_on", "criteria"}
    if kind != MILESTONE and of_milestones:
        place.refuse(
            "is billed by days, without a sign-off: it has no `planned`, `criteria` or `quantity`, and of its own only"
            " `payment_days` and `tax`"
        )
    if kind == DEPOSIT and (changed.until or changed.due.keys() & {"period", "count"}):
        place.refuse("is a deposit, billed once: it has no `every`, `times` or `until`")
    if kind == RECURRING and "recovery" in changed.due:
        place.refuse("is recurring, and a part of the price: only a deposit is `recovered`")
    if changed.until is not None and "count" in changed.due:
        place.refuse("needs `times` or `until`, not both")


def _is_none(place: Place) -> bool:
    return place.is_text and place.text() == NONE


def _payable(place: Place, currency: str) -> Decimal:
    return place.by(
        lambda: money.payable(place.number(least=Decimal("0.001"), most=money.LARGEST), currency), instead=Decimal(1)
    )
