"""What of an obligation's price is earned: cumulative and exact, rounded once; a period's revenue is the difference."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from apps.core import money
from apps.revenue.rules.exact import rounded
from apps.revenue.rules.measures import NOTHING, WHOLE, Costs

AFRESH: Final[Mapping[str, Any]] = MappingProxyType(
    dict.fromkeys(("carried", "done_before", "at_cost", "at_cost_expected", "at_cost_before"), money.ZERO)
)
"""What is measured from the beginning carries nothing over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One performance obligation as a value, in one currency.

    ``agreed`` and ``done`` are in the unit of the measure: for milestones the agreed amounts. ``allocated`` is its part
    of the transaction price. ``carried`` was earned when ``done_before`` was done and stays so: what a prospective
    modification leaves. ``credited`` was taken off the price of what is satisfied already. ``at_cost`` is what was
    delivered of ``at_cost_expected``, materials that are not installed: no progress, and earned at their cost
    (IFRS 15.B19(b)); ``at_cost_before`` of it is in what was carried. ``is_whole`` when nothing is earned until all is
    done: control passes at one point in time (IFRS 15.38).
    """

    position: int
    standalone: Decimal
    agreed: Decimal
    allocated: Decimal
    done: Decimal = money.ZERO
    carried: Decimal = money.ZERO
    done_before: Decimal = money.ZERO
    credited: Decimal = money.ZERO
    at_cost: Decimal = money.ZERO
    at_cost_expected: Decimal = money.ZERO
    at_cost_before: Decimal = money.ZERO
    is_whole: bool = False

    @property
    def is_begun(self) -> bool:
        return self.done > 0 or self.at_cost > 0

    @property
    def is_satisfied(self) -> bool:
        return self.agreed > 0 and self.done >= self.agreed

    @property
    def price(self) -> Decimal:
        """What it comes to in the end."""
        return self.allocated - self.credited

    def progress(self) -> Fraction:
        return Fraction(self.done) / Fraction(self.agreed) if self.agreed else NOTHING


def earned(duty: Duty) -> Fraction:
    """Cumulative revenue before what was credited, exact.

    From nothing through what was carried over to the whole: what was earned before a prospective modification is not
    measured again, and given back in proportion if what was done is taken back.
    """
    done, before = Fraction(duty.done), Fraction(duty.done_before)
    beside = Fraction(duty.at_cost - duty.at_cost_before)
    if done <= before:
        return (Fraction(duty.carried) * done / before if before else Fraction(duty.carried)) + beside
    share = min((done - before) / (Fraction(duty.agreed) - before), WHOLE)
    if duty.is_whole and share < WHOLE:
        share = NOTHING
    rest = duty.allocated - duty.carried - (duty.at_cost_expected - duty.at_cost_before)
    return Fraction(duty.carried) + Fraction(rest) * share + beside


def cumulative(duty: Duty, currency: str) -> Decimal:
    """Revenue of an obligation until now, net of what was credited; rounded here and nowhere else.

    What was credited of something that is not earned yet waits until it is. Materials whose cost is more than is left
    of the price after a change order bring no more than the price.
    """
    return min(max(rounded(earned(duty) - Fraction(duty.credited), currency), money.ZERO), duty.allocated)


def over_time(duty: Duty, *, progress: Fraction, credited: Fraction, currency: str) -> Decimal:
    """The same for what is satisfied by the days: ``credited`` is what was taken off the days that have passed.

    ``progress`` is of what is agreed. What was ``carried`` over when ``done_before`` had passed is not measured again
    after the periods that were to come became others: the days that passed are a promise of their own, distinct from
    those to come (IFRS 15.22(b) and 15.21(a)).
    """
    done, before = progress * Fraction(duty.agreed), Fraction(duty.done_before)
    if done <= before:
        worth = Fraction(duty.carried) * done / before if before else Fraction(0)
    else:
        rest = Fraction(duty.allocated) - Fraction(duty.carried)
        worth = Fraction(duty.carried) + rest * (done - before) / (Fraction(duty.agreed) - before)
    return rounded(worth - credited, currency)


def repriced(duty: Duty, allocated: Decimal, currency: str) -> Duty:
    """The obligation after its part of the price changed without a modification (IFRS 15.88): on the same basis, so
    what was carried over moves by the same share."""
    if not duty.allocated:
        return replace(duty, allocated=allocated)
    carried = rounded(Fraction(duty.carried) * Fraction(allocated) / Fraction(duty.allocated), currency)
    return materials_within_price(replace(duty, allocated=allocated, carried=carried))


def materials_within_price(duty: Duty) -> Duty:
    """The obligation after its price fell: materials are earned at their cost no further than the price reaches."""
    expected = min(duty.at_cost_expected, duty.allocated)
    return replace(duty, at_cost_expected=expected, at_cost=min(duty.at_cost, expected))


def settled(duty: Duty, share: Decimal) -> Duty:
    """The obligation when its contract ends: nothing more is promised, so what is kept of the price is earned.

    A modification of what is partly done, with nothing left to do (IFRS 15.21(b)). What it bears is its measure too, so
    it is satisfied whatever had been done of it; what was credited of it stays credited.
    """
    return replace(
        duty,
        standalone=share,
        agreed=share,
        done=share,
        allocated=share,
        **AFRESH,
        is_whole=False,
    )


def remeasured(duty: Duty, *, agreed: Decimal, done: Decimal, is_whole: bool = False) -> Duty:
    """The obligation by another measure: what is done is measured anew, as a change of an estimate (IFRS 15.43)."""
    return replace(duty, agreed=agreed, done=done, is_whole=is_whole, **AFRESH)


def estimated(duty: Duty, costs: Costs) -> Duty:
    """The obligation after its costs were estimated again: they are its measure, uninstalled materials left out."""
    return replace(
        duty,
        agreed=costs.expected - costs.uninstalled_expected,
        done=costs.incurred - costs.uninstalled,
        at_cost=costs.uninstalled,
        at_cost_expected=costs.uninstalled_expected,
    )
