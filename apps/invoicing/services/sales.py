"""A receivable that is sold leaves the seller's book; its reserve comes back later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from apps.core import money
from apps.core.database import together
from apps.invoicing.models import Invoice
from apps.invoicing.models.credit_note import MOST_SALES
from apps.ledger import services as ledger
from apps.ledger.batches import Posting
from apps.ledger.charts import Seller
from apps.ledger.models import Entry
from apps.milestones.models import Milestone

LONGEST_DESCRIPTION = 200


@dataclass(frozen=True, slots=True)
class Sale:
    """What a buyer of receivables paid and kept, in the invoice's currency; together they are the invoice.

    ``net`` was paid out, ``reserve`` is owed to the seller until the invoice is settled, ``cost`` is discount and fee,
    ``advanced`` is what had been advanced on the milestone before it was invoiced, and is set off now. ``changed`` are
    rows of the buyer of receivables that are other in the moment in which the invoice is there, and written with it.
    """

    net: Decimal
    reserve: Decimal
    cost: Decimal
    advanced: Decimal = money.ZERO
    changed: Sequence[together.Change] = ()


@dataclass(frozen=True, slots=True)
class Advance:
    """Money on a milestone before it has an invoice: ``net`` was paid out, ``cost`` is discount and fee."""

    net: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class SaleSettlement:
    """How the reserve came back: ``received = reserve + adjustment``.

    ``adjustment`` is positive for discount given back (paid early), negative for charges kept (paid late).
    """

    received: Decimal
    reserve: Decimal
    adjustment: Decimal


def book_sale(*, invoice_id: int, sale: Sale, booked_on: date, at: datetime) -> Entry:
    """Book the sale of a whole receivable. A sale that does not add up to the invoice is a ``ValueError``."""
    invoice = Invoice.objects.select_related("milestone").get(pk=invoice_id)
    posting = sale_of(invoice, sale=sale, booked_on=booked_on)
    return ledger.post(
        organisation_id=invoice.seller_id,
        currency=invoice.currency,
        purpose=ledger.Purpose.SELLER,
        cause=_cause_of_next_sale(invoice),
        description=posting.description,
        booked_on=booked_on,
        legs=posting.legs,
        at=at,
    )


def sale_of(invoice: Invoice, *, sale: Sale, booked_on: date) -> Posting:
    """What the first sale of a whole receivable books. One that does not add up to the invoice is a ``ValueError``."""
    if invoice.milestone is None:
        raise ValueError(f"{invoice.number} bills no milestone and is not sold")
    if sale.net + sale.reserve + sale.cost + sale.advanced != invoice.gross:
        raise ValueError(f"{sale} does not add up to {invoice.gross} {invoice.currency}")
    return Posting(
        cause=_causes_of_sales(invoice)[0],
        description=f"Sale of {invoice.number}",
        booked_on=booked_on,
        legs=[
            ledger.debit(Seller.BANK, amount=sale.net),
            ledger.debit(Seller.DUE_FROM_FINANCIER, amount=sale.reserve, key=_key(invoice)),
            ledger.debit(Seller.COST_OF_RECEIVABLES_SOLD, amount=sale.cost, key=_key(invoice)),
            ledger.debit(Seller.ADVANCES_RECEIVED, amount=sale.advanced, key=f"milestone:{invoice.billed.ref}"),
            ledger.credit(Seller.RECEIVABLES, amount=invoice.gross, key=_key(invoice)),
        ],
    )


def book_advance(
    *, milestone: Milestone, seller_id: int, reference: str, advance: Advance, booked_on: date, at: datetime
) -> Entry:
    """Book money that was advanced on a milestone: owed until the milestone is accepted and its receivable is sold.

    ``reference`` names the advance, so that it is booked once.
    """
    key = f"milestone:{milestone.ref}"
    return ledger.post(
        organisation_id=seller_id,
        currency=milestone.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"advance:{reference}",
        description=f"Advance on {milestone.title}"[:LONGEST_DESCRIPTION],
        booked_on=booked_on,
        legs=[
            ledger.debit(Seller.BANK, amount=advance.net),
            ledger.debit(Seller.COST_OF_RECEIVABLES_SOLD, amount=advance.cost, key=key),
            ledger.credit(Seller.ADVANCES_RECEIVED, amount=advance.net + advance.cost, key=key),
        ],
        at=at,
    )


def book_reserve_received(
    *, invoice_id: int, reference: str, settlement: SaleSettlement, booked_on: date, at: datetime
) -> Entry:
    """Book reserve that was paid back, and what it was more or less than agreed at the sale.

    ``reference`` names the payout: a reserve can come back in several, and each is booked once.
    """
    invoice = Invoice.objects.get(pk=invoice_id)
    if settlement.received != settlement.reserve + settlement.adjustment:
        raise ValueError(f"{settlement} does not add up")
    return ledger.post(
        organisation_id=invoice.seller_id,
        currency=invoice.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"reserve:{reference}",
        description=f"Reserve of {invoice.number}",
        booked_on=booked_on,
        legs=[
            ledger.debit(Seller.BANK, amount=settlement.received),
            ledger.debit(
                Seller.COST_OF_RECEIVABLES_SOLD, amount=max(-settlement.adjustment, money.ZERO), key=_key(invoice)
            ),
            ledger.credit(
                Seller.COST_OF_RECEIVABLES_SOLD, amount=max(settlement.adjustment, money.ZERO), key=_key(invoice)
            ),
            ledger.credit(Seller.DUE_FROM_FINANCIER, amount=settlement.reserve, key=_key(invoice)),
        ],
        at=at,
    )


def undo_sale(*, milestone: Milestone, seller_id: int, reference: str, booked_on: date, at: datetime) -> None:
    """The money of an advance came back from the bank: what was booked of it, before and after acceptance, is undone.

    ``reference`` names the advance. The receivable, if there is one, stands in the seller's book again.
    """
    causes = [f"advance:{reference}"]
    invoice = Invoice.objects.filter(milestone=milestone).first()
    if invoice is not None:
        causes += _causes_of_sales(invoice)
    booked = Entry.objects.filter(organisation_id=seller_id, cause__in=causes, reversed_by__isnull=True)
    for entry in booked.order_by("-pk"):
        ledger.reverse(entry, cause=f"returned:{entry.cause}", booked_on=max(booked_on, entry.booked_on), at=at)


def undo_reserve_received(*, seller_id: int, reference: str, booked_on: date, at: datetime) -> None:
    """What used a reserve up is undone: its entry, if there is one, is negated. ``reference`` names what it was."""
    booked = Entry.objects.filter(organisation_id=seller_id, cause=f"reserve:{reference}", reversed_by__isnull=True)
    for entry in booked:
        ledger.reverse(entry, cause=f"undone:{entry.cause}", booked_on=max(booked_on, entry.booked_on), at=at)


def is_sold(invoice: Invoice) -> bool:
    """Whether the receivable has left the seller's book."""
    return Entry.objects.filter(
        organisation_id=invoice.seller_id, cause__in=_causes_of_sales(invoice), reversed_by__isnull=True
    ).exists()


def receivable_account(invoice: Invoice) -> tuple[Seller, str]:
    """The account on which an invoice that is not sold stands, and its key."""
    return Seller.RECEIVABLES, _key(invoice)


def bought_account(invoice: Invoice) -> tuple[Seller, str]:
    """The account on which what is credited of a sold invoice is owed back, and its key."""
    return Seller.OWED_BACK_TO_FINANCIER, f"milestone:{invoice.billed.ref}"


def _causes_of_sales(invoice: Invoice) -> list[str]:
    return [f"sale:{invoice.ref}", *(f"sale:{invoice.ref}:{again}" for again in range(2, MOST_SALES + 1))]


def _cause_of_next_sale(invoice: Invoice) -> str:
    """The cause of this sale: another one once the one before was undone, so that each is booked once."""
    causes = _causes_of_sales(invoice)
    undone = Entry.objects.filter(organisation_id=invoice.seller_id, cause__in=causes, reversed_by__isnull=False)
    return causes[min(undone.count(), MOST_SALES - 1)]


def _key(invoice: Invoice) -> str:
    return f"invoice:{invoice.ref}"
