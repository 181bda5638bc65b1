"""Money that arrives, and whom the buyer has to pay."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from apps.audit import services as audit
from apps.core import money
from apps.core.errors import Refused
from apps.invoicing import snapshot
from apps.invoicing.models import Allocation, Invoice, OpenItem, PayeeInstruction, Payment
from apps.invoicing.services.sales import LONGEST_DESCRIPTION, is_sold
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.milestones.models import Milestone
from apps.parties import services as parties
from apps.parties.actor import Actor
from apps.parties.models import BankAccount, Organisation
from apps.parties.roles import Action

MOST_SIGNS = 60
"""Length of a bank reference."""


def receive(
    *,
    invoice_ref: str,
    recipient_id: int,
    actor: Actor,
    amount: Decimal,
    received_on: date,
    bank_reference: str,
    at: datetime,
) -> Payment:
    """Record money that arrived and settle an invoice with it; what exceeds the open amount stays unallocated.

    ``amount`` is in the invoice's currency. The recipient is the seller or, for an assigned invoice, the financier:
    the wrong one is refused and the right one named. A seller's receipt is posted in the seller's book; what the
    financier receives is not once the receivable was sold, and before that as money that the financier owes the seller.
    """
    item = lock_open_item(invoice_ref=invoice_ref)
    invoice = item.invoice
    require_payee(recipient_id, item=item)
    is_seller = recipient_id == invoice.seller_id
    actor.require(Action.RECORD_PAYMENT if is_seller else Action.MOVE_MONEY, organisation_id=recipient_id)
    receipt = Receipt(amount=amount, received_on=received_on, bank_reference=bank_reference)
    made = settle(item, recipient_id=recipient_id, receipt=receipt, actor=actor, at=at)
    if is_seller:
        _post(made.payment, invoice=invoice, allocated=made.amount, at=at)
    elif not is_sold(invoice):
        _post_held(made.payment, invoice=invoice, allocated=made.amount, at=at)
    return made.payment


def lock_open_item(*, invoice_ref: str) -> OpenItem:
    """Hold what is open on an invoice."""
    item = (
        OpenItem.objects.select_related("invoice__contract", "seller")
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref)
        .first()
    )
    if item is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    return item


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that arrived, as a bank tells it."""

    amount: Decimal
    received_on: date
    bank_reference: str


def settle(item: OpenItem, *, recipient_id: int, receipt: Receipt, actor: Actor, at: datetime) -> Allocation:
    """Record money that arrived and settle an invoice with it; the caller holds its open item and posts what it means
    in the book."""
    invoice = item.invoice
    recipient = Organisation.objects.get(pk=recipient_id)
    amount = money.payable(receipt.amount, invoice.currency, field="amount")
    reference = _reference(receipt.bank_reference)
    today = at.astimezone(ZoneInfo(recipient.time_zone)).date()
    _must_be_a_day_of_payment(receipt.received_on, invoice=invoice, today=today)
    if item.open == 0:
        raise Refused("{number} is already paid in full.", number=invoice.number)

    payment = _record(
        Payment(
            recipient=recipient,
            payer_id=invoice.buyer_id,
            amount=amount,
            currency=invoice.currency,
            received_on=receipt.received_on,
            bank_reference=reference,
            recording=_recording(reference, recipient_id=recipient_id),
            recorded_at=at,
        )
    )
    allocated = min(amount, item.open)
    made = Allocation.objects.create(payment=payment, invoice=invoice, amount=allocated, allocated_at=at)
    item.paid += allocated
    item.open -= allocated
    item.settled_at = at if item.open == 0 else None
    item.save(update_fields=["paid", "open", "settled_at"])
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties={invoice.seller_id, invoice.buyer_id, actor.organisation_id, recipient_id},
        verb="payment.received",
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        payment=payment.ref,
        recipient=recipient.ref,
        currency=payment.currency,
        amount=payment.amount,
        allocated=allocated,
        open=item.open,
        received_on=receipt.received_on,
        bank_reference=reference,
    )
    return made


def direct_payment(*, milestone: Milestone, payee_id: int, account: BankAccount, at: datetime) -> PayeeInstruction:
    """From now on the buyer pays for a milestone, invoiced or not, to somebody else: the receivable was assigned.

    Whoever is told upstream that an invoice has another payee learns a name and an account, and no reason.
    """
    before = PayeeInstruction.objects.assigned().filter(milestone=milestone).first()
    if before is not None:
        raise Refused(
            "“{milestone}” is already to be paid to {payee}. That has to be revoked first.",
            milestone=milestone.title,
            payee=before.payee_name,
        )
    PayeeInstruction.objects.live().filter(milestone=milestone).update(revoked_at=at)
    return _instruct(milestone, payee_id=payee_id, account=account, at=at)


def direct_rest(*, milestone: Milestone, rest: Milestone, at: datetime) -> PayeeInstruction:
    """What is left of a milestone that was accepted in part is paid as the milestone is, into the same account."""
    instruction = PayeeInstruction.objects.assigned().get(milestone=milestone)
    instruction.pk, instruction._state.adding = None, True
    instruction.milestone, instruction.given_at = rest, at
    instruction.save(force_insert=True)
    return instruction


def is_directed(*, milestone: Milestone) -> bool:
    """Whether the buyer is to pay somebody else than the seller for a milestone."""
    return PayeeInstruction.objects.assigned().filter(milestone=milestone).exists()


