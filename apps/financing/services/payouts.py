"""The seller gets what the waterfall released."""

from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, Max, Sum

from apps.core import money
from apps.core.errors import Refused
from apps.financing.models import Adjustment, Collection, ReservePayout, Tranche
from apps.financing.models.tranche import TrancheState
from apps.financing.services import book
from apps.financing.services.bank import record_once, reference_given, require_account_of_seller, require_day_of_payment
from apps.financing.services.locks import lock_tranche
from apps.financing.services.movements import require_passed_on
from apps.financing.services.ordering import require_not_ordered
from apps.financing.services.record import person, record
from apps.invoicing.services import SaleSettlement
from apps.parties.actor import Actor
from apps.parties.roles import Action

ENDED_OTHERWISE = (TrancheState.SETTLED, TrancheState.RECOURSE_DUE, TrancheState.WRITTEN_OFF)
"""States in which an adjustment leaves nothing out of an advance."""


def pay_reserve(
    *,
    tranche_ref: str,
    actor: Actor,
    value_on: date,
    bank_reference: str,
    at: datetime,
    ordered: Decimal | None = None,
) -> ReservePayout:
    """Record that everything released so far was paid to the seller on ``value_on``; refused when nothing is.

    Of a payment order it is what was ``ordered``: what was released after that did not leave with it.
    """
    tranche = lock_tranche(tranche_ref=tranche_ref)
    actor.require(Action.MOVE_MONEY, organisation_id=tranche.financier_id)
    due, reserve = book.payable_to_seller(tranche), _unsettled_reserve(tranche)
    amount = due if ordered is None else ordered
    if not 0 < amount <= due:
        raise Refused("Nothing is due to the seller: the reserve is released once the advance is repaid.")
    require_not_ordered(tranche)
    require_passed_on(tranche)
    account = require_account_of_seller(tranche)
    require_day_of_payment(value_on, earliest=tranche.accepted_at, latest=at, financier=tranche.financier)
    arrived = tranche.collections.aggregate(last=Max("collected_on"))["last"]
    if ordered is None and arrived is not None and value_on < arrived:
        raise Refused(
            "The buyer's money arrived on {date}, and the reserve was released by it. It cannot have left before.",
            field="value_on",
            date=arrived,
        )
    payout = ReservePayout(
        tranche=tranche,
        financier_id=tranche.financier_id,
        amount=amount,
        reserve=reserve if amount == due else min(reserve, amount),
        value_on=value_on,
        bank_reference=reference_given(bank_reference),
        sent_by_id=person(actor),
        sent_at=at,
    )
    record_once(payout)
    book.post_payout(payout, at=at)
    record(
        tranche.contract,
        financier_id=tranche.financier_id,
        verb="reserve.paid",
        subject=f"tranche:{tranche.ref}",
        actor=actor,
        at=at,
        payout=payout.ref,
        value_on=value_on,
        private={"paid_to": str(account)},
    )
    return payout


def settlement_of(payout: ReservePayout) -> SaleSettlement:
    """What the seller books: the reserve came back, less late charges and more by the discount given back."""
    return SaleSettlement(received=payout.amount, reserve=payout.reserve, adjustment=payout.amount - payout.reserve)


def used_up_reserve(collection: Collection) -> SaleSettlement | None:
    """What the seller books when late charges used the reserve up: the invoice is settled, and nothing comes back."""
    return _used_up(collection.tranche) if collection.tranche.state == TrancheState.SETTLED else None


def used_up_at_the_end(adjustment: Adjustment) -> SaleSettlement | None:
    """What the seller books of former late charges when something else than a payment ends the advance.

    What bore a credit note or was written off is part of the adjustment itself. Nothing while something is payable:
    the payout settles it.
    """
    return _used_up(adjustment.tranche) if adjustment.tranche.state in ENDED_OTHERWISE else None


def _used_up(tranche: Tranche) -> SaleSettlement | None:
    reserve = _released_or_charged(tranche)
    if reserve == 0 or book.payable_to_seller(tranche) > 0:
        return None
    return SaleSettlement(received=money.ZERO, reserve=reserve, adjustment=-reserve)


def _unsettled_reserve(tranche: Tranche) -> Decimal:
    """What of the reserve was released or charged, and is not part of a payout yet.

    Nothing of what was written off: the reserve went with it, and what comes in after all is a gain of the seller's.
    """
    return money.ZERO if tranche.state == TrancheState.WRITTEN_OFF else _released_or_charged(tranche)


def _released_or_charged(tranche: Tranche) -> Decimal:
    taken = tranche.collections.aggregate(total=Sum(F("to_seller") + F("late_charge")))["total"]
    settled = tranche.payouts.aggregate(total=Sum("reserve"))["total"]
    return (taken or money.ZERO) - (settled or money.ZERO)
