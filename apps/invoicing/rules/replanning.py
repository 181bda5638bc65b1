"""What a change order may do to deposits and recurring lines: what is billed of one stays as it was billed.

No database, no Django. Amounts are net of tax, in the contract's currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.contracts.drafts import DATE, RECURRING, Due
from apps.contracts.rules import Moved, period_amounts, periods
from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a line is billed: what each instalment that is billed came to, in order, and the ``first`` day of all.

    ``first`` is None while the line waits for its milestone or event. ``is_dropped``: a deposit that is not invoiced
    any more, because too little is left to bill to give it back.
    """

    billed: tuple[Decimal, ...] = ()
    first: date | None = None
    is_dropped: bool = False


def check_followed(change: Moved, standing: Standing, *, currency: str) -> None:
    """Refuse a change of what is billed already of a deposit or recurring line, saying what to do instead."""
    before, after = change.before, change.after
    if before is None:
        return
    if standing.is_dropped:
        raise Refused(
            "“{title}” is not invoiced any more, because too little is left to bill to give it back. Leave it as it"
            " is.",
            field="lines",
            title=before.line.title,
        )
    count = len(standing.billed)
    if not count:
        return
    if before.line.kind != RECURRING:
        raise Refused(
            "“{title}” is invoiced already, so it stays as it is. To ask for less, issue a credit note for its invoice;"
            " to ask for more, add another deposit.",
            field="lines",
            title=before.line.title,
        )
    if after is None:
        raise Refused(
            "Of “{title}” {count} periods are billed, so it cannot be taken out. Let it end with them: say that it is"
            " billed {count} times.",
            field="lines",
            title=before.line.title,
            count=count,
        )
    due = after.line.due or Due()
    if _begins(before.line.due) != _begins(due) or before.line.title != after.line.title:
        raise Refused(
            "Of “{title}” {count} periods are billed, so its name, its start and the length of a period stay. Let it"
            " end with them, and add a recurring line for what comes after.",
            field="lines",
            title=before.line.title,
            count=count,
        )
    periods = due.count or 0
    if periods < count:
        raise Refused(
            "Of “{title}” {count} periods are billed, so it has at least so many. To take one back, issue a credit note"
            " for its invoice.",
            field="lines",
            title=before.line.title,
            count=count,
        )
    amounts = period_amounts(after.amount, count=periods, currency=currency)
    if amounts[:count] != list(standing.billed):
        raise Refused(
            "Of “{title}” {count} periods are billed at {amount}, and a line has one amount for all its periods. Let it"
            " end with them, and add a recurring line at the other amount for what comes after.",
            field="lines",
            title=before.line.title,
            count=count,
            amount=Money(standing.billed[0], currency),
        )


def starts_alike(before: Due | None, after: Due | None) -> bool:
    """Whether two schedules begin by the same, with periods of the same length: then a start still holds."""
    return _begins(before) == _begins(after)


def _begins(due: Due | None) -> Sequence[object]:
    said = due or Due()
    return said.start, said.on, said.milestone, said.event, said.period


@dataclass(frozen=True, slots=True)
class AtOnce:
    """A line of which an order makes periods, or the deposit, due on days that are over: they are billed at once.

    ``amount`` is net of tax, of all of them together.
    """

    title: str
    times: int
    amount: Decimal


def billed_at_once(moved: Sequence[Moved], *, today: date, currency: str) -> list[AtOnce]:
    """What an order makes due on days before ``today``, where the seller is, by a start that it says anew."""
    found = []
    for one in moved:
        after = one.after
        due = after.line.due if after is not None else None
        if after is None or due is None or due.start != DATE or due.on is None or due.on >= today:
            continue
        if one.before is not None and starts_alike(one.before.line.due, due):
            continue
        count = (due.count or 1) if due.period else 1
        days = [one.first for one in periods(due.on, period=due.period, count=count)] if due.period else [due.on]
        times = sum(day <= today for day in days)
        amounts = period_amounts(after.amount, count=count, currency=currency)
        found.append(AtOnce(after.line.title, times, money.total(amounts[:times])))
    return found
