"""When a plan is expected to bring its money, from its dates and its terms: before tax, interest and surprises."""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise

from apps.contracts.billing import BY_APPLICATION, BY_MILESTONE
from apps.contracts.drafts import ACCEPTANCE, ANY, AS_AGREED, DATE, DEPOSIT, EVENT, MILESTONE, RECURRING, LineTerms
from apps.contracts.rules.difference import PaperLine
from apps.contracts.rules.dues import period_amounts, periods
from apps.contracts.rules.payment import NET, due_on
from apps.contracts.rules.recovery import Advance, recovered
from apps.contracts.rules.review import ReviewTerms, last_review_day
from apps.core import money


@dataclass(frozen=True, slots=True)
class Expected:
    """An amount, net of tax, and the day on which it is paid if everything goes as planned; None where no day follows.

    ``done_on`` is when the work is accepted that it pays for, ``worth`` what that work is worth in its plan; None and
    nothing of what no sign-off bills. ``billed_on`` is the day of its invoice. ``own`` are the terms of its line, by
    which its invoice is taxed and of it something is kept back. ``criteria`` of a milestone tell that it is done; None
    of what is none.
    """

    on: date | None
    amount: Decimal
    title: str
    done_on: date | None = None
    own: LineTerms = AS_AGREED
    criteria: int | None = None
    worth: Decimal = money.ZERO
    billed_on: date | None = None
    kind: str = MILESTONE
    is_advance: bool = False
    """A deposit that later invoices give back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CashTerms:
    """By what a plan brings its money; ``review`` names the calendar, ``bills_by`` what issues the invoices."""

    review: ReviewTerms
    payment_days: int
    payment_basis: str = NET
    bills_by: str = BY_MILESTONE


def expected_cash(lines: Sequence[PaperLine], *, signed_on: date, terms: CashTerms, currency: str) -> list[Expected]:
    """What a plan brings and when, in the order of its lines; a line without an amount yet brings nothing.

    A milestone is submitted on its planned date, or later: on the day of the signature, or when that has happened for
    which it waits. It is accepted at the end of the review that begins then; a cumulative one not before those above
    it. It is invoiced when it is accepted; where applications for payment are billed, on the last day of that month,
    one invoice for all that was accepted in it. Each invoice is paid on the last of its days. A deposit that later
    invoices give back comes on its day, and each invoice after it is lower by what it gives back. Nothing is kept back
    here: that is for :func:`apps.invoicing.rules.less_retention`.
    """
    accepted = _acceptances(lines, signed_on=signed_on, review=terms.review)
    by_title = {line.title: day for line, day in zip(lines, accepted, strict=True) if line.kind == MILESTONE}

    def paid(billed_on: date, line: PaperLine) -> date:
        days = terms.payment_days if line.own.payment_days is None else line.own.payment_days
        return due_on(billed_on, payment_days=days, payment_basis=terms.payment_basis)

    found: list[Expected] = []
    advances: list[tuple[int, Advance]] = []
    for place, line in enumerate(lines):
        if line.amount is None:
            continue
        if line.kind == MILESTONE:
            done = accepted[place]
            billed = _end_of_month(done) if done is not None and terms.bills_by == BY_APPLICATION else done
            on, criteria = paid(billed, line) if billed is not None else None, len(line.criteria)
            found.append(Expected(on, line.amount, line.title, done, line.own, criteria, line.amount, billed))
            continue
        is_advance = line.due is not None and line.due.recovery is not None
        if line.due is not None and line.due.recovery is not None:
            advances.append((len(found), Advance(line.amount, line.due.recovery)))
        start = _start(line, by_title, signed_on=signed_on)
        for day, amount in _instalments(line, start, currency=currency):
            billed = max(day, signed_on) if day is not None else None
            on = paid(billed, line) if billed is not None else None
            found.append(
                Expected(on, amount, line.title, own=line.own, billed_on=billed, kind=line.kind, is_advance=is_advance)
            )
    is_collected = terms.bills_by == BY_APPLICATION
    return _less_deposits(found, advances, is_collected=is_collected, currency=currency) if advances else found


def in_invoices(cash: Sequence[Expected], *, is_collected: bool) -> list[list[int]]:
    """The places of what is billed together, invoice by invoice in the order of their days; what has no day comes last.

    Where milestones are collected in applications for payment, those of one month are on one invoice.
    """
    order = sorted(range(len(cash)), key=lambda place: (cash[place].billed_on or date.max, place))
    invoices: list[list[int]] = []
    collecting: dict[date, list[int]] = {}
    for place in order:
        one = cash[place]
        if not is_collected or one.kind != MILESTONE or one.billed_on is None:
            invoices.append([place])
        elif one.billed_on in collecting:
            collecting[one.billed_on].append(place)
        else:
            collecting[one.billed_on] = [place]
            invoices.append(collecting[one.billed_on])
    return invoices


def _less_deposits(
    cash: list[Expected], advances: list[tuple[int, Advance]], *, is_collected: bool, currency: str
) -> list[Expected]:
    """The same, each later invoice less what it gives back of deposits."""
    given = dict(advances)
    price = rest = money.total(one.amount for place, one in enumerate(cash) if place not in given)
    left: dict[int, Advance] = {}
    found = list(cash)
    for places in in_invoices(cash, is_collected=is_collected):
        if places[0] in given:
            left[places[0]] = given[places[0]]
            continue
        amounts = [cash[place].amount for place in places]
        amount = money.total(amounts)
        rest -= amount
        parts = recovered(list(left.values()), amount=amount, rest=rest, price=price, currency=currency)
        shares = money.split(money.total(parts), amounts, currency) if any(parts) else [money.ZERO] * len(places)
        for place, share in zip(places, shares, strict=True):
            found[place] = replace(cash[place], amount=cash[place].amount - share)
        left = {
            key: replace(advance, left=advance.left - part)
            for (key, advance), part in zip(left.items(), parts, strict=True)
        }
    # What nothing later could give back is not expected at all.
    for place, advance in left.items():
        found[place] = replace(found[place], amount=found[place].amount - advance.left)
    return found


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _acceptances(lines: Sequence[PaperLine], *, signed_on: date, review: ReviewTerms) -> list[date | None]:
    """When each milestone is accepted; None where that follows from no day.

    A milestone may wait for others wherever they stand in the plan, so all are asked until no answer changes: forwards
    and backwards in turns, so that a chain in either direction is followed at once. Nothing is accepted before an
    answer says so, and answers only become earlier.
    """
    places = [place for place, line in enumerate(lines) if line.kind == MILESTONE]
    last_day = cache(lambda day, days: last_review_day(day, terms=replace(review, days=days)))
    found: dict[int, date] = {}
    by_title: dict[str, date] = {}
    above: dict[int, date | None] = {}

    def ask(place: int) -> None:
        line = lines[place]
        begins, last = _submitted(line, by_title, signed_on=signed_on), signed_on
        if line.own.is_cumulative:
            last = above.get(place) or date.max
        if begins is not None and last < date.max:
            days = review.days if line.own.review_days is None else line.own.review_days
            by_title[line.title] = found[place] = max(last_day(begins, days), last)

    before: dict[int, date] | None = None
    while found != before:
        before = dict(found)
        latest: date | None = signed_on
        for place in places:
            above[place] = latest
            ask(place)
            latest = max(latest, found[place]) if latest is not None and place in found else None
        for place in reversed(places):
            ask(place)
    return [found.get(place) for place in range(len(lines))]


def _submitted(line: PaperLine, accepted: Mapping[str, date], *, signed_on: date) -> date | None:
    """When a milestone is submitted: on its planned date, unless the signature or what it waits for comes later."""
    if line.planned_on is None:
        return None
    condition, day = line.own.condition, max(line.planned_on, signed_on)
    if condition is None:
        return day
    # Nobody knows when an event happens.
    awaited = [
        *(accepted.get(title) for title in condition.milestones),
        *((condition.on,) if condition.on is not None else ()),
        *(None for _event in condition.events),
    ]
    known = [one for one in awaited if one is not None]
    if condition.needs == ANY:
        return max(day, min(known)) if known else None
    return max([day, *known]) if len(known) == len(awaited) else None


def _start(line: PaperLine, accepted: Mapping[str, date | None], *, signed_on: date) -> date | None:
    if line.due is None or line.due.start == DATE:
        return line.due.on if line.due else None
    if line.due.start == EVENT:
        return None
    if line.due.start == ACCEPTANCE:
        return accepted.get(line.due.milestone)
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
    return _by_day((one.on.replace(day=1) if one.on is not None else None, one.amount) for one in cash)


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
    paid_on, done_on = _by_day((one.on, one.amount) for one in cash), _by_day(done)
    most_paid = most_done = paid = weight = money.ZERO
    for day in sorted({*paid_on, *done_on}):
        before = money.half_up(price * weight / whole, currency)
        weight += done_on.get(day, money.ZERO)
        worth = money.half_up(price * weight / whole, currency)
        most_done = max(most_done, worth - paid, before - paid)
        paid += paid_on.get(day, money.ZERO)
        most_paid = max(most_paid, paid - worth)
    return Ahead(most_paid, most_done)


def _by_day(amounts: Iterable[tuple[date | None, Decimal]]) -> dict[date, Decimal]:
    sums: dict[date, Decimal] = {}
    for day, amount in amounts:
        if day is not None:
            sums[day] = sums.get(day, money.ZERO) + amount
    return sums


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
