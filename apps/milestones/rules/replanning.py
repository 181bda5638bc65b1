"""What a change order may do to milestones: what is accepted, billed or under review stays as it was.

No database, no Django. Amounts are net of tax, in the contract's currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from apps.contracts.rules import Moved
from apps.core import canonical, money
from apps.core.errors import Refused
from apps.core.money import Money

SUBMITTED: Final = "submitted"
BILLED: Final = frozenset({"accepted", "nullified"})
"""States of a milestone of which something was accepted, and billed."""
CANCELLED: Final = "cancelled"
OPEN: Final = frozenset({"planned", "changes_requested"})
"""States of a milestone that a change order may change."""


@dataclass(frozen=True, slots=True)
class PlanPart:
    """A milestone as it stands: a line of the plan, or a part of one.

    ``amount`` is what of it counts, less what was withdrawn of its acceptance, which goes on as a part of its own: of
    one that was withdrawn, what had been credited before. ``quantity`` is how much of its line it is; None of a lump
    sum, and where an amount that was withdrawn says nothing of it. ``is_pledged``: a financier pays on it as it is;
    ``is_advanced``: one has paid, and what it comes to may change, for the seller pays back what is not covered.
    """

    position: int
    part: int
    title: str
    state: str
    amount: Decimal
    is_pledged: bool = False
    is_advanced: bool = False
    quantity: Decimal | None = None

    @property
    def is_gone(self) -> bool:
        """It counts no more: cancelled, or withdrawn as a whole."""
        return self.state == CANCELLED or (self.state in BILLED and not self.amount)


@dataclass(frozen=True, slots=True)
class Follows:
    """What becomes of one open milestone: the amount that it has from now on; nothing left of it means cancelled.

    ``quantity`` is how much of its line it is then; None of a lump sum.
    """

    part: PlanPart
    amount: Decimal
    quantity: Decimal | None = None

    @property
    def is_cancelled(self) -> bool:
        return self.amount == money.ZERO


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to sums: what is billed stays, but for what is ``credited``; what is open becomes another."""

    billed: Decimal
    under_review: Decimal
    open_before: Decimal
    open_after: Decimal
    credited: Decimal = money.ZERO

    @property
    def price_after(self) -> Decimal:
        """What everything comes to afterwards."""
        return self.billed - self.credited + self.under_review + self.open_after

    @property
    def price_before(self) -> Decimal:
        return self.billed + self.under_review + self.open_before


def followed(change: Moved, parts: Sequence[PlanPart], *, currency: str) -> list[Follows]:
    """What becomes of the open milestones of one line that changes; ``parts`` are all of it, in their order.

    Refused in words that name the milestone when the change touches what is accepted, under review, or financed.
    """
    live = [part for part in parts if not part.is_gone]
    if not live:
        return []
    title = live[0].title
    fixed = [part for part in live if part.state not in OPEN]
    open_parts = [part for part in live if part.state in OPEN]
    accepted = money.total(part.amount for part in live if part.state in BILLED)
    agreed = money.total(part.amount for part in live)
    wanted = change.after.amount if change.after is not None else money.ZERO
    if change.after is None and accepted:
        raise Refused(
            "Of “{milestone}” {accepted} are accepted and billed, so it cannot be taken out. Change its amount to"
            " {accepted} to end what is left of it; what is billed is taken back by a credit note.",
            field="lines",
            milestone=title,
            accepted=Money(accepted, currency),
        )
    _check_review(title, live)
    _check_measured(title, fixed, change=change)
    if fixed and change.after is not None and change.says_another_thing:
        raise Refused(
            "“{milestone}” is accepted, so its name, scope and criteria stay as they were.",
            field="lines",
            milestone=title,
        )
    if wanted < accepted:
        # What is too much of what is accepted is taken back, and nothing else of it is left.
        _check_pledged(open_parts, change=change)
        return [Follows(part, money.ZERO) for part in open_parts]
    if not open_parts:
        raise Refused(
            "“{milestone}” is accepted as a whole, so nothing can be added to it. Add a milestone for what comes on"
            " top; or lower its amount, and a credit note takes the difference back.",
            field="lines",
            milestone=title,
        )
    _check_pledged(open_parts, change=change)
    spread = _spread(open_parts, wanted=wanted - (agreed - money.total(part.amount for part in open_parts)))
    return _measured(spread, fixed, change=change)


def deducted(change: Moved, parts: Sequence[PlanPart]) -> list[Follows]:
    """What a change takes back of the accepted parts of one line, the newest first: ``amount`` of each. Below what is
    billed, this much is credited."""
    accepted = [part for part in parts if part.state in BILLED and not part.is_gone]
    left = money.total(part.amount for part in accepted) - (change.after.amount if change.after else money.ZERO)
    taken: list[Follows] = []
    for part in reversed(accepted if change.after is not None else []):
        amount = min(part.amount, left)
        if amount > 0:
            taken.append(Follows(part, amount))
        left -= amount
    return taken


