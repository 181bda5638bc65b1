"""What is payable at most before the last milestone is accepted: which plans it can be said of. No database, no Django.

United States federal contracts pay events before delivery up to 90 percent of the price at most (Federal Acquisition
Regulation, 52.232-32(c)(2) with 32.1004(b)(3)(ii)), severable or cumulative (32.1004(a)(1)). A payment for an event
accepts no delivery. Here what is accepted is billed, and what of it is payable is told apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.contracts.drafts import MILESTONE, ContractDraft
from apps.contracts.rules.recovery import is_recoverable
from apps.core import money
from apps.core.errors import Refused
from apps.core.percent import Percent

HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone of a plan: what it comes to, and whether it waits for every one above it."""

    title: str
    amount: Decimal
    is_cumulative: bool


def check_payable_most(draft: ContractDraft, amounts: Sequence[Decimal]) -> None:
    """Refuse a plan of which a milestone could be accepted, before the last one, with nothing of it payable.

    An invoice on which nothing is due asks for nothing, and nobody can tell it from one that is paid. ``amounts`` are
    what the lines come to.
    """
    most = draft.retention.payable_most if draft.retention is not None else None
    if most is None:
        return
    if any(line.kind != MILESTONE and not is_recoverable(line) for line in draft.lines):
        raise Refused(
            "What is payable at most before the last milestone is accepted counts milestones, and deposits that later"
            " invoices give back. Leave other deposits and recurring lines out of this contract, or the limit.",
            field="retention_payable_most",
        )
    advances = money.total(amount for line, amount in zip(draft.lines, amounts, strict=True) if is_recoverable(line))
    if advances * HUNDRED > draft.price * most:
        raise Refused(
            "The deposits come to more than the {most} of the price that are payable before the last milestone is"
            " accepted. Lower a deposit.",
            field="lines",
            most=Percent(most),
        )
    if draft.partial_acceptance or any(line.own.partial_acceptance for line in draft.lines):
        raise Refused(
            "Where no more than a part of the price is payable before the last milestone is accepted, milestones are"
            " accepted whole: a part of one could lie wholly above the limit. Take acceptance in part out.",
            field="partial_acceptance",
        )
    steps = [
        Step(line.title, amount, line.own.is_cumulative)
        for line, amount in zip(draft.lines, amounts, strict=True)
        if line.kind == MILESTONE
    ]
    limit = draft.price * most / HUNDRED
    for place, step in enumerate(steps):
        left = least_left(steps, place)
        if left is not None and draft.price - left - step.amount >= limit:
            raise Refused(
                "“{milestone}” could be accepted when {most} of the price is payable already, and nothing of it would"
                " be. Make the milestones at the end larger, or cumulative so that their order is known.",
                field="lines",
                milestone=step.title,
                most=Percent(most),
            )


def least_left(steps: Sequence[Step], place: int) -> Decimal | None:
    """The least that is still to be accepted when this milestone is, and is not the last; None where it is always last.

    What stays open with a milestone is every cumulative one below it: those wait for it.
    """
    waiting = _waiting_for(steps, place)
    if waiting:
        return money.total(steps[one].amount for one in waiting)
    others = [one for one in range(len(steps)) if one != place]
    return min(
        (
            steps[one].amount + money.total(steps[more].amount for more in _waiting_for(steps, one) if more != place)
            for one in others
            # A milestone that waits for others is accepted after them: these cannot be what is left.
            if not (steps[place].is_cumulative and one < place)
        ),
        default=None,
    )


def _waiting_for(steps: Sequence[Step], place: int) -> list[int]:
    return [one for one in range(place + 1, len(steps)) if steps[one].is_cumulative]
