"""A buyer's payment was recorded wrongly, or its bank took it back: what the waterfall did with it is undone."""

from datetime import datetime
from decimal import Decimal

from apps.core.errors import IllegalTransition, Refused
from apps.core.states import move
from apps.financing.models import Collection, ExposureLimit, Tranche
from apps.financing.models.adjustment import Kind
from apps.financing.models.money import SHARES
from apps.financing.models.tranche import TrancheState
from apps.financing.models.tranche_states import WAY_BACK
from apps.financing.services import book
from apps.financing.services.exposures import count
from apps.financing.services.locks import lock_tranche_to_count
from apps.financing.services.ordering import require_not_ordered
from apps.financing.services.record import day_of, record
from apps.ledger import services as ledger
from apps.ledger.models import Entry
from apps.parties.actor import Actor
from apps.parties.roles import Action


def payment_ref_of(*, collection_ref: str) -> str:
    """The reference of the payment that a collection shared out."""
    known = Collection.objects.filter(ref=collection_ref).values_list("payment__ref", flat=True).first()
    if known is None:
        raise Refused("There is no such payment, or it is not yours.")
    return known


def contract_of_collection(*, collection_ref: str) -> int:
    """The id of the contract on whose milestone the advance of a collection is."""
    known = Collection.objects.filter(ref=collection_ref).values_list("tranche__contract_id", flat=True).first()
    if known is None:
        raise Refused("There is no such payment, or it is not yours.")
    return known


def require_reversible(*, collection_ref: str, actor: Actor) -> None:
    """Refuse to begin what would be refused in the end. The caller holds the contract, so nothing comes between."""
    collection = Collection.objects.select_related("payment", "tranche").get(ref=collection_ref)
    actor.require(Action.MOVE_MONEY, organisation_id=collection.tranche.financier_id)
    _require_nothing_since(collection.tranche, collection=collection)


def reverse(*, collection_ref: str, actor: Actor, at: datetime) -> Collection:
    """Undo a collection by its exact negative, in the records and in the book; its payment is reversed already.

    The latest first: each was shared out by what the one before had left. What was released and is paid out to the
    seller cannot be taken back from it here, and what was credited since was borne by what was open then. The advance
    is out again as it was, and earns on by the price that was signed; what was allowed for a loss stays as it is.
    """
    known = Collection.objects.values_list("tranche__ref", flat=True).get(ref=collection_ref)
    tranche, exposures = lock_tranche_to_count(tranche_ref=known)
    actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    collection = Collection.objects.select_related("payment").get(ref=collection_ref)
    _require_nothing_since(tranche, collection=collection)
    _require_room(tranche, exposures=exposures, amount=collection.to_advance)
    made = Collection.objects.create(
        tranche=tranche,
        payment=collection.payment,
        amount=-collection.amount,
        **{share: -getattr(collection, share) for share in SHARES},
        collected_on=collection.collected_on,
        is_misdirected=collection.is_misdirected,
        reverses=collection,
    )
    causes = [f"collection:{collection.ref}", f"accrual:{collection.ref}"]
    booked = Entry.objects.filter(
        organisation_id=tranche.financier_id, book__purpose=ledger.Purpose.FINANCIER, cause__in=causes
    )
    today = day_of(tranche.financier, at=at)
    for entry in list(booked.order_by("-pk")):
        ledger.reverse(entry, cause=f"reversal:{entry.cause}", booked_on=max(today, entry.booked_on), at=at)
    _raise(tranche, exposures=exposures, amount=collection.to_advance)
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="advance.uncollected",
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        collection=made.ref,
        reverses=collection.ref,
    )
    return made


def _require_nothing_since(tranche: Tranche, *, collection: Collection) -> None:
    """Refuse where something came after a payment that rests on it."""
    if collection.reverses_id is not None or Collection.objects.filter(reverses=collection).exists():
        raise IllegalTransition("This payment is already reversed.")
    later = tranche.collections.filter(pk__gt=collection.pk, reverses__isnull=True, reversed_by__isnull=True)
    if later.exists():
        raise Refused("A later payment was shared out after this one. Reverse the later one first.")
    require_not_ordered(tranche)
    if book.payable_to_seller(tranche) < collection.to_seller + collection.rebate:
        raise Refused("What this payment released is paid out to the seller. Agree with the seller how it comes back.")
    if book.due_to_buyer(tranche) < collection.to_buyer:
        raise Refused("The surplus of this payment is paid back to the buyer, so it was received.")
    if collection.is_misdirected and book.misdirected(tranche) < collection.amount:
        raise Refused("The seller has passed this payment on, so it was received.")
    happened = tranche.adjustments.filter(decided_at__gt=collection.payment.recorded_at).exclude(kind=Kind.ALLOWANCE)
    if happened.exists():
        raise Refused("Something else has happened on this advance since. This payment cannot be reversed any more.")


def _require_room(tranche: Tranche, *, exposures: list[ExposureLimit], amount: Decimal) -> None:
    """Refuse where what is out again is more than a limit holds: no counter is raised above its limit.

    That of a closed facility cannot be raised any more, and keeps nothing from being out again.
    """
    facility = tranche.facility
    lacking = [one for one in exposures if one.limit is not None and one.used + amount > one.limit]
    is_full = facility.closed_at is None and facility.advanced + amount > facility.limit
    if amount > 0 and (lacking or is_full):
        raise Refused("What would be out again is more than a limit allows. Raise the limit first, then reverse it.")


def _raise(tranche: Tranche, *, exposures: list[ExposureLimit], amount: Decimal) -> None:
    """Bring tranche, facility and exposures back to what is out again. What was never out stays so."""
    if tranche.state not in (TrancheState.SETTLED, TrancheState.PART_COLLECTED, TrancheState.DEFAULTED):
        return
    tranche.outstanding += amount
    tranche.settled_on = None
    standing = tranche.collections.filter(reverses__isnull=True, reversed_by__isnull=True).exists()
    state = TrancheState.PART_COLLECTED if standing else TrancheState.FUNDED_POST
    if tranche.defaulted_at is not None:
        state = TrancheState.DEFAULTED
    if tranche.state != state:
        move(tranche, state, WAY_BACK)
    tranche.save(update_fields=["state", "outstanding", "settled_on"])
    tranche.facility.advanced += amount
    tranche.facility.save(update_fields=["advanced"])
    count(exposures, used=amount)
