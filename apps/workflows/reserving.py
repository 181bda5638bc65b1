"""Acceptance with reservations: billed at once, apart from what is withheld for defects until each is settled."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.core.files.base import File
from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core.database import walls
from apps.financing import services as financing
from apps.invoicing.services.reserved import check_withholdable
from apps.milestones import services as milestones
from apps.milestones.models import FirstAcceptance, Milestone, Reservation, ReservationWord
from apps.milestones.services import Defect, defect_dates
from apps.milestones.services.defect_dates import DefectToMend, defects_to_mend
from apps.parties.actor import Actor
from apps.workflows import before_acceptance, going_on, jobs, reservation_jobs, settled_defects, sign_off
from apps.workflows.attaching import with_its_row
from apps.workflows.models import IdempotencyKey
from apps.workflows.once import Answer, once

MEND: Final = GuestGrant.Purpose.MEND


@once
def accept_with_reservations(
    *, actor: Actor, key: str, submission_ref: str, seen: str, defects: Sequence[Defect], comment: str = ""
) -> Answer:
    """The buyer signs the milestone off and lists defects; what it withholds for them is invoiced and not due.

    What is assigned to a financier is bought whole, so nothing of it is withheld. Where two people accept, the first
    one's list is kept, and the second one adds to it.
    """
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    if any(defect.amount for defect in defects):
        financing.require_unassigned_to_withhold(submission_ref=submission_ref)
    done = milestones.accept_with_reservations(
        contract=contract,
        submission_ref=submission_ref,
        actor=actor,
        seen=seen,
        defects=defects,
        comment=comment,
        at=at,
    )
    if isinstance(done, FirstAcceptance):
        _check_first(done, milestone=done.submission.milestone, contract=contract)
        return before_acceptance.call_second(done, contract=contract)
    milestone, others_open, reservations = done
    if milestone.line.agreed.needs_second(milestone.amount):
        first = FirstAcceptance.objects.get(submission__ref=submission_ref)
        _check_first(first, milestone=milestone, contract=contract, listed_by=first.name)
    jobs.defer(*going_on.link(contract, MEND, milestone.ref, actor=actor, at=at))
    return sign_off.bill_accepted(
        (milestone, others_open),
        submission_ref=submission_ref,
        contract=contract,
        actor=actor,
        at=at,
        reservations=reservations,
    )


def _check_first(first: FirstAcceptance, *, milestone: Milestone, contract: Contract, listed_by: str = "") -> None:
    """Refuse a list of the first of two that withholds more than is payable, when it is made and when it counts."""
    amounts = [one.amount for one in first.listed if one.amount]
    # Where applications for payment are billed no invoice is issued for it, and less is applied for instead.
    if amounts and not milestone.line.version.is_by_application:
        check_withholdable(amounts, milestone=milestone, contract=contract, listed_by=listed_by)


@once
def report_mended(*, actor: Actor, key: str, reservation_ref: str, text: str) -> Answer:
    """The seller says that a defect is mended, and what shows it; the buyer is asked to look."""
    contract = contracts.lock(contract_id=milestones.contract_of_reservation(reservation_ref=reservation_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    said = milestones.report_mended(contract=contract, reservation_ref=reservation_ref, actor=actor, text=text, at=at)
    jobs.defer(_news(said, actor=actor))
    return {"reservation": reservation_ref}


def attach_to_reservation(*, actor: Actor, reservation_ref: str, upload: "File[Any]") -> Answer:
    """A side shows of a defect that it is mended, or what is missing. Sent twice, it is there once."""
    stored = milestones.receive_for_reservation(upload, actor=actor)
    with with_its_row(stored.stored_as):
        contract = contracts.lock(contract_id=milestones.contract_of_reservation(reservation_ref=reservation_ref))
        at = walls.widen(contract.seller_id, contract.buyer_id)
        file = milestones.attach_to_reservation(
            contract=contract, reservation_ref=reservation_ref, actor=actor, stored=stored, at=at
        )
    return {"file": file.ref}


@once
def say_missing(*, actor: Actor, key: str, reservation_ref: str, text: str) -> Answer:
    """The buyer looked and says what is still missing; nothing is due, and the seller goes on."""
    contract = contracts.lock(contract_id=milestones.contract_of_reservation(reservation_ref=reservation_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    said = milestones.say_missing(contract=contract, reservation_ref=reservation_ref, actor=actor, text=text, at=at)
    jobs.defer(_news(said, actor=actor))
    return {"reservation": reservation_ref}


@once
def release_reservation(*, actor: Actor, key: str, reservation_ref: str, text: str = "") -> Answer:
    """The buyer is content: exactly what was withheld for this defect is payable from now on, and nothing else."""
    contract = contracts.lock(contract_id=milestones.contract_of_reservation(reservation_ref=reservation_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    reservation = milestones.release_reservation(
        contract=contract, reservation_ref=reservation_ref, actor=actor, text=text, at=at
    )
    news = [_news(_last(reservation), actor=actor)]
    return settled_defects.settle(reservation, contract=contract, news=news, actor=actor, at=at)


@once
def offer_reduction(*, actor: Actor, key: str, reservation_ref: str, amount: Decimal, text: str = "") -> Answer:
    """One side offers to leave a defect as it is at a lower price; nothing changes before the other side agrees."""
    contract = contracts.lock(contract_id=milestones.contract_of_reservation(reservation_ref=reservation_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    said = milestones.offer_reduction(
        contract=contract, reservation_ref=reservation_ref, actor=actor, amount=amount, text=text, at=at
    )
    jobs.defer(_news(said, actor=actor))
    return {"reservation": reservation_ref, "offer": said.ref}


@once
def agree_reduction(*, actor: Actor, key: str, offer_ref: str) -> Answer:
    """The other side agrees: the price is lower by it, what is left of the withheld amount is payable."""
    contract = contracts.lock(contract_id=milestones.contract_of_offer(offer_ref=offer_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    reservation = milestones.agree_reduction(contract=contract, offer_ref=offer_ref, actor=actor, at=at)
    news = [_news(_last(reservation), actor=actor)]
    offerer = milestones.offerer_of(reservation)
    return settled_defects.settle(reservation, contract=contract, news=news, offerer=offerer, actor=actor, at=at)


def due_defects(*, at: datetime) -> list[DefectToMend]:
    """Every defect of which its seller is to be reminded and was not: its day is near, or has passed lately."""
    found = {_once_for(one.reservation_ref, one.what): one for one in defects_to_mend(at=at)}
    done = IdempotencyKey.objects.using("owner").filter(action=remind_of_defect.__name__, key__in=found)
    for key in done.values_list("key", flat=True) if found else ():
        del found[key]
    return list(found.values())


def tend(*, reservation_ref: str, seller_id: int, what: str) -> Answer:
    """Remind of one: once before its day, and once after it."""
    with walls.asking_for(seller_id):
        return remind_of_defect(
            actor=Actor.system(organisation_id=seller_id),
            key=_once_for(reservation_ref, what),
            reservation_ref=reservation_ref,
            what=what,
        )


@once
def remind_of_defect(*, actor: Actor, key: str, reservation_ref: str, what: str) -> Answer:
    """The day until which a defect is to be mended is near, or has passed: the seller hears of it."""
    contract = contracts.lock(contract_id=milestones.contract_of_reservation(reservation_ref=reservation_ref))
    at = walls.widen(contract.buyer_id)
    reservation = defect_dates.remind_of_defect(
        contract=contract, reservation_ref=reservation_ref, what=what, actor=actor, at=at
    )
    if reservation is None:
        return {}
    reservation_jobs.send_defect_reminder.defer(
        reservation_ref=reservation.ref, what=what, organisation_id=contract.seller_id
    )
    return {"reservation": reservation.ref}


def _last(reservation: Reservation) -> ReservationWord:
    return reservation.words.order_by("-number")[0]


def _news(said: ReservationWord, *, actor: Actor) -> JobDeferrer:
    """The other side hears of it, with a personal link where nobody of the buyer is a member."""
    contract, reservation = said.contract, said.reservation
    if not reservation.is_settled and actor.organisation_id == contract.seller_id:
        going_on.keep_link(contract, MEND, reservation.milestone.ref, actor=actor, at=said.written_at)
    reader = contract.buyer_id if actor.organisation_id == contract.seller_id else contract.seller_id
    return reservation_jobs.send_reservation_news.configure(
        task_kwargs={"word_ref": said.ref, "organisation_id": reader}
    )


def _once_for(reservation_ref: str, what: str) -> str:
    """The key under which a defect is told of once before its day, and once after it."""
    return f"defect {reservation_ref} {what}"
