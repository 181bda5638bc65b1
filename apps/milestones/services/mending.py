"""What becomes of a reservation: the seller mends it and the buyer releases it, or both agree on a lower price."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.contracts.rules import review_deadline
from apps.core import canonical, states
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import Milestone, Reservation, ReservationWord
from apps.milestones.models.dispute import Side
from apps.milestones.models.reservation import ReservationState
from apps.milestones.services.holding import lock_milestone
from apps.parties.actor import Actor, ActorKind
from apps.parties.models import Organisation
from apps.parties.roles import Action

Kind = ReservationWord.Kind


def contract_of_reservation(*, reservation_ref: str) -> int:
    """The contract to which a reservation belongs, so that a workflow can lock it first."""
    contract = Reservation.objects.filter(ref=reservation_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such reservation among yours. Open it from its milestone.")
    return contract


def contract_of_offer(*, offer_ref: str) -> int:
    """The same of what was offered to settle one."""
    contract = ReservationWord.objects.filter(ref=offer_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such offer among yours. Open it from its reservation.")
    return contract


def report_mended(
    *, contract: Contract, reservation_ref: str, actor: Actor, text: str, at: datetime
) -> ReservationWord:
    """The seller says that a defect is mended, and how that shows. It is the buyer's turn, for the days of a review."""
    reservation = held(contract, reservation_ref=reservation_ref)
    contracts.require_seller(contract, actor=actor, action=Action.SUBMIT_MILESTONE)
    states.move(reservation, ReservationState.MENDED, Reservation.TRANSITIONS)
    words = rules.check_words(text, field="text", missing="Say how it was mended, and what shows it.")
    said = _say(reservation, kind=Kind.MENDED, side=Side.SELLER, actor=actor, text=words, at=at)
    line = reservation.milestone.line
    terms = contracts.review_terms(contract.active_version or line.version, own=line.own)
    reservation.answer_due_at = review_deadline(at, terms=terms)
    reservation.save(update_fields=["state", "answer_due_at"])
    _tell(said, verb="reservation.mended", actor=actor, at=at, answer_due_at=reservation.answer_due_at)
    return said


def say_missing(*, contract: Contract, reservation_ref: str, actor: Actor, text: str, at: datetime) -> ReservationWord:
    """The buyer says what is still missing of what the seller mended; the seller goes on."""
    reservation = held(contract, reservation_ref=reservation_ref)
    require_releaser(reservation, actor=actor, at=at)
    if reservation.state != ReservationState.MENDED:
        raise IllegalTransition("The seller did not say that this is mended. There is nothing to answer yet.")
    states.move(reservation, ReservationState.OPEN, Reservation.TRANSITIONS)
    words = rules.check_words(text, field="text", missing="Say what is still missing, so that the seller can mend it.")
    said = _say(reservation, kind=Kind.MISSING, side=Side.BUYER, actor=actor, text=words, at=at)
    reservation.answer_due_at = None
    reservation.save(update_fields=["state", "answer_due_at"])
    _tell(said, verb="reservation.still_missing", actor=actor, at=at)
    return said


def release_reservation(
    *, contract: Contract, reservation_ref: str, actor: Actor, text: str, at: datetime
) -> Reservation:
    """The buyer is content with what was mended, or does not insist on it: what was withheld for it is due.

    Once, by somebody who may accept that much. The caller makes the amount payable in the same transaction.
    """
    reservation = held(contract, reservation_ref=reservation_ref)
    require_releaser(reservation, actor=actor, at=at)
    _require_proof(reservation, organisation=contract.buyer, actor=actor, at=at)
    words = rules.check_text(text, most=rules.LONGEST_NOTE, field="text")
    said = _say(reservation, kind=Kind.RELEASED, side=Side.BUYER, actor=actor, text=words, at=at)
    settle(reservation, to=ReservationState.RELEASED, at=at)
    _tell(said, verb="reservation.released", actor=actor, at=at)
    return reservation


def offer_reduction(
    *, contract: Contract, reservation_ref: str, actor: Actor, amount: Decimal, text: str, at: datetime
) -> ReservationWord:
    """One side offers to settle a defect at a lower price, ``amount`` off it (net of tax), instead of mending it.

    Nothing changes before the other side agrees; the newest offer counts.
    """
    reservation = held(contract, reservation_ref=reservation_ref)
    side = _require_settler(reservation, actor=actor, at=at)
    off = rules.reduction(amount, withheld=Money(reservation.amount, reservation.currency))
    words = rules.check_text(text, most=rules.LONGEST_NOTE, field="text")
    said = _say(reservation, kind=Kind.OFFER, side=side, actor=actor, text=words, at=at, amount=off)
    _tell(said, verb="reservation.reduction_offered", actor=actor, at=at, off=off)
    return said


def agree_reduction(*, contract: Contract, offer_ref: str, actor: Actor, at: datetime) -> Reservation:
    """The other side agrees: that much is never paid, what is left of the withheld amount is due.

    The caller credits the one and makes the other payable in the same transaction.
    """
    about = ReservationWord.objects.filter(ref=offer_ref, contract=contract, kind=Kind.OFFER).values_list(
        "reservation__ref", flat=True
    )
    reservation = held(contract, reservation_ref=about.first() or "")
    side = _require_settler(reservation, actor=actor, at=at)
    newest = reservation.words.filter(kind=Kind.OFFER).order_by("number").last()
    if newest is None or newest.ref != offer_ref or newest.amount is None:
        raise IllegalTransition("There is a newer offer. Reload the page and read that one.")
    if newest.side == side or (newest.user_id is not None and newest.user_id == actor.user_id):
        raise NotAllowed("Your own side offered this. The other side agrees to it, or offers something else.")
    reservation.reduced_by = newest.amount
    said = _say(reservation, kind=Kind.AGREED, side=side, actor=actor, text="", at=at)
    settle(reservation, to=ReservationState.REDUCED, at=at)
    _tell(said, verb="reservation.reduced", actor=actor, at=at, off=newest.amount)
    return reservation


