"""The postings of an advance in the financier's book: one function per row of the table, keyed by tranche."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from apps.core import money
from apps.financing.models import Collection, ReservePayout, Tranche
from apps.financing.rules.accrual import earned
from apps.financing.rules.waterfall import Shares, Standing
from apps.ledger import services as ledger
from apps.ledger.charts import Financier
from apps.ledger.models import Balance, Entry
from apps.ledger.services import Leg, credit, debit


def standing(tranche: Tranche) -> Standing:
    """What is booked for a tranche now. The caller holds the tranche."""
    booked = _balances(tranche)
    return Standing(
        receivable=booked.get(Financier.PURCHASED_RECEIVABLES, money.ZERO),
        reserve=-booked.get(Financier.RESERVE_DUE_TO_SELLER, money.ZERO),
        unearned_discount=-booked.get(Financier.UNEARNED_DISCOUNT, money.ZERO),
        unearned_fee=-booked.get(Financier.UNEARNED_FEE, money.ZERO),
        advance=booked.get(Financier.MILESTONE_ADVANCES, money.ZERO),
        allowance=-booked.get(Financier.ALLOWANCE, money.ZERO),
    )


def payable_to_seller(tranche: Tranche) -> Decimal:
    """What is released to the seller and not paid out."""
    return -_balances(tranche).get(Financier.PAYABLE_TO_SELLER, money.ZERO)


def due_from_seller(tranche: Tranche) -> Decimal:
    """What the seller owes back on an advance."""
    return _balances(tranche).get(Financier.DUE_FROM_SELLER_RECOURSE, money.ZERO)


def due_to_buyer(tranche: Tranche) -> Decimal:
    """What the buyer paid beyond what it owed, and has not got back."""
    return -_balances(tranche).get(Financier.DUE_TO_BUYER, money.ZERO)


def misdirected(tranche: Tranche) -> Decimal:
    """What the buyer paid to the seller by mistake, and the seller has not passed on."""
    return _balances(tranche).get(Financier.DUE_FROM_SELLER_MISDIRECTED, money.ZERO)


def post_advance(tranche: Tranche, *, booked_on: date, at: datetime) -> Entry:
    """Before acceptance the advance alone is owed."""
    owed = [debit(Financier.MILESTONE_ADVANCES, amount=tranche.gross, key=tranche.key)]
    return _post_funding(tranche, owed=owed, booked_on=booked_on, at=at)


def post_purchase(tranche: Tranche, *, booked_on: date, at: datetime) -> Entry:
    """The invoice is bought at its face, part of it kept as reserve."""
    owed = [
        debit(Financier.PURCHASED_RECEIVABLES, amount=tranche.face, key=tranche.key),
        credit(Financier.RESERVE_DUE_TO_SELLER, amount=tranche.reserve, key=tranche.key),
    ]
    return _post_funding(tranche, owed=owed, booked_on=booked_on, at=at)


def _post_funding(tranche: Tranche, *, owed: Sequence[Leg], booked_on: date, at: datetime) -> Entry:
    """Discount and fee are not earned yet, and the rest is paid out."""
    return post(
        tranche,
        cause=f"funding:{tranche.ref}",
        description=f"Advance on {tranche.name}",
        booked_on=booked_on,
        at=at,
        legs=[
            *owed,
            credit(Financier.UNEARNED_DISCOUNT, amount=tranche.discount, key=tranche.key),
            credit(Financier.UNEARNED_FEE, amount=tranche.fee, key=tranche.key),
            credit(Financier.CASH, amount=tranche.net, key=tranche.key),
        ],
    )


def post_conversion(tranche: Tranche, *, booked_on: date, at: datetime) -> Entry:
    """The milestone is accepted: its invoice is bought for what is advanced, the rest of it is reserve."""
    return post(
        tranche,
        cause=f"conversion:{tranche.ref}",
        description=f"Acceptance of {tranche.milestone.title}",
        booked_on=booked_on,
        at=at,
        legs=[
            debit(Financier.PURCHASED_RECEIVABLES, amount=tranche.receivable, key=tranche.key),
            credit(Financier.MILESTONE_ADVANCES, amount=tranche.outstanding, key=tranche.key),
            credit(Financier.RESERVE_DUE_TO_SELLER, amount=tranche.receivable - tranche.outstanding, key=tranche.key),
        ],
    )


def unearned_after(tranche: Tranche, *, before: Standing, day: int) -> Standing:
    """The standing as it is once income is recognised up to the end of a day since funding.

    After the price was cut anew it goes on from there: nothing that was earned before is taken back.
    """
    if tranche.funded_on is None or tranche.cut_on is None:
        start, days, discount, fee = 0, tranche.days, tranche.discount, tranche.fee
    else:
        start, days = (tranche.cut_on - tranche.funded_on).days, tranche.cut_days
        discount, fee = tranche.cut_discount, tranche.cut_fee

    def unearned(charge: Decimal) -> Decimal:
        return charge - earned(charge, day=day - start, days=days, currency=tranche.currency)

    return replace(before, unearned_discount=unearned(discount), unearned_fee=unearned(fee))


def post_accrual(
    tranche: Tranche, *, before: Standing, after: Standing, cause: str, booked_on: date, at: datetime
) -> Entry | None:
    """Move what was earned between two standings into income, or back where a payment dates before the last accrual.

    None when there is nothing to move.
    """
    legs = [
        *_moved(
            Financier.UNEARNED_DISCOUNT, Financier.DISCOUNT_INCOME, before.unearned_discount - after.unearned_discount
        ),
        *_moved(Financier.UNEARNED_FEE, Financier.FEE_INCOME, before.unearned_fee - after.unearned_fee),
    ]
    if not any(leg.amount for leg in legs):
        return None
    return post(
        tranche,
        cause=cause,
        description=f"Income on {tranche.name}",
        booked_on=booked_on,
        at=at,
        legs=[Leg(leg.account, leg.amount, tranche.key) for leg in legs],
    )


def post_collection(collection: Collection, *, shares: Shares, at: datetime) -> Entry:
    """A payment, shared out: receivable and reserve fall, late charge and fee are income, the rest is owed on."""
    key = collection.tranche.key
    arrived = Financier.DUE_FROM_SELLER_MISDIRECTED if collection.is_misdirected else Financier.COLLECTIONS
    return post(
        collection.tranche,
        cause=f"collection:{collection.ref}",
        description=f"Payment of {collection.tranche.name}: {collection.payment.bank_reference}",
        booked_on=collection.collected_on,
        at=at,
        legs=[
            debit(arrived, amount=collection.amount, key=key),
            debit(Financier.UNEARNED_DISCOUNT, amount=shares.rebate, key=key),
            debit(Financier.UNEARNED_FEE, amount=shares.fee_earned, key=key),
            debit(Financier.RESERVE_DUE_TO_SELLER, amount=shares.late_charge + shares.to_seller, key=key),
            credit(Financier.PURCHASED_RECEIVABLES, amount=shares.to_receivable, key=key),
            credit(Financier.FEE_INCOME, amount=shares.fee_earned, key=key),
            credit(Financier.LATE_INCOME, amount=shares.late_charge, key=key),
            credit(Financier.PAYABLE_TO_SELLER, amount=shares.to_seller + shares.rebate, key=key),
            credit(Financier.DUE_TO_BUYER, amount=shares.to_buyer, key=key),
        ],
    )


def post_held(collection: Collection, *, at: datetime) -> Entry:
    """A payment on what was never bought: it is the seller's, and what exceeds the invoice the buyer's."""
    key = collection.tranche.key
    return post(
        collection.tranche,
        cause=f"collection:{collection.ref}",
        description=f"Payment of {collection.tranche.name}: {collection.payment.bank_reference}",
        booked_on=collection.collected_on,
        at=at,
        legs=[
            debit(Financier.COLLECTIONS, amount=collection.amount, key=key),
            credit(Financier.PAYABLE_TO_SELLER, amount=collection.to_seller, key=key),
            credit(Financier.DUE_TO_BUYER, amount=collection.to_buyer, key=key),
        ],
    )


def post_payout(payout: ReservePayout, *, at: datetime) -> Entry:
    """What was released is paid to the seller."""
    key = payout.tranche.key
    return post(
        payout.tranche,
        cause=f"payout:{payout.ref}",
        description=f"Reserve of {payout.tranche.name}: {payout.bank_reference}",
        booked_on=payout.value_on,
        at=at,
        legs=[
            debit(Financier.PAYABLE_TO_SELLER, amount=payout.amount, key=key),
            credit(Financier.CASH, amount=payout.amount, key=key),
        ],
    )


def _balances(tranche: Tranche) -> dict[str, Decimal]:
    return dict(
        Balance.objects.filter(
            organisation_id=tranche.financier_id, key=tranche.key, account__book__purpose=ledger.Purpose.FINANCIER
        ).values_list("account__code", "amount")
    )


def _moved(unearned: Financier, income: Financier, amount: Decimal) -> list[Leg]:
    """From unearned to income; the other way round for a negative amount."""
    if amount < 0:
        return [debit(income, amount=-amount), credit(unearned, amount=-amount)]
    return [debit(unearned, amount=amount), credit(income, amount=amount)]


def post(
    tranche: Tranche, *, cause: str, description: str, booked_on: date, at: datetime, legs: Sequence[Leg]
) -> Entry:
    return ledger.post(
        organisation_id=tranche.financier_id,
        currency=tranche.currency,
        purpose=ledger.Purpose.FINANCIER,
        cause=cause,
        description=description[:200],
        booked_on=booked_on,
        legs=legs,
        at=at,
    )
