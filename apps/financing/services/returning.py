"""The bank returns an advance that was paid out: nothing was advanced, and everything booked of it is negated."""

from datetime import date, datetime

from apps.core.errors import Refused
from apps.core.states import move
from apps.financing.models import BankMovement, Disbursement, Tranche
from apps.financing.models.movement import Movement
from apps.financing.models.tranche import TrancheState
from apps.financing.models.tranche_states import FORWARD
from apps.financing.services.bank import record_once, reference_given, require_day_of_payment
from apps.financing.services.exposures import count
from apps.financing.services.locks import lock_assignment, lock_request, lock_tranche_to_count
from apps.financing.services.record import person, record
from apps.financing.services.requests import revoke
from apps.ledger import services as ledger
from apps.ledger.models import Entry
from apps.parties.actor import Actor
from apps.parties.roles import Action


def return_transfer(
    *, tranche_ref: str, actor: Actor, value_on: date, bank_reference: str, at: datetime
) -> list[Tranche]:
    """Record that the transfer that paid an advance out came back: it and all that the same transfer paid.

    Every entry of theirs is negated exactly, income that was recognised meanwhile too: nothing was out. The limits are
    free again, and the receivables are the seller's. Refused once anything else has happened on one of them.
    """
    paid = Disbursement.objects.filter(tranche__ref=tranche_ref).select_related("tranche").first()
    if paid is None:
        raise Refused("This advance is not paid out, or it is not yours.")
    actor.require(Action.MOVE_MONEY, organisation_id=paid.financier_id)
    same = Disbursement.objects.filter(financier_id=paid.financier_id, bank_reference=paid.bank_reference)
    parts = list(same.order_by("tranche_id").values_list("tranche__ref", flat=True))
    return [_returned(ref, actor=actor, value_on=value_on, bank_reference=bank_reference, at=at) for ref in parts]


def _returned(tranche_ref: str, *, actor: Actor, value_on: date, bank_reference: str, at: datetime) -> Tranche:
    known = Tranche.objects.values_list("offer__request__ref", flat=True).get(ref=tranche_ref)
    request = lock_request(request_ref=known)
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    assignment = lock_assignment(assignment_ref=tranche.assignment.ref)
    was_before, disbursement = tranche.state == TrancheState.FUNDED_PRE, tranche.disbursement
    if tranche.collections.exists() or tranche.adjustments.exists():
        raise Refused(
            "Something else has happened on {name} since it was paid out, so its money cannot have come back.",
            name=tranche.name,
        )
    move(tranche, TrancheState.RETURNED, FORWARD)
    require_day_of_payment(value_on, earliest=disbursement.sent_at, latest=at, financier=tranche.financier)
    movement = BankMovement(
        kind=Movement.RETURNED,
        financier_id=tranche.financier_id,
        seller_id=tranche.seller_id,
        tranche=tranche,
        amount=disbursement.amount,
        currency=tranche.currency,
        value_on=value_on,
        bank_reference=reference_given(bank_reference),
        part=disbursement.part,
        recorded_by_id=person(actor),
        recorded_at=at,
    )
    record_once(movement)
    _negate(tranche, on=value_on, at=at)
    facility = tranche.facility
    facility.advanced -= tranche.outstanding
    if was_before:
        facility.advanced_pre -= tranche.outstanding
    facility.save(update_fields=["advanced", "advanced_pre"])
    count(exposures, used=-tranche.outstanding)
    tranche.outstanding -= tranche.outstanding
    tranche.save(update_fields=["state", "outstanding"])
    revoke(assignment, request=request, at=at)
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="advance.returned",
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        movement=movement.ref,
        disclosure_sha256=tranche.offer.disclosure_sha256,
    )
    return tranche


def _negate(tranche: Tranche, *, on: date, at: datetime) -> None:
    """The funding, its conversion and what was earned, the latest first, so that no balance changes its sign."""
    booked = Entry.objects.filter(
        organisation_id=tranche.financier_id,
        book__purpose=ledger.Purpose.FINANCIER,
        lines__key=tranche.key,
        reverses__isnull=True,
        reversed_by__isnull=True,
    )
    for entry in list(booked.distinct().order_by("-pk")):
        ledger.reverse(entry, cause=f"returned:{entry.pk}:{tranche.ref}", booked_on=max(on, entry.booked_on), at=at)
