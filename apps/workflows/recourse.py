"""What happens to an advance beside the buyer's payments: decided by the financier, or following from upstream.

Whatever it is, both books are posted and both sides are told in the transaction in which it happens.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import in_flight, walls
from apps.financing import services as financing
from apps.financing.models import Adjustment, Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.rules.events import Bears
from apps.invoicing import services as invoicing
from apps.invoicing.services import Sale
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.workflows import jobs, recourse_jobs
from apps.workflows.once import Answer, once


@once
def postpone_advance(
    *, actor: Actor, key: str, tranche_ref: str, expected_on: date, borne_by: Bears, reason: str
) -> Answer:
    """A milestone slips: the seller bears the discount of the days more, or the price stays as it was."""
    at = _held(tranche_ref)
    made = financing.postpone(
        tranche_ref=tranche_ref,
        actor=actor,
        expected_on=expected_on,
        borne_by=borne_by,
        reason=reason,
        at=at,
    )
    carry([made], at=at)
    return {"tranche": tranche_ref, "adjustment": made.ref}


@once
def demand_advance(*, actor: Actor, key: str, tranche_ref: str, reason: str) -> Answer:
    """A milestone was not accepted and is not cured: the seller owes the advance back, less discount not earned."""
    at = _held(tranche_ref)
    made = financing.demand(tranche_ref=tranche_ref, actor=actor, reason=reason, at=at)
    carry([made], at=at)
    return {"tranche": tranche_ref, "adjustment": made.ref}


@once
def demand_lapsed_advance(*, actor: Actor, key: str, tranche_ref: str) -> Answer:
    """The time to cure a milestone is over: its advance is owed back without anybody asking; a job, daily."""
    at = _held(tranche_ref)
    made = financing.demand_lapsed(tranche_ref=tranche_ref, actor=actor, at=at)
    if made is None:
        return {}
    carry([made], at=at)
    return {"tranche": tranche_ref, "adjustment": made.ref}


@once
def record_repayment(
    *, actor: Actor, key: str, tranche_ref: str, received_on: date, bank_reference: str, amount: Decimal | None = None
) -> Answer:
    """The seller paid back what it owes; an advance that was due back as a whole is bought back, and the buyer told.

    From then on the buyer pays the seller again.
    """
    at = _held(tranche_ref)
    repayment = financing.repay(
        tranche_ref=tranche_ref,
        actor=actor,
        amount=amount,
        received_on=received_on,
        bank_reference=bank_reference,
        at=at,
    )
    tranche = repayment.tranche
    invoicing.book_paid_back(
        milestone=tranche.milestone,
        seller_id=tranche.seller_id,
        reference=repayment.ref,
        amount=repayment.amount,
        booked_on=received_on,
        at=at,
    )
    is_sold = tranche.invoice is not None and invoicing.is_sold(tranche.invoice)
    if tranche.state == TrancheState.REPURCHASED and not is_sold:
        # Of an invoice that covered nothing the payee was withdrawn with its acceptance.
        if invoicing.is_directed(milestone=tranche.milestone):
            invoicing.withdraw_direction(milestone=tranche.milestone, at=at)
        contracts.revoke_grants(subject_ref=tranche.assignment.ref, at=at)
        jobs.send_assignment_revoked.defer(assignment_ref=tranche.assignment.ref, organisation_id=tranche.buyer_id)
    recourse_jobs.send_repaid.defer(repayment_ref=repayment.ref, organisation_id=tranche.seller_id)
    return {"tranche": tranche_ref, "repayment": repayment.ref}


@once
def declare_default(*, actor: Actor, key: str, tranche_ref: str, reason: str) -> Answer:
    """The buyer is not expected to pay what was bought: nothing more is earned on it."""
    at = _held(tranche_ref)
    tranche = financing.declare_default(tranche_ref=tranche_ref, actor=actor, reason=reason, at=at)
    recourse_jobs.send_defaulted.defer(tranche_ref=tranche.ref, organisation_id=tranche.seller_id)
    return {"tranche": tranche.ref}


@once
def allow_for_loss(*, actor: Actor, key: str, tranche_ref: str, amount: Decimal, reason: str) -> Answer:
    """Set what is allowed for a loss on an advance; only the financier's own book knows it."""
    made = financing.allow_for_loss(
        tranche_ref=tranche_ref, actor=actor, amount=amount, reason=reason, at=_held(tranche_ref)
    )
    return {"tranche": tranche_ref, "adjustment": made.ref}


@once
def write_off_advance(*, actor: Actor, key: str, tranche_ref: str, reason: str) -> Answer:
    """A second person gives up an advance in default; the seller loses its reserve, and is told."""
    at = _held(tranche_ref)
    made = financing.write_off(tranche_ref=tranche_ref, actor=actor, reason=reason, at=at)
    carry([made], at=at)
    return {"tranche": tranche_ref, "adjustment": made.ref}


