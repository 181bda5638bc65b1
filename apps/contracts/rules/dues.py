"""Deposits and recurring lines: what they come to, on which days, and what a plan must say of them.

The amount that is agreed for one period is billed to the cent in each, and the line is so many of them. A line that is
agreed in all, or as a share of the price (a percentage, the remainder), is fixed first, as any other line is, and then
shared out to its periods by largest remainder: so the plan's sum is the price whatever is agreed, and no period's
amount is a rounded one of which nobody knows who bears the cents.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from apps.contracts.drafts import (
    ACCEPTANCE,
    DATE,
    EVENT,
    KINDS,
    MILESTONE,
    MONTHS,
    RECURRING,
    STARTS,
    DraftLine,
    Due,
    LineTerms,
)
from apps.contracts.rules.conditions import undated_own
from apps.contracts.rules.plan import AMOUNT, TOTAL, Portion
from apps.contracts.rules.recovery import check_basis, check_recovery, is_recoverable, read_recovery, recovery_text
from apps.contracts.rules.words import trimmed
from apps.core import money
from apps.core.errors import Refused

MOST_PERIODS: Final = 240
"""Of one line: twenty years by the month."""
MOST_INSTALMENTS: Final = 10_000
"""Deposits and periods of a whole plan."""


@dataclass(frozen=True, slots=True)
class Period:
    """One period, with its first and its last day."""

    first: date
    last: date


def portion_of(line: DraftLine) -> Portion:
    """What a line is worth in the price: of a recurring one that is agreed by the period, all periods together."""
    amount = line.amount
    if line.basis == TOTAL:
        return Portion(AMOUNT, None, amount, is_advance=is_recoverable(line))
    if line.kind == RECURRING and amount is not None:
        count = line.due.count if line.due else None
        amount = amount * count if count else None
    return Portion(line.basis, line.percent, amount, is_advance=is_recoverable(line))


def per_period(line: DraftLine) -> Decimal | None:
    """What was agreed for one period; None where the line was agreed as a whole."""
    return line.amount if line.kind == RECURRING and line.basis == AMOUNT else None


def period_amounts(whole: Decimal, *, count: int, currency: str) -> list[Decimal]:
    """What each period is billed, earliest first; together the whole, to the minor unit."""
    return money.split(whole, [Decimal(1)] * count, currency)


def periods(first: date, *, period: str, count: int) -> list[Period]:
    """The periods of a recurring line that starts on a day, one after the other without a gap.

    Each begins on the same day of its month as the first, or on the month's last where it has no such day; it ends on
    the day before the next.
    """
    begins = [_later(first, MONTHS[period] * number) for number in range(count + 1)]
    return [Period(begin, following - timedelta(days=1)) for begin, following in pairwise(begins)]


def count_until(last: date, *, due: Due) -> int:
    """How many whole periods there are from the first day of a recurring line to a last one.

    Refused where the first day is not known when the plan is written, and where the last one cuts a period: what a part
    of a period costs is nowhere agreed.
    """
    if due.period not in MONTHS:
        raise Refused("A period is a month, a quarter or a year.")
    if due.start != DATE or due.on is None:
        raise Refused("A last day needs a first one: let the line start on a day, or say how many periods it has.")
    earlier: date | None = None
    for count in range(1, MOST_PERIODS + 1):
        ends = _later(due.on, MONTHS[due.period] * count) - timedelta(days=1)
        if ends == last:
            return count
        if ends > last and earlier is None:
            raise Refused("The first period ends on {later}. Choose that day or a later one.", later=ends)
        if ends > last:
            raise Refused(
                "No period ends on {last}. Choose {earlier} or {later}.", last=last, earlier=earlier, later=ends
            )
        earlier = ends
    raise Refused("A recurring line has at most {most} periods. Choose an earlier last day.", most=MOST_PERIODS)


def _later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def check_due(line: DraftLine, *, position: int) -> DraftLine:
    """The line with what its kind has and nothing else, if it can be kept."""
    if line.kind not in KINDS:
        raise Refused(
            "Line {line} of the plan must be a milestone, a deposit or recurring.", field="lines", line=position
        )
    if line.kind == MILESTONE:
        return replace(line, due=None)
    if line.criteria:
        raise Refused(
            "“{title}” has acceptance criteria, but nobody signs it off: it is billed when it is due. Remove them, or"
            " make it a milestone.",
            field="lines",
            title=line.title,
        )
    due = line.due or Due()
    check_basis(line)
    recovery = check_recovery(due.recovery, title=line.title) if is_recoverable(line) and due.recovery else None
    if due.start not in STARTS[line.kind] and not (recovery is not None and due.start in (ACCEPTANCE, EVENT)):
        raise Refused(
            "“{title}” must be due when the contract is signed or on a day; only a recurring line, and a deposit that"
            " later invoices give back, can start with a milestone, and only such a deposit with an event.",
            field="lines",
            title=line.title,
        )
    if due.period and due.period not in MONTHS:
        raise Refused("A period is a month, a quarter or a year.", field="lines")
    if due.count is not None and not 1 <= due.count <= MOST_PERIODS:
        raise Refused(
            "“{title}” is billed {least} to {most} times. Check the number of periods.",
            field="lines",
            title=line.title,
            least=1,
            most=MOST_PERIODS,
        )
    repeats = line.kind == RECURRING
    name = trimmed(due.milestone, most=160, what="name of a milestone", field="lines")
    event = trimmed(due.event, most=160, what="event", field="lines")
    kept = Due(
        start=due.start,
        on=due.on if due.start == DATE else None,
        milestone=name if due.start == ACCEPTANCE else "",
        period=due.period if repeats else "",
        count=due.count if repeats else None,
        recovery=recovery,
        event=event if due.start == EVENT else "",
    )
    # Nobody signs it off: of the terms of a milestone it has the days to pay and the tax.
    return replace(line, planned_on=None, due=kept, own=of_the_calendar(line.own))


def of_the_calendar(own: LineTerms) -> LineTerms:
    """The own terms that a line has which nobody accepts: days to pay, and how it is taxed."""
    return LineTerms(
        payment_days=own.payment_days,
        tax_category=own.tax_category,
        tax_rate=own.tax_rate,
        exemption_code=own.exemption_code,
        exemption_reason=own.exemption_reason,
    )


def check_dues(lines: Sequence[DraftLine]) -> None:
    """Refuse a plan that leaves open when something is billed."""
    titles = Counter(line.title for line in lines if line.kind == MILESTONE)
    for line in lines:
        if line.due is not None:
            _check_complete(line, line.due, titles)
    if sum(line.due.count or 1 for line in lines if line.due is not None) > MOST_INSTALMENTS:
        raise Refused(
            "The deposits and periods of this plan are more than {most}. Choose longer periods.",
            field="lines",
            most=MOST_INSTALMENTS,
        )


def check_periods(line: DraftLine, *, amount: Decimal, currency: str) -> None:
    """Refuse a recurring line of which a period would come to nothing."""
    count = line.due.count if line.due else None
    if line.kind == RECURRING and count and min(period_amounts(amount, count=count, currency=currency)) <= 0:
        raise Refused(
            "“{title}” comes to less than {count} times the smallest amount of {currency}. Choose fewer periods.",
            field="lines",
            title=line.title,
            count=count,
            currency=currency,
        )


def _check_complete(line: DraftLine, due: Due, titles: Mapping[str, int]) -> None:
    if due.start == DATE and due.on is None:
        raise Refused("Say on which day “{title}” is first due.", field="lines", title=line.title)
    if line.kind == RECURRING and not due.period:
        raise Refused("Say how long a period of “{title}” is.", field="lines", title=line.title)
    if line.kind == RECURRING and due.count is None:
        raise Refused(
            "Say how many periods “{title}” has: a price that is fixed needs an end.", field="lines", title=line.title
        )
    if due.start == EVENT and not due.event:
        raise Refused("Say by which event “{title}” is due.", field="lines", title=line.title)
    if due.start != ACCEPTANCE:
        return
    if not due.milestone:
        raise Refused("Name the milestone with which “{title}” starts.", field="lines", title=line.title)
    if titles[due.milestone] != 1:
        raise Refused(
            "“{title}” starts with the milestone “{milestone}”, and the plan has {count} of that name. Name one that"
            " is there once.",
            field="lines",
            title=line.title,
            milestone=due.milestone,
            count=titles[due.milestone],
        )


def due_text(kind: str, due: Due | None, *, agreed: Decimal | None) -> dict[str, Any]:
    """What the canonical text says of a line that no sign-off bills; of a milestone nothing, as always.

    ``agreed`` is the amount of one period, if that is what was agreed.
    """
    if due is None:
        return {}
    said = {"start": due.start, "on": due.on, "milestone": due.milestone, "period": due.period, "count": due.count}
    said |= {"event": due.event} if due.start == EVENT else {}
    said |= recovery_text(due.recovery)
    return {"kind": kind, "due": said, "per_period": agreed}


def read_due(said: Mapping[str, Any]) -> tuple[str, Due | None]:
    """Kind and due of a line from its canonical text; texts from before there were kinds say milestones only."""
    told = said.get("due")
    if not told:
        return MILESTONE, None
    on = told["on"]
    recovery = read_recovery(told.get("recovery"))
    return said["kind"], Due(**{**told, "on": date.fromisoformat(on) if on else None, "recovery": recovery})


def undated(line: DraftLine) -> DraftLine:
    """The line as another contract can start from it: without the days that were this one's."""
    due = replace(line.due, on=None) if line.due else None
    return replace(line, planned_on=None, due=due, own=undated_own(line.own))
