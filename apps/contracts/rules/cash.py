"""When a plan is expected to bring its money, from its dates and its terms: before tax, interest and surprises."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from apps.contracts.drafts import ACCEPTANCE, AS_AGREED, DATE, DEPOSIT, EVENT, MILESTONE, RECURRING, LineTerms
from apps.contracts.rules.difference import PaperLine
from apps.contracts.rules.dues import period_amounts, periods
from apps.contracts.rules.payment import NET, due_on
from apps.contracts.rules.recovery import Advance, recovered
from apps.core import money


@dataclass(frozen=True, slots=True)
class Expected:
    """An amount, net of tax, and the day on which it is paid if everything goes as planned; None where no day follows.

    ``done_on`` is when the work is accepted that it pays for; None of what no sign-off bills. ``own`` are the terms of
    its line, by which its invoice is taxed. ``criteria`` of a milestone tell that it is done; None of what is none.
    """

    on: date | None
    amount: Decimal
    title: str
    done_on: date | None = None
    own: LineTerms = AS_AGREED
    criteria: int | None = None


def expected_cash(
    lines: Sequence[PaperLine],
    *,
    signed_on: date,
    review_days: int,
    payment_days: int,
    currency: str,
    payment_basis: str = NET,
) -> list[Expected]:
    """What a plan brings and when, in the order of its lines; a line without an amount yet brings nothing.

    A milestone is accepted at the end of the review that begins on its planned date, or on the day of the signature if
    that is later; a cumulative one not before those above it. Review days are taken as calendar days. Each invoice is
    paid on the last of its days. A deposit that later invoices give back comes on its day, and each payment after it is
    lower by what its invoice gives back.
    """
    accepted = _acceptances(lines, signed_on=signed_on, review_days=review_days)

    def paid(on: date, line: PaperLine) -> date:
        days = payment_days if line.own.payment_days is None else line.own.payment_days
        return due_on(on, payment_days=days, payment_basis=payment_basis)

    found: list[Expected] = []
    advances: list[tuple[int, Advance]] = []
    for place, line in enumerate(lines):
        if line.amount is None:
            continue
        if line.kind == MILESTONE:
            done = accepted[place]
            on, criteria = paid(done, line) if done else None, len(line.criteria)
            found.append(Expected(on, line.amount, line.title, done, line.own, criteria))
            continue
        if line.due is not None and line.due.recovery is not None:
            advances.append((len(found), Advance(line.amount, line.due.recovery)))
        start = _start(line, lines, accepted, signed_on=signed_on)
        for on, amount in _instalments(line, start, currency=currency):
            found.append(Expected(paid(max(on, signed_on), line) if on else None, amount, line.title, own=line.own))
    return _less_deposits(found, advances, currency=currency) if advances else found


def _less_deposits(cash: list[Expected], advances: list[tuple[int, Advance]], *, currency: str) -> list[Expected]:
    """The same, each later payment less what it gives back of deposits; what is paid on no known day comes last."""
    places = [place for place, _one in advances]
    order = sorted(range(len(cash)), key=lambda place: (cash[place].on or date.max, place))
    price = rest = money.total(one.amount for place, one in enumerate(cash) if place not in places)
    left: dict[int, Advance] = {}
    found = list(cash)
    for place in order:
        if place in places:
            left[place] = dict(advances)[place]
            continue
        one, rest = cash[place], rest - cash[place].amount
        standing = list(left.values())
        parts = recovered(standing, amount=one.amount, rest=rest, price=price, currency=currency)
        found[place] = replace(one, amount=one.amount - money.total(parts))
        left = {
            key: replace(advance, left=advance.left - part)
            for (key, advance), part in zip(left.items(), parts, strict=True)
        }
    # What nothing later could give back is not expected at all.
    for place, advance in left.items():
        found[place] = replace(found[place], amount=found[place].amount - advance.left)
    return found


def _acceptances(lines: Sequence[PaperLine], *, signed_on: date, review_days: int) -> list[date | None]:
    found: list[date | None] = []
    latest: date | None = signed_on
    for line in lines:
        if line.kind != MILESTONE:
            found.append(None)
            continue
        done = None
        if line.planned_on is not None:
            review = line.own.review_days if line.own.review_days is not None else review_days
            done = max(line.planned_on, signed_on) + timedelta(days=review)
        if line.own.is_cumulative:
            done = max(done, latest) if done is not None and latest is not None else None
        found.append(done)
        latest = max(latest, done) if done is not None and latest is not None else None
    return found


def _start(
    line: PaperLine, lines: Sequence[PaperLine], accepted: Sequence[date | None], *, signed_on: date
) -> date | None:
    if line.due is None or line.due.start == DATE:
        return line.due.on if line.due else None
    if line.due.start == EVENT:
        return None
    if line.due.start == ACCEPTANCE:
        named = [day for one, day in zip(lines, accepted, strict=True) if one.title == line.due.milestone]
        return named[0] if named else None
    return signed_on


def _instalments(line: PaperLine, start: date | None, *, currency: str) -> Iterable[tuple[date | None, Decimal]]:
    amount, due = line.amount or money.ZERO, line.due
    if line.kind != RECURRING or due is None:
        return [(start, amount)]
    if not due.period or not due.count:
        return [(None, amount)]
    amounts = period_amounts(amount, count=due.count, currency=currency)
    if start is None:
        return [(None, one) for one in amounts]
    days = [one.first for one in periods(start, period=due.period, count=due.count)]
    return zip(days, amounts, strict=True)


def by_month(cash: Iterable[Expected]) -> dict[date, Decimal]:
    """What is expected in each month, by its first day; what has no day stands nowhere."""
    sums: dict[date, Decimal] = {}
    for one in cash:
        if one.on is not None:
            first = one.on.replace(day=1)
            sums[first] = sums.get(first, money.ZERO) + one.amount
    return sums


def undated(cash: Iterable[Expected]) -> Decimal:
    """What a plan brings on days that nobody can say."""
    return money.total(one.amount for one in cash if one.on is None)


@dataclass(frozen=True, slots=True)
class Ahead:
    """The most that one side is ahead of the other on any day: money paid for work that is not accepted yet, and work
    accepted that is not paid."""

    paid_unfinished: Decimal
    done_unpaid: Decimal


def ahead(cash: Sequence[Expected], *, done: Sequence[tuple[date, Decimal]], price: Decimal, currency: str) -> Ahead:
    """How far payment and work drift apart, work being worth the price in the shares in which it is ``done``.

    ``done`` are days and weights: when the milestones of the deal are accepted, and what each is worth in its plan.
    """
    whole = money.total(weight for _day, weight in done)
    if not whole:
        return Ahead(money.ZERO, money.ZERO)
    days = sorted({one.on for one in cash if one.on} | {day for day, _weight in done})
    most_paid = most_done = money.ZERO
    for day in days:
        paid = money.total(one.amount for one in cash if one.on is not None and one.on <= day)
        worth = money.half_up(price * money.total(weight for on, weight in done if on <= day) / whole, currency)
        before = money.half_up(price * money.total(weight for on, weight in done if on < day) / whole, currency)
        most_paid = max(most_paid, paid - worth)
        earlier = money.total(one.amount for one in cash if one.on is not None and one.on < day)
        most_done = max(most_done, worth - earlier, before - earlier)
    return Ahead(most_paid, most_done)


MILESTONES, BY_TIME, UPFRONT = "milestones", "time", "upfront"


def kind_of_plan(lines: Iterable[PaperLine]) -> str:
    """How a deal is paid: by ``milestones`` as soon as there is one, by ``time``, or all of it ``upfront``."""
    kinds = {line.kind for line in lines}
    if MILESTONE in kinds:
        return MILESTONES
    return UPFRONT if kinds == {DEPOSIT} else BY_TIME


def gains(plan: Sequence[Expected], base: Sequence[Expected]) -> list[tuple[date, Decimal]]:
    """What the seller gets more (above zero) or less on each day with one plan than with another, the first day first.

    Empty where a day is not known, or where the sign turns more than once: such a row has no one rate of return
    (Descartes' rule of signs).
    """
    if any(one.on is None for one in (*plan, *base)):
        return []
    sums: dict[date, Decimal] = {}
    for sign, flows in ((1, plan), (-1, base)):
        for one in flows:
            if one.on is not None:
                sums[one.on] = sums.get(one.on, money.ZERO) + sign * one.amount
    found = [(day, amount) for day, amount in sorted(sums.items()) if amount]
    signs = [amount > 0 for _day, amount in found]
    turns = sum(before != after for before, after in pairwise(signs))
    return found if turns == 1 else []
