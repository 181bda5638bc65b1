"""Treasury pays an advance out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from apps.core import canonical, money
from apps.core.errors import NotAllowed, Refused, Stale
from apps.core.states import move
from apps.financing.models import Disbursement, Tranche
from apps.financing.models.offer import Stage
from apps.financing.models.tranche import TrancheState
from apps.financing.models.tranche_states import FORWARD
from apps.financing.services import book
from apps.financing.services.bank import record_once, reference_given, require_account_of_seller, require_day_of_payment
from apps.financing.services.conversion import convert
from apps.financing.services.exposures import count, require_room_to_pay_out
from apps.financing.services.locks import lock_tranche_to_count
from apps.financing.services.ordering import require_not_ordered
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


def waiting_of(*, offer_ref: str) -> list[Tranche]:
    """An offer's advances that wait for their payout, in the order of the plan."""
    waiting = Tranche.objects.filter(offer__ref=offer_ref, state=TrancheState.ACCEPTED)
    return list(
        waiting.select_related("assignment", "milestone__invoice").order_by("milestone__position", "milestone__part")
    )


def seen_of(waiting: Sequence[Tranche]) -> str:
    """The SHA-256 of what one transfer would pay: which advances, and how much of each reaches the seller."""
    return canonical.sha256(canonical.text([[tranche.ref, tranche.net] for tranche in waiting]))


def to_fund(*, offer_ref: str, seen: str) -> list[str]:
    """The references of an offer's advances that one transfer pays, in the order of the plan; refused if none waits.

    ``seen`` is the SHA-256 of what treasury was shown before it paid. The caller holds the contract, so that none is
    cancelled or paid meanwhile: what differs from it is :class:`Stale`, because another amount has left the bank.
    """
    waiting = waiting_of(offer_ref=offer_ref)
    if not waiting:
        raise Refused("Nothing of this offer waits to be paid out.")
    if seen != seen_of(waiting):
        raise Stale(
            "What waits of this offer has changed since you were shown it: now it is {net}. Compare that with what"
            " left your bank before you record it.",
            net=str(money.Money(money.total(tranche.net for tranche in waiting), waiting[0].currency)),
        )
    return [tranche.ref for tranche in waiting]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payment as the bank tells it: its day and reference, and which of the parts that it pays is meant.

    What was ordered has left the account, whatever happened since its file was handed out.
    """

    value_on: date
    reference: str
    part: int = 1
    parts: int = 1
    was_ordered: bool = False


def fund(*, tranche_ref: str, actor: Actor, transfer: Transfer, at: datetime) -> Tranche:
    """Record that the net was paid out by ``transfer``; the gross counts against the limits from now on.

    Before acceptance it is an advance to the seller, after it the purchase of the invoice. What left before the
    acceptance and is recorded after it was an advance, and is converted at once. Refused before the buyer is verified,
    and acknowledged the assignment or that was waived, to the person who priced, beyond a limit, and while the seller
    has no account.
    """
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    facility, priced_by, value_on = tranche.facility, tranche.offer.created_by_id, transfer.value_on
    actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    invoice = tranche.invoice
    is_bought = invoice is not None
    move(tranche, TrancheState.FUNDED_POST if is_bought else TrancheState.FUNDED_PRE, FORWARD)
    require_not_ordered(tranche)
    require_verified(financier_id=tranche.financier_id, contract=tranche.contract)
    if tranche.milestone.state == MilestoneState.CHANGES_REQUESTED and not transfer.was_ordered:
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
    if value_on >= tranche.expected_on and not transfer.was_ordered:
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
    disbursement = Disbursement(
        tranche=tranche,
        financier_id=tranche.financier_id,
        amount=tranche.net,
        currency=tranche.currency,
        value_on=value_on,
        bank_reference=reference_given(transfer.reference),
        part=transfer.part,
        parts=transfer.parts,
        priced_by_id=priced_by,
        sent_by_id=person(actor),
        sent_at=at,
    )
    record_once(disbursement)
    facility.advanced += tranche.gross
    if not is_bought:
        facility.advanced_pre += tranche.gross
    facility.save(update_fields=["advanced", "advanced_pre"])
    count(exposures, used=tranche.gross, reserved=-tranche.gross)
    tranche.funded_on, tranche.outstanding = value_on, tranche.gross
    tranche.bought_at = invoice.gross if invoice is not None else None
    tranche.save(update_fields=["state", "funded_on", "outstanding", "bought_at"])
    was_advance = is_advance(tranche, on=value_on)
    if was_advance:
        book.post_advance(tranche, booked_on=value_on, at=at)
    else:
        book.post_purchase(tranche, booked_on=value_on, at=at)
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
    if was_advance and tranche.invoice is not None:
        convert(tranche, actor=actor, on=day_of(tranche.financier, at=tranche.invoice.issued_at), at=at)
    return tranche


def is_advance(tranche: Tranche, *, on: date) -> bool:
    """Whether what leaves on a day is an advance to the seller, by the product that was signed and what stood then.

    An offer on an invoice buys the invoice. One on a milestone advances money until the day of its acceptance, from
    which on the same payout buys the invoice.
    """
    invoice = tranche.invoice
    if invoice is None:
        return True
    return tranche.line.stage == Stage.PRE and on < day_of(tranche.financier, at=invoice.issued_at)


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
