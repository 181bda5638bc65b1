"""A defect that was mended and at which nobody looked in time: its seller disputes what is withheld for it."""

from datetime import datetime

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import canonical, money
from apps.core.errors import IllegalTransition, Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import Dispute, Reservation, ReservationWord
from apps.milestones.models.dispute import DisputeState, Side
from apps.milestones.models.reservation import ReservationState
from apps.milestones.services import mending
from apps.milestones.services.dispute_course import pass_turn, say
from apps.milestones.services.dispute_course import record as record_of_dispute
from apps.parties.actor import Actor
from apps.parties.roles import Action


def dispute_defect(
    *, contract: Contract, reservation_ref: str, actor: Actor, reason: str, answer_days: int, at: datetime
) -> Dispute:
    """The seller disputes that anything may be withheld any longer for what it mended: nobody answered in time.

    All that is withheld for it is in dispute. Without a ``reason`` it is what the seller said of the mending.
    """
    reservation = mending.held(contract, reservation_ref=reservation_ref)
    contracts.require_seller(contract, actor=actor, action=Action.RAISE_DISPUTE)
    if reservation.state != ReservationState.MENDED or reservation.answer_due_at is None:
        raise IllegalTransition("Say first that it is mended. The buyer then has the days of a review to look at it.")
    if at <= reservation.answer_due_at:
        raise IllegalTransition("The buyer still has time to look at it. Wait until its days are over.")
    whole = Money(reservation.amount, reservation.currency)
    if not whole:
        raise Refused("Nothing is withheld for this defect, so there is nothing to dispute.")
    dispute = Dispute(
        contract=contract,
        reservation=reservation,
        amount=whole.amount,
        whole=whole.amount,
        currency=whole.currency,
        raised_by=Side.SELLER,
        raised_at=at,
        raiser_id=actor.user_id,
        raiser_name=actor.name,
        answer_days=rules.check_answer_days(answer_days),
    )
    pass_turn(dispute, side=Side.SELLER, at=at)
    dispute.save()
    said = say(dispute, text=reason.strip() or _mended(reservation), side=Side.SELLER, actor=actor, at=at)
    text_sha256 = canonical.sha256(said.text)
    subject = f"reservation:{reservation.ref}"
    record_of_dispute(dispute, verb="dispute.raised", actor=actor, at=at, subject=subject, text_sha256=text_sha256)
    return dispute


def settle_defect(dispute: Dispute, *, actor: Actor, at: datetime) -> Reservation | None:
    """What the end of a dispute makes of its defect: released where nothing was upheld, else at a lower price.

    None where the dispute was withdrawn: the defect waits as before. The caller makes what is left payable, and credits
    the rest, in the same transaction.
    """
    reservation = dispute.reservation
    if reservation is None or dispute.state == DisputeState.WITHDRAWN:
        return None
    reservation.reduced_by = dispute.upheld or money.ZERO
    to = ReservationState.REDUCED if dispute.upheld else ReservationState.RELEASED
    mending.settle(reservation, to=to, at=at)
    verb, off = "reservation.settled_in_dispute", reservation.reduced_by
    mending.record(reservation, verb=verb, actor=actor, at=at, dispute=dispute.ref, off=off)
    return reservation


def _mended(reservation: Reservation) -> str:
    said = reservation.words.filter(kind=ReservationWord.Kind.MENDED).order_by("number").last()
    return said.text if said is not None else ""
