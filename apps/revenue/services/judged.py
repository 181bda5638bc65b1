"""What a judgement does to the obligations of its contract: its effect is cumulative, and booked when it holds."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from apps.core import money
from apps.core.errors import Refused
from apps.revenue import rules
from apps.revenue.models import ACCEPTED, Judgement, JudgementKind, Measure, Obligation
from apps.revenue.services.books import Books
from apps.revenue.services.changes import treat_again
from apps.revenue.services.events import Event
from apps.revenue.services.opening import amount_of


def apply_judgement(books: Books, *, event: Event, judgement: Judgement) -> None:
    """Follow a judgement; every obligation is told, so that it is followed once."""
    if books.contract.terminated_at is not None and judgement.judged_at >= books.contract.terminated_at:
        return
    before = books.holds(judgement)
    if judgement.kind == JudgementKind.TREATMENT:
        treat_again(books, judgement=judgement)
    elif judgement.kind in (JudgementKind.VARIABLE, JudgementKind.FINANCING):
        _replace_in_price(books, before, judgement)
    else:
        obligation = _mine(books, judgement.obligation)
        if judgement.kind == JudgementKind.MEASURE:
            _measure(obligation, judgement)
        elif judgement.kind == JudgementKind.COSTS:
            obligation.take(rules.estimated(obligation.duty, costs_of(judgement.said)))
        else:
            obligation.standalone = Decimal(judgement.said["standalone"])
            _share_anew(books)
    books.write(event, touched=books.obligations.values())


def costs_of(said: dict[str, Any]) -> rules.Costs:
    """Cumulative costs as a judgement keeps them."""
    names = ("incurred", "expected", "uninstalled", "uninstalled_expected")
    return rules.Costs(**{name: Decimal(said[name]) for name in names})


def _mine(books: Books, obligation: Obligation | None) -> Obligation:
    """The obligation that is being brought up to date, not the one that the judgement was read with."""
    if obligation is None:
        raise ValueError("this judgement is about an obligation")
    return books.obligations[obligation.position]


def _measure(obligation: Obligation, judgement: Judgement) -> None:
    said = judgement.said
    obligation.measure, obligation.is_judged, obligation.through = Measure(said["measure"]), True, None
    obligation.starts_on = obligation.ends_on = None
    if obligation.measure in ACCEPTED:
        obligation.take(rules.remeasured(obligation.duty, agreed=amount_of(obligation), done=obligation.accepted))
    elif obligation.measure == Measure.DELIVERED:
        whole = amount_of(obligation)
        obligation.take(rules.remeasured(obligation.duty, agreed=whole, done=whole))
    elif obligation.measure == Measure.STRAIGHT_LINE:
        first, last = (date.fromisoformat(said[name]) for name in ("starts_on", "ends_on"))
        obligation.starts_on, obligation.ends_on, obligation.through = first, last, judgement.effective_on
        days = rules.days_passed(first, last, through=last)
        done = rules.days_passed(first, last, through=judgement.effective_on)
        obligation.take(rules.remeasured(obligation.duty, agreed=days, done=done))
    else:
        costs = costs_of(said)
        duty = rules.remeasured(obligation.duty, agreed=costs.expected, done=money.ZERO)
        obligation.take(rules.estimated(duty, costs))


def _share_anew(books: Books, *, more: Decimal = money.ZERO) -> None:
    """Share the price, and ``more``, by the stand-alone prices as they are judged now (IFRS 15.76), largest remainder.

    A variable amount that one obligation alone bears (15.85) stays with it, and so does a bonus.
    """
    currency, alone = books.contract.currency, defaultdict(Decimal, books.bonuses)
    for one in books.judgements.values():
        if one.counts and one.obligation is not None:
            alone[one.obligation.position] += one.counts
    duties = [one.duty for one in books.obligations.values()]
    pool = money.total(duty.allocated for duty in duties) + more - money.total(alone.values())
    shares = rules.allocated(pool, standalone=[duty.standalone for duty in duties], currency=currency)
    for duty, share in zip(duties, shares, strict=True):
        now = share + alone[duty.position]
        books.obligations[duty.position].take(rules.repriced(duty, now, currency))


def _replace_in_price(books: Books, before: Judgement | None, now: Judgement) -> None:
    """The price with what is judged now in place of what was judged before: only what both come to has to fit.

    What counts no more is taken back in any case, by the job of a charge that stands: where a change order shared it
    out meanwhile, so that whoever bore it bears less by now, the price is shared anew.
    """
    moves: dict[int, Decimal] = defaultdict(Decimal)
    if before is not None:
        _share(books, -before.counts, before.obligation, moves)
    _share(books, now.counts, now.obligation, moves)
    duties = {position: books.obligations[position].duty for position in moves}
    if not all(
        _fits(duty, duty.allocated + moves[position]) for position, duty in duties.items() if moves[position] < 0
    ):
        if now.counts:
            raise Refused("That takes more off the price than is left of it.", field="amount")
        _share_anew(books, more=money.total(moves.values()))
        return
    for position, moved in moves.items():
        if moved:
            bears = duties[position].allocated + moved
            books.obligations[position].take(rules.repriced(duties[position], bears, books.contract.currency))


def _fits(duty: rules.Duty, bears: Decimal) -> bool:
    """Whether an obligation can bear so little: its materials, and what was credited of it already."""
    return bears >= duty.at_cost_expected and bears >= duty.credited


def _share(books: Books, amount: Decimal, only: Obligation | None, moves: dict[int, Decimal]) -> None:
    """A change of the price is borne by one obligation, or by all on the basis of their stand-alone prices (15.88)."""
    if not amount:
        return
    bearers = [books.obligations[only.position]] if only is not None else list(books.obligations.values())
    weights = [one.standalone for one in bearers]
    shares = money.split(abs(amount), weights if any(weights) else [Decimal(1)] * len(weights), books.contract.currency)
    for one, share in zip(bearers, shares, strict=True):
        moves[one.position] += share if amount > 0 else -share
