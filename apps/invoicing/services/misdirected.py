"""The buyer of a sold receivable paid its seller by mistake: it has paid, and the seller passes the money on."""

from datetime import date, datetime
from decimal import Decimal

from apps.core import money
from apps.core.errors import Refused
from apps.invoicing.models import Invoice, OpenItem, PayeeInstruction, Payment
from apps.invoicing.services.receipts import Receipt, lock_open_item, settle
from apps.invoicing.services.sales import LONGEST_DESCRIPTION, bought_account, is_sold
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.parties.actor import Actor
from apps.parties.roles import Action


def receive_misdirected(
    *, invoice_ref: str, actor: Actor, amount: Decimal, received_on: date, bank_reference: str, at: datetime
) -> Payment:
    """Record what reached the seller of a sold receivable: the buyer has paid as far as it owes, and the seller owes
    the money to whoever bought the receivable, whose people may record it too."""
    item = lock_open_item(invoice_ref=invoice_ref)
    _require_misdirected(actor, item=item, amount=amount)
    receipt = Receipt(amount=amount, received_on=received_on, bank_reference=bank_reference)
    made = settle(item, recipient_id=item.seller_id, receipt=receipt, actor=actor, at=at)
    _post_misdirected(made.payment, invoice=item.invoice, at=at)
    return made.payment


def _require_misdirected(actor: Actor, *, item: OpenItem, amount: Decimal) -> None:
    """Refuse what was not paid to the seller by mistake; either side of a sale may say so."""
    instruction = PayeeInstruction.objects.assigned().of_invoice(item.invoice).first()
    if instruction is None or not is_sold(item.invoice):
        raise Refused("{number} is not sold: the seller records its payments itself.", number=item.invoice.number)
    if actor.organisation_id == item.seller_id:
        actor.require(Action.RECORD_PAYMENT, organisation_id=item.seller_id)
    else:
        actor.require(Action.MOVE_MONEY, organisation_id=instruction.payee_id)
    if amount > item.open:
        raise Refused(
            "{open} is open on {number}. What the seller got beyond that it gives back to the buyer.",
            field="amount",
            open=str(money.Money(item.open, item.currency)),
            number=item.invoice.number,
        )


def _post_misdirected(payment: Payment, *, invoice: Invoice, at: datetime) -> None:
    """The seller has money that belongs to whoever bought the receivable."""
    account, key = bought_account(invoice)
    ledger.post(
        organisation_id=invoice.seller_id,
        currency=payment.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"payment:{payment.ref}",
        description=f"Payment of {invoice.number}, to be passed on: {payment.bank_reference}"[:LONGEST_DESCRIPTION],
        booked_on=payment.received_on,
        legs=[
            ledger.debit(Seller.BANK, amount=payment.amount),
            ledger.credit(account, amount=payment.amount, key=key),
        ],
        at=at,
    )
