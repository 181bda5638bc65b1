"""Whom the buyer pays for an invoice, issued or to come, and into which account."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet

from apps.financing.models import Assignment
from apps.invoicing import paying, rules, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice, PayeeInstruction
from apps.invoicing.page import shown_reference
from apps.invoicing.paying import PayCode
from apps.parties.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class PayTo:
    """The account that an invoice is paid into. ``is_assigned``: it is not the seller's own."""

    holder: str
    iban: str = ""
    bic: str = ""
    account_number: str = ""
    routing_number: str = ""
    bank_name: str = ""
    reference: str = ""
    is_assigned: bool = False

    @property
    def shown_iban(self) -> str:
        """In groups of four, as on paper."""
        return " ".join(self.iban[at : at + 4] for at in range(0, len(self.iban), 4))

    @property
    def shown_reference(self) -> str:
        """A structured reference in groups of four too."""
        return shown_reference(self.reference)


def of_invoice(actor: Actor, invoice: Invoice) -> PayTo | None:
    """The live payee instruction of the invoice's milestone, else the account printed on the invoice, if any."""
    return of_invoices(actor, [invoice])[invoice.pk]


def of_invoices(actor: Actor, invoices: Sequence[Invoice]) -> dict[int, PayTo | None]:
    """The same of several, by primary key, in one query for all of them."""
    milestones = {invoice.milestone_id for invoice in invoices if invoice.milestone_id is not None}
    live = PayeeInstruction.objects.visible_to(actor).live().filter(milestone_id__in=milestones) if milestones else ()
    directed = {instruction.milestone_id: instruction for instruction in live}
    found: dict[int, PayTo | None] = {}
    for invoice in invoices:
        reference = snapshot.remittance_of(invoice.snapshot)
        instruction = directed.get(invoice.milestone_id or 0)
        if instruction is not None:
            found[invoice.pk] = _directed(instruction, seller_id=invoice.seller_id, reference=reference)
        else:
            found[invoice.pk] = _printed(invoice, reference=reference)
    return found


def _printed(invoice: Invoice, *, reference: str) -> PayTo | None:
    printed = snapshot.credit_transfer_of(invoice.snapshot)
    if printed is None:
        return None
    return PayTo(
        holder=printed.account_name,
        iban=printed.iban,
        bic=printed.bic,
        account_number=printed.account_number,
        routing_number=printed.routing_number,
        bank_name=printed.bank_name,
        reference=reference,
    )


def of_milestone(actor: Actor, milestone_id: int, *, seller_id: int, reference: str = "") -> PayTo | None:
    """Whom the milestone's live payee instruction names, accepted or not; None where there is none."""
    instruction = PayeeInstruction.objects.visible_to(actor).live().filter(milestone_id=milestone_id).first()
    return _directed(instruction, seller_id=seller_id, reference=reference) if instruction is not None else None


def _directed(instruction: PayeeInstruction, *, seller_id: int, reference: str) -> PayTo:
    return PayTo(
        holder=instruction.payee_name,
        iban=instruction.iban,
        bic=instruction.bic,
        account_number=instruction.account_number,
        routing_number=instruction.routing_number,
        bank_name=instruction.bank_name,
        reference=reference,
        is_assigned=instruction.payee_id != seller_id,
    )


def of_assignment(actor: Actor, assignment: Assignment) -> PayTo | None:
    """Whom the buyer pays what is assigned, once it is owed."""
    if assignment.invoice is not None:
        return of_invoice(actor, assignment.invoice)
    return of_milestone(actor, assignment.milestone_id, seller_id=assignment.contract.seller_id)


def pay_code(pay_to: PayTo | None, invoice: Invoice) -> PayCode | None:
    """The code by which what is payable now is paid to whom it is owed now; None where nothing is, or no app reads it.

    The parties are those of the snapshot. Of somebody to whom the claim was assigned no address is known.
    """
    if pay_to is None:
        return None
    seller, buyer = snapshot.sides_of(invoice.snapshot)
    account = snapshot.CreditTransfer(pay_to.holder, pay_to.iban, pay_to.bic, "", "", "")
    is_sellers = not pay_to.is_assigned and pay_to.holder == seller.name
    return paying.code(
        account,
        amount=invoice.open_item.payable,
        currency=invoice.currency,
        # What was issued before there were references is recognised by one all the same.
        reference=rules.payment_reference(invoice.number, iban=pay_to.iban),
        creditor=seller if is_sellers else None,
        debtor=buyer,
    )


def owed(assignment: Assignment) -> Decimal:
    """What is open of the invoice, or what it will come to while there is none."""
    if assignment.invoice is not None:
        return assignment.invoice.open_item.open
    return invoicing.amount_to_bill(assignment.milestone)


def is_printed_otherwise(pay_to: PayTo | None, invoice: Invoice) -> bool:
    """Whether the document names another account than the one to pay into: assigned since, or not any more."""
    if pay_to is None:
        return False
    printed = snapshot.credit_transfer_of(invoice.snapshot)
    return printed is None or _numbers(printed) != _numbers(pay_to)


def _numbers(account: PayTo | snapshot.CreditTransfer) -> tuple[str, str, str]:
    """By which one account is told from another, wherever the bank is."""
    return account.iban, account.account_number, account.routing_number


def assigned_among(actor: Actor, invoices: Sequence[Invoice]) -> set[int]:
    """Primary keys of those invoices that are paid to somebody else than the seller."""
    invoices_by_milestone = {invoice.milestone_id: invoice for invoice in invoices if invoice.milestone_id is not None}
    rows = PayeeInstruction.objects.visible_to(actor).assigned().filter(milestone_id__in=invoices_by_milestone)
    return {invoices_by_milestone[milestone_id].pk for milestone_id in rows.values_list("milestone_id", flat=True)}


def unread_assignments(actor: Actor) -> QuerySet[Assignment, Assignment]:
    """Notices that the buyer has not acknowledged, of assignments that still say whom to pay.

    The financier's own rows (its organisation, the tranche) are not the buyer's to read: the instruction names it.
    """
    live = PayeeInstruction.objects.assigned().filter(milestone_id=OuterRef("milestone_id"))
    return (
        Assignment.objects.visible_to(actor)
        .filter(
            Exists(live),
            contract__buyer_id=actor.organisation_id,
            acknowledged_at__isnull=True,
            revoked_at__isnull=True,
        )
        .select_related("milestone__invoice__open_item", "milestone__line__version", "contract")
    )


def payee_names(actor: Actor, milestone_ids: Iterable[int]) -> dict[int, str]:
    """To whom milestones are assigned, where they are, in one query for all of them."""
    rows = PayeeInstruction.objects.visible_to(actor).assigned()
    return dict(rows.filter(milestone_id__in=list(milestone_ids)).values_list("milestone_id", "payee_name"))