def offerer_of(reservation: Reservation) -> tuple[int, str] | None:
    """The person of the seller who offered the lower price that was agreed, by id and name; None if the buyer did."""
    offer = reservation.words.filter(kind=Kind.OFFER).order_by("number").last()
    return (offer.user_id, offer.name) if offer is not None and offer.side == Side.SELLER and offer.user_id else None


def are_settled(milestone: Milestone) -> bool:
    """Whether nothing is left to do on the defects under which a milestone was accepted."""
    return not Reservation.objects.unsettled().filter(milestone=milestone).exists()


def reason_of_reduction(reservation: Reservation) -> str:
    """Why the price is lower, as it stands on the credit note."""
    return f"{reservation.milestone.title}: {reservation.title}"


def needs_proof_for(reservation: Reservation, *, organisation: Organisation) -> bool:
    """Whether an organisation wants its people to show once more who they are before they settle this."""
    amount = Money(reservation.amount, reservation.currency)
    return rules.needs_proof(amount, above=organisation.step_up_above, above_currency=organisation.currency)


def held(contract: Contract, *, reservation_ref: str) -> Reservation:
    """A reservation that is not settled, nor in dispute, locked with its milestone before it."""
    reservation = lock_reservation(contract, reservation_ref=reservation_ref)
    if reservation.disputes.live().exists():
        raise IllegalTransition("This defect is in dispute. Settle it there, or wait until the dispute is over.")
    return reservation


def lock_reservation(contract: Contract, *, reservation_ref: str) -> Reservation:
    """The same, in dispute or not."""
    known = Reservation.objects.filter(ref=reservation_ref, contract=contract)
    milestone_ref = known.values_list("milestone__ref", flat=True).first()
    if milestone_ref is None:
        raise Refused("There is no such reservation in this contract.")
    milestone = lock_milestone(contract, milestone_ref=milestone_ref)
    reservation = known.select_for_update(of=("self",)).get()
    reservation.contract, reservation.milestone = contract, milestone
    if reservation.is_settled:
        raise IllegalTransition("This reservation is settled already. Reload the page to see how.")
    return reservation


def require_releaser(reservation: Reservation, *, actor: Actor, at: datetime) -> None:
    """Somebody of the buyer's who may accept that much.

    The link by which it was accepted died with the acceptance; a guest has another one, for all defects of it.
    """
    contract = reservation.contract
    if contract.active_version is None:
        raise IllegalTransition("This contract is not active.")
    limit = contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.DECIDE_MILESTONE,
        version=contract.active_version,
        purpose=GuestGrant.Purpose.MEND,
        subject_ref=reservation.milestone.ref,
        at=at,
    )
    amount = Money(reservation.amount, reservation.currency)
    rules.check_limit(amount, limit=limit, limit_currency=contract.buyer.currency)


def _require_settler(reservation: Reservation, *, actor: Actor, at: datetime) -> str:
    """The side of somebody who may give up a part of the price: who credits, or who accepts."""
    contract = reservation.contract
    side = contracts.side_of(contract, actor=actor)
    if side == Side.SELLER:
        contracts.require_seller(contract, actor=actor, action=Action.CREDIT_INVOICE)
        _require_proof(reservation, organisation=contract.seller, actor=actor, at=at)
    else:
        require_releaser(reservation, actor=actor, at=at)
        _require_proof(reservation, organisation=contract.buyer, actor=actor, at=at)
    return side


def _require_proof(reservation: Reservation, *, organisation: Organisation, actor: Actor, at: datetime) -> None:
    if needs_proof_for(reservation, organisation=organisation):
        actor.require_proof(at=at)


def _say(
    reservation: Reservation,
    *,
    kind: str,
    side: str,
    actor: Actor,
    text: str,
    at: datetime,
    amount: Decimal | None = None,
) -> ReservationWord:
    if actor.kind is ActorKind.SYSTEM:
        raise NotAllowed("Only people of the two sides settle reservations.")
    return ReservationWord.objects.create(
        contract=reservation.contract,
        reservation=reservation,
        number=reservation.words.count() + 1,
        kind=kind,
        side=side,
        text=text,
        amount=amount,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=actor.name,
        written_at=at,
    )


def settle(reservation: Reservation, *, to: ReservationState, at: datetime) -> None:
    """It is settled: nothing is left to do on it."""
    states.move(reservation, to, Reservation.TRANSITIONS)
    reservation.settled_at, reservation.answer_due_at = at, None
    reservation.save(update_fields=["state", "settled_at", "reduced_by", "answer_due_at"])


def record(reservation: Reservation, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """Both sides are told; what they say and show stays between them, and the chain keeps its hash."""
    contract = reservation.contract
    contracts.record(
        contract,
        verb=verb,
        subject=f"milestone:{reservation.milestone.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        reservation=reservation.ref,
        number=reservation.number,
        title=reservation.title,
        withheld=reservation.amount,
        currency=reservation.currency,
        state=str(reservation.state),
        **facts,
    )


def _tell(said: ReservationWord, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """Record what was said of a defect, as it stands since."""
    text = canonical.sha256(said.text)
    record(said.reservation, verb=verb, actor=actor, at=at, word=said.number, text_sha256=text, **facts)
