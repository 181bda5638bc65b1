"""Treasury pays an advance out."""

from datetime import date, datetime

from apps.core import money
from apps.core.errors import NotAllowed, Refused
from apps.core.states import move
from apps.financing.models import Disbursement, Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.services import book
from apps.financing.services.bank import new_reference, require_account_of_seller, require_day_of_payment
from apps.financing.services.exposures import count, require_room_to_pay_out
from apps.financing.services.locks import lock_tranche_to_count
from apps.financing.services.record import day_of, person, record
from apps.financing.services.verification import require_verified
from apps.invoicing.services import Advance, Sale
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor
from apps.parties.roles import Action


def contract_of_tranche(*, tranche_ref: str) -> int:
    """The id of the contract on whose milestone an advance is."""
    return _known(tranche_ref).contract_id


def financier_of_tranche(*, tranche_ref: str) -> int:
    """The id of the financier of an advance."""
    return _known(tranche_ref).financier_id


def invoice_ref_of(*, tranche_ref: str) -> str:
    """The reference of the invoice that an advance bought; refused before there is one."""
    tranche = _known(tranche_ref)
    if tranche.invoice is None:
        raise Refused(
            "“{milestone}” is not accepted yet: the buyer owes nothing on it, so there is no payment to record.",
            milestone=tranche.milestone.title,
        )
    return tranche.invoice.ref


def to_fund(*, offer_ref: str) -> list[str]:
    """The references of an offer's advances that wait for their payout, in the order of the plan; refused if none."""
    waiting = Tranche.objects.filter(offer__ref=offer_ref, state=TrancheState.ACCEPTED)
    refs = list(waiting.order_by("milestone__position").values_list("ref", flat=True))
    if not refs:
        raise Refused("Nothing of this offer waits to be paid out.")
    return refs


def references(bank_reference: str, *, of: int) -> list[str]:
    """One bank transfer for several advances: its reference for one alone, numbered for each of more."""
    reference = " ".join(bank_reference.split())
    if of == 1 or not reference:
        return [reference] * of
    return [f"{reference} {number}/{of}" for number in range(1, of + 1)]


def fund(*, tranche_ref: str, actor: Actor, value_on: date, bank_reference: str, at: datetime) -> Tranche:
    """Record that the net was paid out on ``value_on``; the gross counts against the limits from now on.

    Before acceptance it is an advance to the seller, after it the purchase of the invoice. Refused before the buyer is
    verified, and acknowledged the assignment or that was waived, to the person who priced, beyond a limit, and while
    the seller has no account.
    """
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    facility, priced_by = tranche.facility, tranche.offer.created_by_id
    actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    is_bought = tranche.invoice is not None
    move(tranche, TrancheState.FUNDED_POST if is_bought else TrancheState.FUNDED_PRE, Tranche.TRANSITIONS)
    require_verified(financier_id=tranche.financier_id, buyer=tranche.buyer)
    if tranche.milestone.state == MilestoneState.CHANGES_REQUESTED:
        raise Refused("The buyer has sent this milestone back. Wait until it is submitted again, or cancel.")
    if priced_by == actor.user_id:
        raise NotAllowed("You priced this advance, so a second person has to pay it out.")
    if not tranche.assignment.is_notified:
        raise Refused("The buyer has not acknowledged the assignment. Wait for it, or have a second person waive it.")
    account = require_account_of_seller(tranche)
    require_day_of_payment(value_on, earliest=tranche.accepted_at, latest=at, financier=tranche.financier)
    answers = (tranche.assignment.acknowledged_at, tranche.assignment.waived_at)
    notified_on = day_of(tranche.financier, at=min(answer for answer in answers if answer is not None))
    if value_on < notified_on:
        raise Refused(
            "The notice was acknowledged or waived on {date}; an advance cannot have left before. Check the date.",
            field="value_on",
            date=notified_on,
        )
    if value_on >= tranche.expected_on:
        raise Refused(
            "The buyer's payment is expected on {date}: an advance would come too late.",
            field="value_on",
            date=tranche.expected_on,
        )
    if facility.advanced + tranche.gross > facility.limit:
        raise Refused(
            "This advance is {advance}, and only {left} of the facility's limit is left.",
            advance=str(money.Money(tranche.gross, tranche.currency)),
            left=str(money.Money(max(money.ZERO, facility.limit - facility.advanced), tranche.currency)),
        )
    _require_part_before_acceptance(tranche)
    require_room_to_pay_out(exposures, advance=tranche.gross, actor=actor)
    known = Disbursement.objects.filter(financier_id=tranche.financier_id)
    reference = new_reference(bank_reference, known=known)
    disbursement = Disbursement.objects.create(
        tranche=tranche,
        financier_id=tranche.financier_id,
        amount=tranche.net,
        currency=tranche.currency,
        value_on=value_on,
        bank_reference=reference,
        priced_by_id=priced_by,
        sent_by_id=person(actor),
        sent_at=at,
    )
    facility.advanced += tranche.gross
    if not is_bought:
        facility.advanced_pre += tranche.gross
    facility.save(update_fields=["advanced", "advanced_pre"])
    count(exposures, used=tranche.gross, reserved=-tranche.gross)
    tranche.funded_on, tranche.outstanding = value_on, tranche.gross
    tranche.save(update_fields=["state", "funded_on", "outstanding"])
    book.post_funding(tranche, booked_on=value_on, at=at)
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="advance.funded",
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        disbursement=disbursement.ref,
        value_on=value_on,
        private={"paid_to": str(account)},
        disclosure_sha256=tranche.offer.disclosure_sha256,
    )
    return tranche


def sale_of(tranche: Tranche) -> Sale:
    """What the seller books: the receivable sold for the net and the reserve, discount and fee as its cost."""
    return Sale(net=tranche.net, reserve=tranche.reserve, cost=tranche.discount + tranche.fee)


def advance_of(tranche: Tranche) -> Advance:
    """What the seller books before acceptance: the net as money owed, discount and fee as its cost."""
    return Advance(net=tranche.net, cost=tranche.discount + tranche.fee)


def _require_part_before_acceptance(tranche: Tranche) -> None:
    facility = tranche.facility
    if tranche.state == TrancheState.FUNDED_PRE and facility.advanced_pre + tranche.gross > facility.pre_limit:
        raise Refused(
            "This advance is {advance}, and only {left} is left of what the facility advances before acceptance.",
            advance=str(money.Money(tranche.gross, tranche.currency)),
            left=str(money.Money(max(money.ZERO, facility.pre_limit - facility.advanced_pre), tranche.currency)),
        )


def _known(tranche_ref: str) -> Tranche:
    tranche = Tranche.objects.select_related("milestone__invoice").filter(ref=tranche_ref).first()
    if tranche is None:
        raise Refused("There is no such advance, or it is not yours.")
    return tranche
