"""Interest and fee on what is paid late, as the parties agreed: simple interest by the day, rounded once.

The first day that bears interest is the one after the due date, the last the one on which the money arrives: who is due
on the 1st and pays on the 11th owes ten days (Regulation (EEC, Euratom) 1182/71, Article 3(1): the day of the event is
not counted; German Civil Code, sections 187(1) and 188(1), alike). Interest bears no interest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from apps.contracts.late_payment import LateTerms
from apps.core import money

HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Change:
    """At the end of a day what may be asked for grows or, below zero, falls by ``amount``; interest follows from the
    next day on."""

    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many ``days``, from the day after ``after`` to ``until``, on which interest ran on ``principal``."""

    after: date
    until: date
    principal: Decimal

    @property
    def days(self) -> int:
        return (self.until - self.after).days

    @property
    def first(self) -> date:
        """The first day that bears interest."""
        return self.after + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LateCharge:
    """What has come of it until a day: interest, rounded once, and the fee; with the stretches on which it rests."""

    interest: Decimal
    fee: Decimal
    stretches: tuple[Stretch, ...]

    @property
    def total(self) -> Decimal:
        return self.interest + self.fee


NOTHING: Final = LateCharge(money.ZERO, money.ZERO, ())


def late_charge(
    terms: LateTerms,
    *,
    changes: Iterable[Change],
    due_on: date,
    until: date,
    currency: str,
    after: date | None = None,
) -> LateCharge:
    """What is owed until the end of ``until`` for being late with what ``changes`` say, all of it due on ``due_on``.

    Interest counts from the day after ``after``: the due date, unless days were claimed already, or unless the work
    counted as accepted earlier for computing interest alone. A fall below zero is none: who overpaid earns no interest
    here. The fee is owed once something was overdue, and is no interest: what only counts as due brings none.
    """
    begins = due_on if after is None else after
    stretches = tuple(_stretches(sorted(changes, key=lambda one: one.on), begins=begins, until=until))
    if not stretches:
        return NOTHING
    by_days = sum((one.principal * one.days for one in stretches), money.ZERO)
    interest = money.half_up(by_days * terms.annual_rate / (HUNDRED * terms.days_of_year), currency)
    is_overdue = any(one.until > due_on for one in stretches)
    return LateCharge(interest, terms.fee if is_overdue else money.ZERO, stretches)


def _stretches(changes: Sequence[Change], *, begins: date, until: date) -> Iterable[Stretch]:
    """From one change to the next, where something was open; a change of the last day shows on the day after it."""
    standing = money.ZERO
    for change in changes:
        if change.on >= until:
            break
        if begins < change.on and standing > 0:
            yield Stretch(begins, change.on, standing)
        standing += change.amount
        begins = max(begins, change.on)
    if begins < until and standing > 0:
        yield Stretch(begins, until, standing)