def carry(adjustments: Iterable[Adjustment], *, at: datetime) -> None:
    """What every adjustment leads to: the seller's book, and a letter to each side."""
    for made in adjustments:
        tranche = made.tranche
        invoicing.book_owed_back(
            milestone=tranche.milestone,
            seller_id=tranche.seller_id,
            reference=made.ref,
            owed_back=financing.owed_back(made),
            booked_on=made.booked_on,
            at=at,
        )
        used_up = financing.used_up_at_the_end(made)
        if used_up is not None:
            invoicing.book_reserve_received(
                invoice_id=tranche.bought.pk,
                reference=made.ref,
                settlement=used_up,
                booked_on=made.booked_on,
                at=at,
            )
        jobs.defer(
            *(
                recourse_jobs.send_adjusted.configure(
                    task_kwargs={"adjustment_ref": made.ref, "organisation_id": organisation_id}
                )
                for organisation_id in (tranche.seller_id, tranche.financier_id)
            )
        )


def convert(
    *, milestone: Milestone, rest: Milestone | None, actor: Actor, at: datetime
) -> tuple[Tranche, Adjustment | None] | tuple[None, None]:
    """What was advanced on the milestone becomes the purchase of the invoice that its acceptance makes.

    What a smaller invoice does not cover is owed back, or stands on for the ``rest`` of what was accepted in
    part; one that covers nothing is the seller's own.
    """
    advance = financing.advance_on(milestone)
    if advance is None:
        return None, None
    converted, short = financing.on_acceptance(advance=advance, milestone=milestone, rest=rest, actor=actor, at=at)
    if converted.bought_at is None:
        invoicing.withdraw_direction(milestone=milestone, at=at)
    return converted, short


def sale_of(advance: Tranche | None) -> Sale | None:
    """What the seller books with the invoice: its sale; None where no advance bought it."""
    return None if advance is None or advance.bought_at is None else financing.sale_on_acceptance(advance)


def carry_converted(advance: Tranche | None, short: Adjustment | None, *, rest: Milestone | None, at: datetime) -> None:
    """What the conversion of an advance leads to, once the invoice is issued."""
    if short is not None:
        in_flight.land()  # it is of the invoice's key
    if advance is not None and rest is not None:
        carry_rest(advance, short, rest=rest, at=at)
    elif short is not None:
        carry([short], at=at)


def carry_rest(advance: Tranche, made: Adjustment | None, *, rest: Milestone, at: datetime) -> None:
    """A milestone was accepted in part: the buyer is told whom it pays for each part of it, and what is advanced on the
    rest is paid as the accepted part is."""
    if made is not None:
        invoicing.direct_rest(milestone=advance.milestone, rest=rest, at=at)
        carry([made], at=at)
    recourse_jobs.send_parted.defer(
        milestone_ref=advance.milestone.ref, rest_ref=rest.ref, organisation_id=advance.buyer_id
    )


def follow_plan(contract: Contract, *, source: str, actor: Actor, at: datetime) -> None:
    """The plan has changed or ended: what is advanced on what is smaller now, or gone, is owed back."""
    financiers = financing.financiers_of_advances(contract=contract)
    if not financiers:
        return
    walls.widen(*financiers)
    carry(financing.shrink(contract=contract, source=source, actor=actor, at=at), at=at)


def hold_financed(contract: Contract) -> None:
    """All that is advanced on a contract, and who did, is held at once before the first number is drawn."""
    financiers = financing.financiers_out(contract=contract)
    if financiers:
        walls.widen(*financiers)
        financing.hold_all(contract=contract)


def hold_bought(milestone: Milestone | None) -> Tranche | None:
    """Who bought the invoice of a milestone is held before a credit note draws its number, if somebody has.

    Refused where the advance was written off and something of the invoice is open.
    """
    financing.refuse_written_off(milestone)
    bought = financing.bought_on(milestone)
    if bought is None:
        return None
    walls.widen(bought.financier_id)
    financing.hold(tranche=bought)
    return bought


def follow_credit(bought: Tranche | None, *, note_ref: str, reason: str, actor: Actor, at: datetime) -> None:
    """A sold invoice was credited: its reserve bears it, and then the seller."""
    if bought is None:
        return
    made = financing.dilute(tranche=bought, source=f"credit_note:{note_ref}", reason=reason, actor=actor, at=at)
    if made is not None:
        carry([made], at=at)


def _held(tranche_ref: str) -> datetime:
    """Contract held, both sides' rows seen; the moment of the event."""
    contract = contracts.lock(contract_id=financing.contract_of_tranche(tranche_ref=tranche_ref))
    at = clock.now()
    walls.widen(contract.seller_id, contract.buyer_id, financing.financier_of_tranche(tranche_ref=tranche_ref))
    return at
