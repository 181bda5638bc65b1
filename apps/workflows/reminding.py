"""Buyers are reminded of what is overdue: on the days of the seller's schedule, or because somebody asks for it."""

from collections.abc import Sequence
from datetime import date, datetime

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.invoicing.services import DueReminder
from apps.parties.actor import Actor
from apps.workflows import jobs, late_payment
from apps.workflows.once import Answer, once


def due(*, at: datetime) -> list[DueReminder]:
    """Every reminder that a schedule makes due at this moment."""
    return invoicing.reminders_due(at=at)


def tend(*, invoice_ref: str, seller_id: int, number: int) -> Answer:
    """Send one reminder of a schedule, once a day: what could not be asked for today is asked for when it can be.

    That none is sent twice on two days is for its number.
    """
    with walls.asking_for(seller_id):
        return remind_by_schedule(
            actor=Actor.system(organisation_id=seller_id),
            key=f"reminder {number} of {invoice_ref} on {clock.now().date()}",
            invoice_ref=invoice_ref,
            number=number,
        )


@once
def remind_by_schedule(*, actor: Actor, key: str, invoice_ref: str, number: int) -> Answer:
    """The day of a reminder has come. What was paid, disputed or assigned meanwhile is not asked for.

    Where the contract says so, the interest and fees that have run are claimed with it.
    """
    return _remind(actor=actor, invoice_ref=invoice_ref, number=number)


@once
def remind_buyer(*, actor: Actor, key: str, invoice_ref: str) -> Answer:
    """Somebody of the seller's reminds the buyer now, at most once a day."""
    return _remind(actor=actor, invoice_ref=invoice_ref, number=0)


@once
def set_reminders(*, actor: Actor, key: str, days: Sequence[int]) -> Answer:
    """The seller says on which days after the due date its buyers are reminded; an empty list ends it."""
    schedule = invoicing.set_reminders(actor=actor, days=days, at=clock.now())
    return {"days": " ".join(str(day) for day in schedule.days)}


@once
def pause_reminders(*, actor: Actor, key: str, invoice_ref: str, until: date, reason: str) -> Answer:
    """Nobody is reminded of one invoice until a day has passed."""
    contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    pause = invoicing.pause_reminders(invoice_ref=invoice_ref, actor=actor, until=until, reason=reason, at=clock.now())
    return {"pause": pause.ref}


@once
def resume_reminders(*, actor: Actor, key: str, invoice_ref: str) -> Answer:
    """Somebody ends the pause before its day."""
    contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    pause = invoicing.resume_reminders(invoice_ref=invoice_ref, actor=actor, at=clock.now())
    return {"pause": pause.ref}


def _remind(*, actor: Actor, invoice_ref: str, number: int) -> Answer:
    contract = contracts.lock(contract_id=invoicing.contract_of(invoice_ref=invoice_ref))
    at = walls.widen(contract.buyer_id)
    delivery = invoicing.remind(invoice_ref=invoice_ref, actor=actor, number=number, at=at)
    if delivery is None:
        return {"delivery": ""}
    jobs.send_invoice.defer(delivery_ref=delivery.ref, organisation_id=contract.buyer_id)
    # A reminder of a claim claims nothing more, or each claim would bring forth the next.
    claims = number and not delivery.invoice.is_late_charge
    claimed = late_payment.claim(contract, actor=actor, at=at) if claims else {}
    return {"delivery": delivery.ref, **claimed}
