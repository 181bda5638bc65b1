"""The postings of what happens to an advance beside the buyer's payments, keyed by tranche."""

from datetime import datetime
from decimal import Decimal

from apps.core import money
from apps.financing.models import Adjustment, Collection, Repayment
from apps.financing.models.adjustment import Kind
from apps.financing.services.book import post
from apps.ledger.charts import Financier
from apps.ledger.models import Entry
from apps.ledger.services import Leg, credit, debit

ACCOUNTS = {
    "receivable": Financier.PURCHASED_RECEIVABLES,
    "advance": Financier.MILESTONE_ADVANCES,
    "recourse": Financier.DUE_FROM_SELLER_RECOURSE,
    "allowance": Financier.ALLOWANCE,
    "reserve": Financier.RESERVE_DUE_TO_SELLER,
    "discount": Financier.UNEARNED_DISCOUNT,
    "fee": Financier.UNEARNED_FEE,
    "fee_income": Financier.FEE_INCOME,
    "loss": Financier.CREDIT_LOSS,
}
"""On which account each column of an adjustment is booked."""
DESCRIPTIONS = {
    Kind.SLIP: "Payment expected later",
    Kind.CHANGE: "Milestone made smaller",
    Kind.SHORTFALL: "Accepted for less",
    Kind.CARRIED: "Carried over to the rest",
    Kind.REJECTION: "Not accepted",
    Kind.DILUTION: "Invoice credited",
    Kind.ALLOWANCE: "Allowed for a loss",
    Kind.WRITE_OFF: "Written off",
}
"""What an entry says of each kind: a book is kept in one language, whoever reads it or writes into it."""


def post_adjustment(adjustment: Adjustment, *, at: datetime) -> Entry:
    """What an event moved, column by column."""
    tranche = adjustment.tranche
    return post(
        tranche,
        cause=f"adjustment:{adjustment.ref}",
        description=f"{DESCRIPTIONS[Kind(adjustment.kind)]}: {tranche.name}",
        booked_on=adjustment.booked_on,
        at=at,
        legs=[
            *(Leg(code, getattr(adjustment, name), tranche.key) for name, code in ACCOUNTS.items()),
            *(_carried_over(adjustment) if adjustment.carried else ()),
        ],
    )


def _carried_over(adjustment: Adjustment) -> list[Leg]:
    """The same of the advance on the rest: what left the first stands there, at the same moment."""
    key = adjustment.tranche.carried_to.key
    return [
        debit(Financier.MILESTONE_ADVANCES, amount=-adjustment.advance, key=key),
        credit(Financier.UNEARNED_DISCOUNT, amount=adjustment.discount, key=key),
        credit(Financier.UNEARNED_FEE, amount=adjustment.fee, key=key),
    ]


def post_repayment(repayment: Repayment, *, at: datetime) -> Entry:
    """The seller paid back what it owes."""
    tranche = repayment.tranche
    return post(
        tranche,
        cause=f"repayment:{repayment.ref}",
        description=f"Paid back by the seller on {tranche.name}: {repayment.bank_reference}",
        booked_on=repayment.received_on,
        at=at,
        legs=[
            debit(Financier.CASH, amount=repayment.amount, key=tranche.key),
            credit(Financier.DUE_FROM_SELLER_RECOURSE, amount=repayment.amount, key=tranche.key),
        ],
    )


def post_recovery(collection: Collection, *, at: datetime) -> Entry:
    """Money on an advance that was written off: it lowers the loss; beyond that it is the seller's and the buyer's.

    Through the allowance, as it was written off: what is recovered is written up and released at once.
    """
    key = collection.tranche.key
    return post(
        collection.tranche,
        cause=f"collection:{collection.ref}",
        description=f"Recovered on {collection.tranche.name}: {collection.payment.bank_reference}",
        booked_on=collection.collected_on,
        at=at,
        legs=[
            debit(Financier.COLLECTIONS, amount=collection.amount, key=key),
            *_through_the_allowance(collection.recovered, key=key),
            credit(Financier.PAYABLE_TO_SELLER, amount=collection.to_seller, key=key),
            credit(Financier.DUE_TO_BUYER, amount=collection.to_buyer, key=key),
        ],
    )


def _through_the_allowance(amount: Decimal, *, key: str) -> list[Leg]:
    if amount == money.ZERO:
        return []
    return [
        credit(Financier.ALLOWANCE, amount=amount, key=key),
        debit(Financier.ALLOWANCE, amount=amount, key=key),
        credit(Financier.CREDIT_LOSS, amount=amount, key=key),
    ]
