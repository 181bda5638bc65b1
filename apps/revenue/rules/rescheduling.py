"""Recurring lines in change orders: what passed stays earned, what is to come bears the rest (IFRS 15.21(a), 22(b))."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from apps.core import money
from apps.revenue.rules.allocation import allocated
from apps.revenue.rules.exact import rounded
from apps.revenue.rules.obligations import AFRESH, Duty, over_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescheduled:
    """A recurring line before and after: its ``duty``, None of a new one, what it is ``agreed`` at now, and what of its
    periods had ``passed``, in money as they were agreed."""

    position: int
    duty: Duty | None
    agreed: Decimal
    passed: Fraction = Fraction(0)


def rescheduled(lines: Sequence[Rescheduled], *, currency: str) -> list[Duty]:
    """The obligations of recurring lines that a change order adds, ends, prolongs, moves or takes out.

    What is only added is a contract of its own, at its price (15.20). Where periods that were to come are others, those
    that have passed are distinct from them: what they earned stays, and what was not earned yet is borne, together with
    what the change adds or takes off, by all periods to come, the new ones too. Where none is to come, or more is
    earned than the price comes to, what has passed is measured again.
    """
    known = [one.duty for one in lines if one.duty is not None]
    now = [_as_agreed(one) for one in lines]
    if not known:
        return now
    price = money.total(duty.allocated for duty in known)
    price = max(price + money.total(one.agreed for one in now) - money.total(duty.agreed for duty in known), money.ZERO)
    before = [min(rounded(one.passed, currency), one.agreed) for one in lines]
    carried = [_earned(one, passed, currency) for one, passed in zip(lines, before, strict=True)]
    left = [duty.agreed - passed for duty, passed in zip(now, before, strict=True)]
    rest = price - money.total(carried)
    if rest < 0 or not any(left):
        weights = [duty.agreed for duty in now]
        if not any(weights):
            return [replace(duty, allocated=money.ZERO, **AFRESH) for duty in now]
        shares = allocated(price, standalone=weights, currency=currency)
        return [replace(duty, allocated=share, **AFRESH) for duty, share in zip(now, shares, strict=True)]
    shares = allocated(rest, standalone=left, currency=currency)
    return [
        replace(duty, allocated=stays + share, carried=stays, done_before=passed)
        for duty, stays, share, passed in zip(now, carried, shares, before, strict=True)
    ]


def _as_agreed(one: Rescheduled) -> Duty:
    if one.duty is None:
        return Duty(position=one.position, standalone=one.agreed, agreed=one.agreed, allocated=one.agreed)
    standalone = max(one.duty.standalone + one.agreed - one.duty.agreed, money.ZERO)
    return replace(one.duty, standalone=standalone, agreed=one.agreed)


def _earned(one: Rescheduled, passed: Decimal, currency: str) -> Decimal:
    if one.duty is None or not one.duty.agreed:
        return money.ZERO
    progress = Fraction(passed) / Fraction(one.duty.agreed)
    return over_time(one.duty, progress=progress, credited=Fraction(0), currency=currency)
