"""The buyer pays the financier: the waterfall shares the payment out."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Sum

from apps.core import money
from apps.core.errors import Refused
from apps.core.states import move
from apps.financing.models import Collection, Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.models.tranche_states import FORWARD
from apps.financing.rules.waterfall import Repayment, Shares, for_the_seller, late_charge, recovered, share
from apps.financing.services import book, book_events
from apps.financing.services.exposures import count
from apps.financing.services.locks import lock_tranche_to_count
from apps.financing.services.losses import release_allowance
from apps.financing.services.record import record
from apps.invoicing.models import Payment
from apps.parties.actor import Actor
from apps.parties.roles import Action

BOUGHT = (TrancheState.FUNDED_POST, TrancheState.PART_COLLECTED, TrancheState.DEFAULTED)
"""States in which the buyer owes its financier."""


def collect(*, tranche_ref: str, payment: Payment, actor: Actor, at: datetime) -> Collection:
    """Share a recorded payment out and book it on the day on which it was received.

    The payment that repays the advance also ends its income: what of the discount is not earned by then goes back to
    the seller, what of the fee is not is earned at once. Money that arrived before the advance was paid out repays it
    on the day of the payout; before any payout it is the seller's (:func:`collect_for_the_seller`).

    What the seller received by mistake it owes: the waterfall is the same, and nothing that it releases is paid out
    before the seller has passed it on. Either side may say so.
    """
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    if payment.recipient_id == tranche.financier_id:
        actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    elif tranche.state not in BOUGHT:
        raise Refused("Nothing is owed to the financier on this advance: what the buyer pays is the seller's.")
    if tranche.funded_on is None:
        raise Refused("The advance has not been paid out yet. Fund it before recording the buyer's payment.")
    if tranche.state == TrancheState.WRITTEN_OFF:
        return _recover(tranche, payment=payment, actor=actor, at=at)
    if tranche.state == TrancheState.RECOURSE_DUE:
        return collect_for_the_seller(tranche=tranche, payment=payment, actor=actor, at=at)
    paid_on = counted_on(payment.received_on, funded_on=tranche.funded_on)
    before = book.standing(tranche)
    # Kept or given back is what is earned by this day; a part payment leaves the daily accrual as it is.
    day = last_day_earned(tranche, paid_on=paid_on)
    accrued = book.unearned_after(tranche, before=before, day=day)
    shares = share(payment.amount, standing=accrued, late_due=late_charge_due(tranche, through=paid_on))
    collection = _collection(tranche, payment, shares=shares, on=paid_on)
    _lower(tranche, shares=shares, left=before.receivable - shares.to_receivable, paid_on=paid_on)
    count(exposures, used=-shares.to_advance)
    if shares.repays_advance:
        book.post_accrual(
            tranche,
            before=before,
            after=accrued,
            cause=f"accrual:{collection.ref}",
            booked_on=paid_on,
            at=at,
        )
    book.post_collection(collection, shares=shares, at=at)
    if before.allowance:
        release_allowance(tranche, collection=collection, exposures=exposures, actor=actor, at=at)
    _record(collection, actor=actor, at=at)
    return collection


def _recover(tranche: Tranche, *, payment: Payment, actor: Actor, at: datetime) -> Collection:
    """Money on what was written off: the advance first, then what was the seller's reserve, then the buyer's."""
    settled = payment.allocations.aggregate(total=Sum("amount"))["total"] or money.ZERO
    shares = recovered_shares(tranche, amount=payment.amount, owed=settled)
    collection = _collection(tranche, payment, shares=shares, on=payment.received_on)
    book_events.post_recovery(collection, at=at)
    _record(collection, actor=actor, at=at)
    return collection


def recovered_shares(tranche: Tranche, *, amount: Decimal, owed: Decimal) -> Shares:
    """How a payment on what was written off is shared out, ``owed`` of it on the invoice."""
    lost = tranche.adjustments.aggregate(total=Sum("written_off"))["total"] or money.ZERO
    before = tranche.collections.aggregate(total=Sum("recovered"))["total"] or money.ZERO
    return recovered(amount, owed=owed, lost=lost - before)


def collect_for_the_seller(*, tranche: Tranche, payment: Payment, actor: Actor, at: datetime) -> Collection:
    """The buyer paid what was never bought: what settled the invoice is the seller's, and is passed on.

    It paid before the advance was paid out, or what was accepted after the advance was demanded back. So nothing is
    repaid, charged or given back, and what the seller owes back it owes still. The caller holds the advance, and has
    cancelled it where it was not paid out, for only an invoice that is wholly open is bought.
    """
    actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    if tranche.state not in (TrancheState.CANCELLED, TrancheState.RECOURSE_DUE):
        raise ValueError(f"tranche {tranche.ref} can still be paid out or repaid")
    settled = payment.allocations.aggregate(total=Sum("amount"))["total"] or money.ZERO
    shares = for_the_seller(payment.amount, owed=settled)
    collection = _collection(tranche, payment, shares=shares, on=payment.received_on)
    book.post_held(collection, at=at)
    _record(collection, actor=actor, at=at)
    return collection


def last_day_earned(tranche: Tranche, *, paid_on: date) -> int:
    """Through which day of its price an advance earns that is repaid on a day: never less than the agreed least days.

    They count from when the money went out, also for what stands on for the rest of a milestone.
    """
    first = tranche
    while first.carried_from is not None:
        first = first.carried_from
    if first.funded_on is None or tranche.funded_on is None:
        raise Refused("This advance is not paid out. Cancel it instead.")
    least_until = first.funded_on + timedelta(days=tranche.offer.least_fee_days)
    return (max(paid_on, least_until) - tranche.funded_on).days


def counted_on(received_on: date, *, funded_on: date) -> date:
    """The day from which a payment counts on an advance: not before there was one to repay."""
    return max(received_on, funded_on)


def is_paid_out(*, tranche_ref: str) -> bool:
    """Whether an advance was paid out. The caller holds the contract, so that it stays so."""
    return Tranche.objects.filter(ref=tranche_ref, funded_on__isnull=False).exists()


def _collection(tranche: Tranche, payment: Payment, *, shares: Shares, on: date) -> Collection:
    return Collection.objects.create(
        tranche=tranche,
        payment=payment,
        amount=payment.amount,
        to_receivable=shares.to_receivable,
        to_advance=shares.to_advance,
        to_seller=shares.to_seller,
        to_buyer=shares.to_buyer,
        late_charge=shares.late_charge,
        rebate=shares.rebate,
        recovered=shares.recovered,
        collected_on=on,
        is_misdirected=payment.recipient_id == tranche.seller_id,
    )


def _record(collection: Collection, *, actor: Actor, at: datetime) -> None:
    tranche, payment = collection.tranche, collection.payment
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="advance.collected",
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        payment=payment.ref,
        currency=tranche.currency,
        amount=payment.amount,
        collection=collection.ref,
        to_receivable=collection.to_receivable,
        to_buyer=collection.to_buyer,
        **({"misdirected": True} if collection.is_misdirected else {}),
    )


def late_charge_due(tranche: Tranche, *, through: date) -> Decimal:
    """The late charge through a date, less what former payments bore of it."""
    if tranche.free_until is None:
        return money.ZERO
    former = [
        *tranche.collections.values_list("collected_on", "to_advance", "late_charge"),
        *((on, amount, money.ZERO) for on, amount in tranche.adjustments.values_list("booked_on", "charged_back")),
    ]
    charged = late_charge(
        gross=tranche.gross,
        repayments=[Repayment(on=on, amount=amount) for on, amount, _taken in former],
        free_until=tranche.free_until,
        through=through,
        late_rate=tranche.offer.late_rate,
        currency=tranche.currency,
    )
    return max(money.ZERO, charged - money.total(taken for _on, _amount, taken in former))


def _lower(tranche: Tranche, *, shares: Shares, left: Decimal, paid_on: date) -> None:
    """Bring tranche and facility to what is outstanding now; ``left`` is what the buyer still owes."""
    tranche.outstanding -= shares.to_advance
    if left == 0:
        move(tranche, TrancheState.SETTLED, FORWARD)
        tranche.settled_on = paid_on
    elif tranche.state == TrancheState.FUNDED_POST:
        move(tranche, TrancheState.PART_COLLECTED, FORWARD)
    tranche.save(update_fields=["state", "outstanding", "settled_on"])
    tranche.facility.advanced -= shares.to_advance
    tranche.facility.save(update_fields=["advanced"])
