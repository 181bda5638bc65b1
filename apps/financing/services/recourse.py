"""What the financier's people decide about an advance: the payment comes later, it is owed back, it was paid back."""

from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Sum

from apps.core import money
from apps.core.errors import IllegalTransition, Refused
from apps.core.states import move
from apps.financing.models import Adjustment, Repayment, Tranche
from apps.financing.models.adjustment import Kind
from apps.financing.models.tranche import TrancheState
from apps.financing.models.tranche_states import FORWARD
from apps.financing.rules import events
from apps.financing.rules.price import LONGEST_TERM
from apps.financing.services import book, book_events
from apps.financing.services.adjusting import Event, adjust, standing_on
from apps.financing.services.bank import reference_given, require_day_of_payment
from apps.financing.services.locks import lock_assignment, lock_request, lock_tranche, lock_tranche_to_count
from apps.financing.services.record import day_of, person, reason_given, record
from apps.financing.services.requests import revoke
from apps.invoicing.services import OwedBack
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor
from apps.parties.roles import Action

REFUSED = (MilestoneState.CHANGES_REQUESTED, MilestoneState.CANCELLED)
"""States of a milestone in which the buyer did not accept it."""


def postpone(
    *, tranche_ref: str, actor: Actor, expected_on: date, borne_by: events.Bears, reason: str, at: datetime
) -> Adjustment:
    """The milestone slips, and its payment is expected later: the seller bears the days more, or the price stays.

    Borne by the seller, the discount for the days more is owed back at once and earned over all days that are left;
    with the price as it was, what is left of it is. Before acceptance only: a bought invoice that is paid late bears
    its late charge. Both are an underwriter's to decide.
    """
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    actor.require(Action.APPROVE_OFFER, organisation_id=tranche.financier_id)
    if tranche.state != TrancheState.FUNDED_PRE:
        raise IllegalTransition("Only an advance on a milestone that is not accepted yet is moved to a later date.")
    on, funded_on = day_of(tranche.financier, at=at), tranche.funded_on or expected_on
    last = tranche.charged_until or tranche.expected_on
    if expected_on <= max(last, on):
        raise Refused(
            "The discount pays for the days up to {date}. Enter a later date, after today.",
            field="expected_on",
            date=last,
        )
    if (expected_on - funded_on).days > LONGEST_TERM:
        raise Refused("Nothing is advanced for more than {most} days.", field="expected_on", most=LONGEST_TERM)
    standing = standing_on(tranche, on=on)
    moves = events.Moves()
    if borne_by == events.Bears.SELLER:
        moves = events.slip(
            outstanding=standing.outstanding,
            annual_rate=tranche.line.annual_rate,
            days=(expected_on - last).days,
            currency=tranche.currency,
        )
    event = Event(kind=Kind.SLIP, on=on, reason=reason_given(reason), expected_on=expected_on)
    return adjust(tranche, event=event, moves=moves, standing=standing, exposures=exposures, actor=actor, at=at)


def demand(*, tranche_ref: str, actor: Actor, reason: str, at: datetime) -> Adjustment:
    """The milestone was not accepted and is not cured: all of the advance is owed back, less discount not earned.

    An underwriter says so: of a milestone that the buyer sent back or that was cancelled, or whose payment is more
    than the days of grace past what was expected.
    """
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    actor.require(Action.APPROVE_OFFER, organisation_id=tranche.financier_id)
    if tranche.state != TrancheState.FUNDED_PRE:
        raise IllegalTransition("Only an advance on a milestone that is not accepted yet can be demanded back.")
    on = day_of(tranche.financier, at=at)
    if refusal := why_not_demand(tranche, on=on):
        raise Refused(refusal, date=tranche.expected_on, days=tranche.offer.grace_days)
    standing = standing_on(tranche, on=on)
    moves = events.charge_back(standing, amount=standing.outstanding, currency=tranche.currency)
    event = Event(kind=Kind.REJECTION, on=on, reason=reason_given(reason))
    return adjust(tranche, event=event, moves=moves, standing=standing, exposures=exposures, actor=actor, at=at)


