"""What was mended and is not answered: the buyer is reminded, and after its days the seller may dispute it."""

from datetime import datetime
from typing import Final

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core.database import walls
from apps.milestones import services as milestones
from apps.milestones.models import Dispute
from apps.milestones.rules import ANSWER_DAYS
from apps.milestones.services import awaited_answers
from apps.milestones.services.awaited_answers import LOOK, AwaitedAnswer
from apps.parties.actor import Actor
from apps.workflows import dispute_jobs, going_on, jobs, reservation_jobs, settled_defects
from apps.workflows.dispute_jobs import RAISED
from apps.workflows.models import IdempotencyKey
from apps.workflows.once import Answer, once

DISPUTE: Final = GuestGrant.Purpose.DISPUTE


@once
def dispute_defect(
    *, actor: Actor, key: str, reservation_ref: str, reason: str = "", answer_days: int = ANSWER_DAYS
) -> Answer:
    """The seller mended it, the buyer let its days pass: all that is withheld for it is in dispute from here on."""
    contract = contracts.lock(contract_id=milestones.contract_of_reservation(reservation_ref=reservation_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    dispute = milestones.dispute_defect(
        contract=contract,
        reservation_ref=reservation_ref,
        actor=actor,
        reason=reason,
        answer_days=answer_days,
        at=at,
    )
    going_on.keep_link(contract, DISPUTE, dispute.ref, actor=actor, at=at)
    jobs.defer(
        dispute_jobs.send_dispute_news.configure(
            task_kwargs={"dispute_ref": dispute.ref, "what": RAISED, "organisation_id": contract.buyer_id}
        )
    )
    return {"dispute": dispute.ref}


def settle_defect(
    dispute: Dispute, *, news: list[JobDeferrer], contract: Contract, actor: Actor, at: datetime
) -> Answer:
    """What the end of a dispute makes of its defect: what was withheld is payable, less what both sides agreed not to
    be owed. Last in its workflow: the number of a credit note is taken here."""
    answer = {"dispute": dispute.ref, "state": str(dispute.state)}
    reservation = milestones.settle_defect(dispute, actor=actor, at=at)
    if reservation is None:
        jobs.defer(*news)
        return answer
    proposer = milestones.proposer_of(dispute) if dispute.upheld else None
    return answer | settled_defects.settle(
        reservation, contract=contract, news=news, offerer=proposer, actor=actor, at=at
    )


def due_answers(*, at: datetime) -> list[AwaitedAnswer]:
    """Every mended defect of which a side is to be told at this moment and was not."""
    found = {_once_for(one.reservation_ref, one.what, one.due): one for one in awaited_answers.answers_awaited(at=at)}
    done = IdempotencyKey.objects.using("owner").filter(action=remind_of_mended.__name__, key__in=found)
    for key in done.values_list("key", flat=True) if found else ():
        del found[key]
    return list(found.values())


def tend(*, reservation_ref: str, seller_id: int, what: str, due: str) -> Answer:
    """Tell of one, once for each deadline."""
    with walls.asking_for(seller_id):
        return remind_of_mended(
            actor=Actor.system(organisation_id=seller_id),
            key=_once_for(reservation_ref, what, due),
            reservation_ref=reservation_ref,
            what=what,
        )


@once
def remind_of_mended(*, actor: Actor, key: str, reservation_ref: str, what: str) -> Answer:
    """The days to look at what was mended are nearly over: the buyer hears of it; or are over: the seller does."""
    contract = contracts.lock(contract_id=milestones.contract_of_reservation(reservation_ref=reservation_ref))
    at = walls.widen(contract.buyer_id)
    reservation = awaited_answers.remind_of_mended(
        contract=contract, reservation_ref=reservation_ref, what=what, actor=actor, at=at
    )
    if reservation is None:
        return {}
    is_to_buyer = what == LOOK
    if is_to_buyer:
        going_on.keep_link(contract, GuestGrant.Purpose.MEND, reservation.milestone.ref, actor=actor, at=at)
    reservation_jobs.send_answer_reminder.defer(
        reservation_ref=reservation.ref,
        due=reservation.answer_due_at.isoformat() if reservation.answer_due_at else "",
        organisation_id=contract.buyer_id if is_to_buyer else contract.seller_id,
    )
    return {"reservation": reservation.ref}


def _once_for(reservation_ref: str, what: str, due: str) -> str:
    """The key under which one side is told of one deadline."""
    return f"answer {reservation_ref} {what} {due}"
