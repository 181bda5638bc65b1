"""Something happens to an advance beside the buyer's payments: how it is written down, whatever it is.

What a person of the financier decides is in :mod:`recourse` and :mod:`losses`, what follows from upstream in
:mod:`following`. All of them hold the advance, and end here.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from apps.core import money
from apps.core.errors import Refused
from apps.core.states import move
from apps.financing.models import Adjustment, ExposureLimit, Tranche
from apps.financing.models.adjustment import Kind
from apps.financing.models.tranche import TrancheState
from apps.financing.models.tranche_states import FORWARD
from apps.financing.rules.events import Moves
from apps.financing.rules.waterfall import Standing
from apps.financing.services import book, book_events
from apps.financing.services.exposures import count
from apps.financing.services.record import record, record_for_the_financier
from apps.parties.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened: its kind, the day on which it is booked, and why, as both sides read it.

    ``source`` names what happened upstream, which then is the reason.
    """

    kind: Kind
    on: date
    reason: str = ""
    source: str = ""
    expected_on: date | None = None


def standing_on(tranche: Tranche, *, on: date) -> Standing:
    """What stands for an advance on a day, with income recognised through it. The caller holds it."""
    if tranche.funded_on is None:
        raise Refused("This advance is not paid out. Cancel it instead.")
    before = book.standing(tranche)
    if tranche.state == TrancheState.DEFAULTED:
        return before
    after = book.unearned_after(tranche, before=before, day=(on - tranche.funded_on).days)
    # Never back: what was earned by a later day's run stays earned.
    if after.unearned_discount > before.unearned_discount or after.unearned_fee > before.unearned_fee:
        return before
    return after


def adjust(
    tranche: Tranche,
    *,
    event: Event,
    moves: Moves,
    standing: Standing,
    exposures: list[ExposureLimit],
    actor: Actor,
    at: datetime,
) -> Adjustment:
    """Write an event down: income up to its day, the moves, what is out now, and the price from here on.

    ``standing`` is :func:`standing_on` its day. An advance of which nothing is out after a charge-back is due from the
    seller (``recourse_due``). The caller holds facility, exposures and tranche.
    """
    is_loss = event.kind == Kind.WRITE_OFF
    adjustment = Adjustment(
        tranche=tranche,
        kind=event.kind,
        source=event.source,
        **asdict(moves),
        charged_back=money.ZERO if is_loss else moves.lowers,
        written_off=moves.lowers if is_loss else money.ZERO,
        expected_on=event.expected_on,
        booked_on=event.on,
        reason=event.reason,
        decided_by_id=actor.user_id,
        decided_at=at,
    )
    book.post_accrual(
        tranche,
        before=book.standing(tranche),
        after=standing,
        cause=f"accrual:{adjustment.ref}",
        booked_on=event.on,
        at=at,
    )
    adjustment.save(force_insert=True)
    _cut(tranche, event=event, standing=standing, moves=moves)
    _lower(tranche, event=event, moves=moves, exposures=exposures)
    if any(asdict(moves).values()):
        book_events.post_adjustment(adjustment, at=at)
    tell = record_for_the_financier if event.kind == Kind.ALLOWANCE else record
    tell(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="advance.adjusted",
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        adjustment=adjustment.ref,
        disclosure_sha256=tranche.offer.disclosure_sha256,
    )
    return adjustment


def _cut(tranche: Tranche, *, event: Event, standing: Standing, moves: Moves) -> None:
    """Income goes on from here: what is not earned now, over the days that are left."""
    if not (moves.discount or moves.fee or event.expected_on):
        return
    end = event.expected_on or tranche.charged_until or event.on
    tranche.cut_on = event.on
    tranche.cut_days = max((end - event.on).days, 1)
    tranche.cut_discount = standing.unearned_discount - moves.discount
    tranche.cut_fee = standing.unearned_fee - moves.fee
    if event.expected_on is not None:
        tranche.expected_on = event.expected_on


def _lower(tranche: Tranche, *, event: Event, moves: Moves, exposures: list[ExposureLimit]) -> None:
    """Bring tranche, facility and exposures to what is out now."""
    was_before = tranche.state == TrancheState.FUNDED_PRE
    tranche.outstanding -= moves.lowers
    if event.kind == Kind.WRITE_OFF:
        move(tranche, TrancheState.WRITTEN_OFF, FORWARD)
    elif moves.lowers and tranche.outstanding == 0:
        move(tranche, TrancheState.RECOURSE_DUE, FORWARD)
    tranche.save(update_fields=["state", "outstanding", "expected_on", "cut_on", "cut_days", "cut_discount", "cut_fee"])
    if not moves.lowers or event.kind == Kind.CARRIED:
        # What is carried over is out as before: on the rest, and counted as before acceptance.
        return
    facility = tranche.facility
    facility.advanced -= moves.lowers
    if was_before:
        facility.advanced_pre -= moves.lowers
    facility.save(update_fields=["advanced", "advanced_pre"])
    count(exposures, used=-moves.lowers)
