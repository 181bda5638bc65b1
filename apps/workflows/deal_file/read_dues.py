"""Of which kind a line of a deal file's plan is, and when it is billed if nobody signs it off."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from apps.contracts.drafts import (
    ACCEPTANCE,
    DATE,
    DEPOSIT,
    EVENT,
    FIXED,
    MILESTONE,
    MONTHS,
    RATE,
    RECURRING,
    SIGNATURE,
    WAYS,
    Due,
    Recovery,
)
from apps.contracts.rules.dues import MOST_PERIODS, count_until
from apps.core import money
from apps.workflows.deal_file.reader import Place

KINDS = (MILESTONE, DEPOSIT, RECURRING)
LEAST_SHARE: Final = Decimal("0.000001")


def read_due(place: Place) -> tuple[str, str, Due | None]:
    """Kind, title and due of a line; the key that holds the title names the kind."""
    found = {kind: place.maybe(kind) for kind in KINDS}
    named = [(kind, title) for kind, title in found.items() if title is not None]
    if len(named) != 1:
        place.refuse("needs exactly one of `milestone`, `deposit` and `recurring`, with its title")
    kind, title = named[0]
    if kind == MILESTONE:
        return kind, title.text(most=160), None
    return kind, title.text(most=160), _deposit(place) if kind == DEPOSIT else _recurring(place)


def _deposit(place: Place) -> Due:
    due, given_back, milestone = place.maybe("due"), place.maybe("recovered"), place.maybe("due_with")
    event = place.maybe("due_on_event")
    recovery = read_recovery(given_back) if given_back is not None else None
    if milestone is not None:
        if due is not None or recovery is None:
            milestone.refuse("only a deposit with `recovered` is due with a milestone, and then it has no `due`")
        return Due(start=ACCEPTANCE, milestone=milestone.text(most=160), recovery=recovery)
    if event is not None:
        if due is not None or recovery is None:
            event.refuse("only a deposit with `recovered` is due with an event, and then it has no `due`")
        return Due(start=EVENT, event=event.text(most=160), recovery=recovery)
    if due is None or due.text() == SIGNATURE:
        return Due(recovery=recovery)
    return Due(start=DATE, on=due.day(), recovery=recovery)


def read_recovery(place: Place) -> Recovery:
    """How later invoices give a deposit back: ``way`` with, at a rate, ``rate`` and ``begins`` in percent."""
    way, rate, begins = place.need("way").one_of(*WAYS), place.maybe("rate"), place.maybe("begins")
    amount = place.maybe("amount")
    if (way == FIXED) != (amount is not None):
        place.refuse("needs an `amount` exactly where the `way` is `fixed`")
    if (way == RATE) != (rate is not None) or (begins is not None and way != RATE):
        place.refuse("needs `rate` in percent, and may have `begins`, exactly where the `way` is `rate`")
    recovery = Recovery(
        way=way,
        rate=rate.number(least=LEAST_SHARE, most=Decimal(100)) if rate is not None else None,
        begins=begins.number(least=Decimal(0), most=Decimal(99)) if begins is not None else Decimal(0),
        amount=amount.number(least=Decimal("0.001"), most=money.LARGEST) if amount is not None else None,
    )
    place.done()
    return recovery


def _recurring(place: Place) -> Due:
    starts, milestone = place.maybe("starts"), place.maybe("starts_with")
    if starts is not None and milestone is not None:
        place.refuse("needs `starts` or `starts_with`, not both")
    due = Due(period=place.need("every").one_of(*MONTHS))
    if milestone is not None:
        due = replace(due, start=ACCEPTANCE, milestone=milestone.text(most=160))
    elif starts is not None and starts.text() != SIGNATURE:
        due = replace(due, start=DATE, on=starts.day())
    until = place.maybe("until")
    if until is None:
        return replace(due, count=place.need("times").whole(least=1, most=MOST_PERIODS))
    if place.maybe("times") is not None:
        place.refuse("needs `times` or `until`, not both")
    last = until.day()
    return replace(due, count=until.by(lambda: count_until(last, due=due)))
