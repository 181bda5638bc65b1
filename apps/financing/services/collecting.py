"""The buyer pays the financier: the waterfall shares the payment out."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from apps.core import money
from apps.core.errors import Refused
from apps.core.states import move
from apps.financing.models import Collection, Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.rules.waterfall import Repayment, Shares, late_charge, share
from apps.financing.services import book
from apps.financing.services.exposures import count
from apps.financing.services.locks import lock_tranche_to_count
from apps.financing.services.record import record
from apps.invoicing.models import Payment
from apps.parties.actor import Actor
from apps.parties.roles import Action


def collect(*, tranche_ref: str, payment: Payment, actor: Actor, at: datetime) -> Collection:
    """Share a recorded payment out and book it on the day on which it was received.

    The payment that repays the advance also ends its income: what of the discount is not earned by then goes back to
    the seller, what of the fee is not is earned at once.
    """
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    funded_on, paid_on = _dates(tranche, payment)
    before = book.standing(tranche)
    # Kept or given back is what is earned by this day; a part payment leaves the daily accrual as it is.
    day = max((paid_on - funded_on).days, tranche.offer.least_fee_days)
    accrued = book.unearned_after(tranche, before=before, day=day)
    shares = share(payment.amount, standing=accrued, late_due=_late_charge_due(tranche, through=paid_on))
    collection = Collection.objects.create(
        tranche=tranche,
        payment=payment,
        amount=payment.amount,
        to_receivable=shares.to_receivable,
        to_advance=shares.to_advance,
        to_seller=shares.to_seller,
        to_buyer=shares.to_buyer,
        late_charge=shares.late_charge,
        rebate=shares.rebate,
        collected_on=paid_on,
    )
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
        to_receivable=shares.to_receivable,
        to_buyer=shares.to_buyer,
    )
    return collection


def _dates(tranche: Tranche, payment: Payment) -> tuple[date, date]:
    """When the advance was funded and when the payment arrived."""
    if tranche.funded_on is None:
        raise Refused("The advance has not been paid out yet. Fund it before recording the buyer's payment.")
    if payment.received_on < tranche.funded_on:
        raise Refused(
            "The advance was paid out on {date}; the buyer's money cannot have arrived before it. Check the date.",
            field="received_on",
            date=tranche.funded_on,
        )
    return tranche.funded_on, payment.received_on


def _late_charge_due(tranche: Tranche, *, through: date) -> Decimal:
    """The late charge through a date, less what former payments bore of it."""
    if tranche.charged_until is None:
        return money.ZERO
    former = list(tranche.collections.values_list("collected_on", "to_advance", "late_charge"))
    charged = late_charge(
        gross=tranche.gross,
        repayments=[Repayment(on=on, amount=amount) for on, amount, _taken in former],
        free_until=tranche.charged_until + timedelta(days=tranche.offer.grace_days),
        through=through,
        late_rate=tranche.offer.late_rate,
        currency=tranche.currency,
    )
    return max(money.ZERO, charged - money.total(taken for _on, _amount, taken in former))


def _lower(tranche: Tranche, *, shares: Shares, left: Decimal, paid_on: date) -> None:
    """Bring tranche and facility to what is outstanding now; ``left`` is what the buyer still owes."""
    tranche.outstanding -= shares.to_advance
    if left == 0:
        move(tranche, TrancheState.SETTLED, Tranche.TRANSITIONS)
        tranche.settled_on = paid_on
    elif tranche.state != TrancheState.PART_COLLECTED:
        move(tranche, TrancheState.PART_COLLECTED, Tranche.TRANSITIONS)
    tranche.save(update_fields=["state", "outstanding", "settled_on"])
    tranche.facility.advanced -= shares.to_advance
    tranche.facility.save(update_fields=["advanced"])