def withdraw_direction(*, milestone: Milestone, at: datetime) -> PayeeInstruction:
    """From now on the buyer pays the seller again; refused when nobody else was named, or the receivable is sold.

    An invoice that was issued meanwhile names the other's account and cannot change: then the seller's own account is
    written down as the one to pay into.
    """
    invoice = Invoice.objects.filter(milestone=milestone).first()
    instruction = PayeeInstruction.objects.assigned().filter(milestone=milestone).first()
    if instruction is None or (invoice is not None and is_sold(invoice)):
        raise Refused("“{milestone}” has no payee that could be taken back.", milestone=milestone.title)
    instruction.revoked_at = at
    instruction.save(update_fields=["revoked_at"])
    if invoice is not None and snapshot.read(invoice.snapshot).payee is not None:
        _instruct(milestone, payee_id=invoice.seller_id, account=_account_of_seller(invoice), at=at)
    return instruction


def _account_of_seller(invoice: Invoice) -> BankAccount:
    account = parties.default_account(organisation_id=invoice.seller_id, currency=invoice.currency)
    if account is None:
        raise Refused(
            "{number} names an account that is not {seller}'s, and {seller} has none in {currency}. It has to add one"
            " first, so that the buyer can be told where to pay.",
            number=invoice.number,
            seller=invoice.seller.legal_name,
            currency=invoice.currency,
        )
    return account


def _instruct(milestone: Milestone, *, payee_id: int, account: BankAccount, at: datetime) -> PayeeInstruction:
    return PayeeInstruction.objects.create(
        contract_id=milestone.contract_id,
        milestone=milestone,
        payee_id=payee_id,
        payee_name=account.holder,
        iban=account.iban,
        bic=account.bic,
        account_number=account.account_number,
        routing_number=account.routing_number,
        bank_name=account.bank_name,
        given_at=at,
    )


def require_payee(recipient_id: int, *, item: OpenItem) -> None:
    """Refuse everybody but the payee, and say who that is."""
    # Not joined with the payee's organisation: a party that may not see it must still be told whom the buyer pays.
    instruction = PayeeInstruction.objects.assigned().of_invoice(item.invoice).first()
    if instruction is None:
        if recipient_id != item.seller_id:
            raise Refused(
                "{number} is paid to the seller, {payee}, who records its payments.",
                number=item.invoice.number,
                payee=item.seller.legal_name,
            )
    elif recipient_id != instruction.payee_id:
        raise Refused(
            "{number} is assigned: the buyer pays {payee}, who records its payments."
            " Money that reached you by mistake belongs to {payee}; pass it on.",
            number=item.invoice.number,
            payee=instruction.payee_name,
        )


def _reference(written: str) -> str:
    reference = " ".join(written.split())
    if not reference:
        raise Refused("Enter the bank's reference, so that the payment is not recorded twice.", field="bank_reference")
    if len(reference) > MOST_SIGNS:
        raise Refused("The bank's reference is longer than {most} characters.", field="bank_reference", most=MOST_SIGNS)
    return reference


def _recording(reference: str, *, recipient_id: int) -> int:
    """The first recording of a bank line, or the next one after those that were reversed."""
    same = Payment.objects.filter(recipient_id=recipient_id, bank_reference=reference)
    return 1 + same.filter(reversal__isnull=False).count()


def _must_be_a_day_of_payment(received_on: date, *, invoice: Invoice, today: date) -> None:
    if received_on > today:
        raise Refused("The money cannot have arrived after today, {today}.", field="received_on", today=today)
    if received_on < invoice.issued_on:
        raise Refused(
            "The money cannot have arrived before the invoice of {issued}. Check the date.",
            field="received_on",
            issued=invoice.issued_on,
        )


def _record(payment: Payment) -> Payment:
    try:
        with transaction.atomic():
            payment.save()
    except IntegrityError as error:
        if "bank_reference_once_per_recipient" not in str(error):
            raise
        raise Refused(
            "A payment with the bank reference {reference} is already recorded.",
            field="bank_reference",
            reference=payment.bank_reference,
        ) from error
    return payment


def _post(payment: Payment, *, invoice: Invoice, allocated: Decimal, at: datetime) -> None:
    ledger.post(
        organisation_id=invoice.seller_id,
        currency=payment.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"payment:{payment.ref}",
        description=f"Payment of {invoice.number}: {payment.bank_reference}",
        booked_on=payment.received_on,
        legs=[
            ledger.debit(Seller.BANK, amount=payment.amount),
            ledger.credit(Seller.RECEIVABLES, amount=allocated, key=f"invoice:{invoice.ref}"),
            ledger.credit(Seller.UNAPPLIED_RECEIPTS, amount=payment.amount - allocated, key=f"payment:{payment.ref}"),
        ],
        at=at,
    )


def _post_held(payment: Payment, *, invoice: Invoice, allocated: Decimal, at: datetime) -> None:
    """Somebody else has the money, and owes it to the seller; what exceeds the invoice never was the seller's."""
    ledger.post(
        organisation_id=invoice.seller_id,
        currency=payment.currency,
        purpose=ledger.Purpose.SELLER,
        cause=f"payment:{payment.ref}",
        description=f"Payment of {invoice.number} to another payee: {payment.bank_reference}"[:LONGEST_DESCRIPTION],
        booked_on=payment.received_on,
        legs=[
            ledger.debit(Seller.DUE_FROM_FINANCIER, amount=allocated, key=f"invoice:{invoice.ref}"),
            ledger.credit(Seller.RECEIVABLES, amount=allocated, key=f"invoice:{invoice.ref}"),
        ],
        at=at,
    )