def why_not_demand(tranche: Tranche, *, on: date) -> str:
    """Why the seller need not pay an advance back yet, as a sentence with ``date`` and ``days`` to fill in."""
    if tranche.milestone.state in REFUSED or (on - tranche.expected_on).days > tranche.offer.grace_days:
        return ""
    return (
        "The buyer has not sent this milestone back, and its payment is expected by {date}, with {days} days of grace."
        " Wait, or move the date."
    )


def repay(
    *, tranche_ref: str, actor: Actor, amount: Decimal | None, received_on: date, bank_reference: str, at: datetime
) -> Repayment:
    """Record that the seller paid back what it owes on an advance, all of it where no amount is given.

    With the last of what is owed on an advance that is due back, it is bought back: the receivable is the seller's.
    """
    known = Tranche.objects.filter(ref=tranche_ref).values_list("offer__request__ref", flat=True).first()
    request = lock_request(request_ref=known or "")
    tranche = lock_tranche(tranche_ref=tranche_ref)
    assignment = lock_assignment(assignment_ref=tranche.assignment.ref)
    actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    owed = book.due_from_seller(tranche)
    if owed == 0:
        raise Refused("The seller owes nothing back on this advance.")
    amount = owed if amount is None else money.payable(amount, tranche.currency, field="amount")
    if amount > owed:
        raise Refused(
            "The seller owes {owed} back on this advance. Enter at most that.",
            field="amount",
            owed=str(money.Money(owed, tranche.currency)),
        )
    require_day_of_payment(received_on, earliest=tranche.accepted_at, latest=at, financier=tranche.financier)
    repayment = _recorded(
        Repayment(
            tranche=tranche,
            financier_id=tranche.financier_id,
            amount=amount,
            received_on=received_on,
            bank_reference=reference_given(bank_reference),
            recorded_by_id=person(actor),
            recorded_at=at,
        )
    )
    book_events.post_repayment(repayment, at=at)
    if amount == owed and tranche.state == TrancheState.RECOURSE_DUE:
        move(tranche, TrancheState.REPURCHASED, FORWARD)
        tranche.save(update_fields=["state"])
        revoke(assignment, request=request, at=at)
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="advance.repaid",
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        repayment=repayment.ref,
        disclosure_sha256=tranche.offer.disclosure_sha256,
    )
    return repayment


def owed_back(adjustment: Adjustment) -> OwedBack:
    """What the seller books of an adjustment: what it owes back, and out of what that became owed.

    Of what is written off the seller loses its reserve, and owes nothing; of what is carried over it owes what it
    owed.
    """
    is_loss, is_carried = adjustment.kind == Kind.WRITE_OFF, adjustment.kind == Kind.CARRIED
    return OwedBack(
        owed=adjustment.recourse,
        advanced=-adjustment.advance,
        credited=money.ZERO if is_loss else -adjustment.receivable,
        reserve=adjustment.reserve,
        given_back=-adjustment.reserve if is_loss else money.ZERO if is_carried else adjustment.discount,
        carried=-adjustment.advance if is_carried else money.ZERO,
        rest_ref=adjustment.tranche.carried_to.milestone.ref if is_carried else "",
    )


def owed_back_in_all(tranche: Tranche) -> Decimal:
    """What the seller owes back on an advance now, as both sides may read it."""
    owed = tranche.adjustments.aggregate(total=Sum("recourse"))["total"] or money.ZERO
    paid = tranche.repayments.aggregate(total=Sum("amount"))["total"] or money.ZERO
    return owed - paid


def _recorded(repayment: Repayment) -> Repayment:
    try:
        with transaction.atomic():
            repayment.save(force_insert=True)
    except IntegrityError as error:
        if "repayment_reference_once" not in str(error):
            raise
        raise Refused(
            "A repayment with the bank reference {reference} is already recorded.",
            field="bank_reference",
            reference=repayment.bank_reference,
        ) from error
    return repayment
