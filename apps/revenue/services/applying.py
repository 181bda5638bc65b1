"""What each thing that happened does to the obligations of its contract."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from apps.core import money
from apps.revenue import rules
from apps.revenue.models import ACCEPTED, Measure, Obligation, Why
from apps.revenue.services.books import Books
from apps.revenue.services.changes import change
from apps.revenue.services.events import Event
from apps.revenue.services.interest import take_back_income, written_so_far
from apps.revenue.services.judged import apply_judgement


def apply(books: Books, *, event: Event) -> None:
    """Let one event move the obligations, and write down what they moved by."""
    if event.version is not None:
        change(books, event=event, version=event.version)
        return
    if event.why == Why.TERMINATION:
        _end(books, event)
        return
    if event.judgement is not None:
        apply_judgement(books, event=event, judgement=event.judgement)
        return
    obligation = books.obligations.get(event.position) if event.position is not None else None
    touched = [obligation] if obligation is not None else list(books.obligations.values())
    if event.why == Why.CREDIT and obligation is None:
        _lower_price(books, by=event.amount)
    elif obligation is not None:
        _move(books, obligation, event)
    books.write(event, touched=touched)


def _move(books: Books, obligation: Obligation, event: Event) -> None:
    """What is accepted or taken back measures an obligation where its acceptance does; a credit lowers its price, and a
    bonus raises it."""
    if event.why == Why.CREDIT:
        obligation.credited += event.amount
        return
    if event.why == Why.BONUS:
        books.bonuses[obligation.position] += event.amount
        bears = obligation.allocated + event.amount
        obligation.take(rules.repriced(obligation.duty, bears, obligation.currency))
        return
    moved = event.amount if event.why == Why.ACCEPTANCE else -event.amount
    obligation.accepted += moved
    if obligation.measure in ACCEPTED:
        obligation.done += moved


def _lower_price(books: Books, *, by: Decimal) -> None:
    """A credited deposit lowers what all obligations bear, on the same basis as when the contract began."""
    duties = [one.duty for one in books.obligations.values()]
    if not duties:
        return
    price = money.total(duty.allocated for duty in duties) - by
    currency = books.contract.currency
    shares = rules.allocated(price, standalone=[duty.allocated for duty in duties], currency=currency)
    for duty, share in zip(duties, shares, strict=True):
        books.obligations[duty.position].take(rules.repriced(duty, share, currency))


def _end(books: Books, event: Event) -> None:
    """The contract ended: what was billed and stays so is all that is earned of it, borne by what was done.

    Where nothing was done a deposit that is kept is borne as the price was. Periods that were billed run on by their
    days; a recurring line of which none was billed has no days any more. Interest that was accrued is no revenue, and
    nothing is variable any more: what is kept is the price as it was settled. Where that is less than the interest,
    nobody owes any: the income is taken back.
    """
    obligations = list(books.obligations.values())
    billed = {
        position: money.total(span.weight for span in calendar.spans.values())
        for position, calendar in books.calendars.items()
    }
    done = [billed.get(one.position, _worth_done(one)) for one in obligations]
    weights = done if any(done) else [one.standalone for one in obligations]
    if not any(weights):
        return
    kept = event.amount - written_so_far(books)
    if kept < 0:
        kept += take_back_income(books, event=event)
    shares = rules.allocated(kept, standalone=weights, currency=books.contract.currency)
    for obligation, share in zip(obligations, shares, strict=True):
        if obligation.position in billed:
            obligation.standalone = obligation.agreed = billed[obligation.position]
            obligation.allocated, obligation.carried, obligation.done_before = share, money.ZERO, money.ZERO
            continue
        obligation.take(rules.settled(obligation.duty, share))
        if obligation.measure not in (Measure.POINT_IN_TIME, Measure.OUTPUT):
            obligation.measure, obligation.through = Measure.POINT_IN_TIME, None
    books.write(event, touched=obligations)


def _worth_done(obligation: Obligation) -> Decimal:
    """What was done of an obligation, in money: as it was accepted, or by its other measure."""
    if obligation.measure in ACCEPTED or obligation.measure == Measure.OVER_TIME:
        return obligation.done
    return rules.rounded(obligation.duty.progress() * Fraction(obligation.standalone), obligation.currency)


def let_days_pass(books: Books, *, through: date) -> None:
    """Count the days up to one, for what is satisfied by them."""
    touched = []
    for obligation in books.obligations.values():
        calendar, counted = books.calendars.get(obligation.position), obligation.through or date.min
        if obligation.measure == Measure.STRAIGHT_LINE and obligation.starts_on and obligation.ends_on:
            if through < obligation.starts_on or counted >= min(through, obligation.ends_on):
                continue
            obligation.done = rules.days_passed(obligation.starts_on, obligation.ends_on, through=through)
        elif obligation.measure == Measure.OVER_TIME and calendar is not None:
            first = min(span.first for span in calendar.spans.values())
            last = max(span.last for span in calendar.spans.values())
            if through < first or counted >= min(through, last):
                continue
        else:
            continue
        obligation.through = through
        touched.append(obligation)
    event = Event(why=Why.PERIOD, cause=f"period:{through.isoformat()}", on=through, at=books.at)
    books.write(event, touched=touched)
