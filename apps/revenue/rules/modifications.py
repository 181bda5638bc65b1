"""Contract modifications: a separate contract, prospective, or a cumulative catch-up (IFRS 15.18-21, ASC 606-10-25-10
to 13). Which of the three follows from what changed, and the reason is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from apps.core import money
from apps.core.errors import Refused
from apps.revenue.rules.allocation import allocated
from apps.revenue.rules.exact import rounded
from apps.revenue.rules.obligations import Duty, earned, materials_within_price


class Treatment(StrEnum):
    SEPARATE = "separate"
    PROSPECTIVE = "prospective"
    CATCH_UP = "catch_up"


class Reason(StrEnum):
    """Why a modification is treated as it is."""

    NO_AMOUNT = "no_amount"
    ONLY_ADDED = "only_added"
    NOT_BEGUN = "not_begun"
    PARTLY_DONE = "partly_done"
    NOTHING_LEFT = "nothing_left"
    JUDGED = "judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Modified:
    """What a modification makes of the obligations, and why."""

    treatment: Treatment
    reason: Reason
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """An obligation as the changed contract says it: what it is worth by itself, and how much is to be done."""

    standalone: Decimal
    agreed: Decimal


ANEW: Final[Mapping[str, Any]] = dict.fromkeys(("carried", "done_before", "at_cost_before"), money.ZERO)
"""What catches up carries nothing over."""
NONE: Final = Agreed(standalone=money.ZERO, agreed=money.ZERO)


def modified(
    duties: Sequence[Duty],
    now: Mapping[int, Agreed],
    *,
    price: Decimal,
    currency: str,
    judged: Treatment | None = None,
) -> Modified:
    """The obligations after a modification; ``now`` says by position what is agreed, ``price`` what all come to.

    Where only dates or terms change, everything stays as it is. Distinct goods added at their stand-alone price are a
    separate contract (15.20). Where what changes is not begun, what was not yet earned is shared out to what is still
    to be done (15.21(a)). Where it is partly done, what is done is measured again as if it had always been agreed so
    (15.21(b)), and where more is earned than the price still comes to. ``judged`` is what a person decided instead.
    """
    stays = {duty.position: rounded(earned(duty), currency) for duty in duties}
    treatment, reason = _treatment(duties, now, price=price)
    if reason is Reason.NO_AMOUNT and judged is None:
        return Modified(treatment=treatment, reason=reason, duties=tuple(duties))
    if treatment is Treatment.PROSPECTIVE and price < money.total(stays.values()):
        treatment, reason = Treatment.CATCH_UP, Reason.NOTHING_LEFT
    if judged is not None:
        treatment, reason = judged, Reason.JUDGED
    if treatment is Treatment.SEPARATE:
        return Modified(
            treatment=treatment, reason=reason, duties=tuple(_apart(duties, now, price=price, currency=currency))
        )
    positions = {duty.position: duty for duty in duties}
    after = [
        replace(positions[position], standalone=said.standalone, agreed=said.agreed)
        if position in positions
        else _new(position, said)
        for position, said in ({duty.position: NONE for duty in duties} | dict(now)).items()
    ]
    shared = (
        _caught_up(after, price, currency)
        if treatment is Treatment.CATCH_UP
        else _from_now_on(after, stays, price, currency)
    )
    return Modified(treatment=treatment, reason=reason, duties=tuple(map(materials_within_price, shared)))


def _treatment(duties: Sequence[Duty], now: Mapping[int, Agreed], *, price: Decimal) -> tuple[Treatment, Reason]:
    known = {duty.position: Agreed(standalone=duty.standalone, agreed=duty.agreed) for duty in duties}
    touched = [duty for duty in duties if now.get(duty.position, NONE) != known[duty.position]]
    added = money.total(said.standalone for position, said in now.items() if position not in known)
    if not touched and price == money.total(duty.allocated for duty in duties) + added:
        if now.keys() <= known.keys():
            return Treatment.PROSPECTIVE, Reason.NO_AMOUNT
        return Treatment.SEPARATE, Reason.ONLY_ADDED
    if any(duty.is_begun for duty in touched):
        return Treatment.CATCH_UP, Reason.PARTLY_DONE
    done = {duty.position: duty.done for duty in duties}
    if all(said.agreed <= done.get(position, 0) for position, said in now.items()):
        return Treatment.CATCH_UP, Reason.NOTHING_LEFT
    return Treatment.PROSPECTIVE, Reason.NOT_BEGUN


def _apart(duties: Sequence[Duty], now: Mapping[int, Agreed], *, price: Decimal, currency: str) -> list[Duty]:
    """What was there stays as it is; what is added bears what it adds to the price."""
    known = {duty.position: Agreed(standalone=duty.standalone, agreed=duty.agreed) for duty in duties}
    added = [_new(position, said) for position, said in now.items() if position not in known]
    more = price - money.total(duty.allocated for duty in duties)
    if not added or more < 0 or any(now.get(position, NONE) != before for position, before in known.items()):
        raise Refused("Only a change order that adds and changes nothing else can be a separate contract.")
    shares = allocated(more, standalone=[duty.standalone for duty in added], currency=currency)
    return [*duties, *(replace(duty, allocated=share) for duty, share in zip(added, shares, strict=True))]


def _new(position: int, said: Agreed) -> Duty:
    return Duty(position=position, standalone=said.standalone, agreed=said.agreed, allocated=said.standalone)


def _caught_up(duties: Sequence[Duty], price: Decimal, currency: str) -> list[Duty]:
    if not any(duty.standalone for duty in duties):
        return [replace(duty, allocated=money.ZERO, **ANEW) for duty in duties]
    shares = allocated(price, standalone=[duty.standalone for duty in duties], currency=currency)
    return [replace(duty, allocated=share, **ANEW) for duty, share in zip(duties, shares, strict=True)]


def _from_now_on(
    duties: Sequence[Duty], earned_before: Mapping[int, Decimal], price: Decimal, currency: str
) -> list[Duty]:
    """What is earned stays; the rest of the price goes to what is left, by its stand-alone price."""
    carried = [earned_before.get(duty.position, money.ZERO) for duty in duties]
    left = [_left(duty) for duty in duties]
    rest = price - money.total(carried)
    if rest < 0 or not any(left):
        raise Refused("Nothing is left to bear the rest of the price: this change order can only be a catch-up.")
    shares = allocated(rest, standalone=left, currency=currency)
    return [
        replace(duty, allocated=stays + share, carried=stays, done_before=duty.done, at_cost_before=duty.at_cost)
        for duty, stays, share in zip(duties, carried, shares, strict=True)
    ]


def _left(duty: Duty) -> Decimal:
    if not duty.agreed:
        return money.ZERO
    return duty.standalone * max(duty.agreed - duty.done, money.ZERO) / duty.agreed