def effect(
    parts: Sequence[PlanPart],
    *,
    price_after: Decimal,
    credited: Decimal = money.ZERO,
    by_calendar: tuple[Decimal, Decimal] = (money.ZERO, money.ZERO),
) -> Effect:
    """What a change does to the sums of a contract whose milestones are ``parts``, ``credited`` of what is billed.

    ``by_calendar`` is what deposits and periods, of the price, have been billed, and what they are still to be.
    """
    live = [part for part in parts if not part.is_gone]
    billed = money.total(part.amount for part in live if part.state in BILLED) + by_calendar[0]
    review = money.total(part.amount for part in live if part.state == SUBMITTED)
    before = money.total(part.amount for part in live) + sum(by_calendar)
    after = price_after - (billed - credited) - review
    return Effect(billed, review, before - billed - review, after, credited)


def heirs(was: Sequence[tuple[int, str]], now: Sequence[tuple[int, str]]) -> dict[int, int]:
    """For each criterion of a line, by id and words, the one of another line that says the same, if there is one."""
    waiting: dict[str, list[int]] = {}
    for pk, words in reversed(now):
        waiting.setdefault(words, []).append(pk)
    return {pk: waiting[words].pop() for pk, words in was if waiting.get(words)}


def _check_review(title: str, live: Sequence[PlanPart]) -> None:
    if any(part.state == SUBMITTED for part in live):
        raise Refused(
            "“{milestone}” is under review, so it stays as it is until the buyer has decided or the seller takes the"
            " submission back.",
            field="lines",
            milestone=title,
        )


def _check_pledged(open_parts: Sequence[PlanPart], *, change: Moved) -> None:
    same = not (change.says_another_thing or change.has_other_terms or change.is_remeasured)
    if change.kind == "changed" and same:
        return
    only_amount = change.kind == "removed" or not (change.says_another_thing or change.has_other_terms)
    for part in open_parts:
        if part.is_pledged and not (part.is_advanced and only_amount):
            raise Refused(
                "“{milestone}” is assigned to a financier, who advances money on it as it was agreed. It can be moved"
                " to another date, but it cannot be taken out, and its amount, its terms and what it delivers stay.",
                field="lines",
                milestone=part.title,
            )


def _spread(open_parts: Sequence[PlanPart], *, wanted: Decimal) -> list[Follows]:
    """The first parts keep what they have as far as it goes; the last one takes what is left or comes on top."""
    follows, left = [], wanted
    for part in open_parts[:-1]:
        keeps = min(part.amount, left)
        follows.append(Follows(part, keeps))
        left -= keeps
    return [*follows, Follows(open_parts[-1], left)]


def _check_measured(title: str, fixed: Sequence[PlanPart], *, change: Moved) -> None:
    """What was accepted by quantity was so at the price of its day: refuse another price of what is billed of it."""
    if not change.is_remeasured or not fixed or change.before is None or change.after is None:
        return
    was, now = change.before.line.measure, change.after.line.measure
    if now is None:
        return
    if was is None or (was.unit, was.unit_price) != (now.unit, now.unit_price):
        raise Refused(
            "A part of “{milestone}” is accepted and billed as it was agreed, so unit and price of one stay. Lower its"
            " quantity to what is accepted, and add a milestone for the rest at another price.",
            field="lines",
            milestone=title,
        )
    accepted = _known([part.quantity for part in fixed])
    if accepted is not None and now.quantity < accepted:
        raise Refused(
            "Of “{milestone}” {accepted} are accepted and billed. Enter at least this quantity; to take something of it"
            " back, agree a lower amount in its place.",
            field="lines",
            milestone=title,
            accepted=canonical.plain(accepted),
        )


def _measured(follows: Sequence[Follows], fixed: Sequence[PlanPart], *, change: Moved) -> list[Follows]:
    """How much of a line each of its open parts is: what the parts before keep is theirs, the last one is the rest.

    Where an amount has split the line nobody can say how much of it the rest is: that is a lump sum from then on.
    """
    measure = change.after.line.measure if change.after is not None else None
    if measure is None or not follows:
        return list(follows)
    *first, last = follows
    stay = not change.is_remeasured or (
        change.before is not None
        and change.before.line.measure is not None
        and change.before.line.measure.unit_price == measure.unit_price
    )
    kept = [
        replace(one, quantity=one.part.quantity if stay and one.amount == one.part.amount else None) for one in first
    ]
    others = _known([*(part.quantity for part in fixed), *(one.quantity for one in kept)])
    rest = measure.quantity - others if others is not None else None
    return [*kept, replace(last, quantity=rest if rest is not None and rest > 0 else None)]


def _known(quantities: Sequence[Decimal | None]) -> Decimal | None:
    """What quantities come to together; None where one of them is not known."""
    known = [one for one in quantities if one is not None]
    return sum(known, Decimal(0)) if len(known) == len(quantities) else None
