"""What of an invoice can be credited, by whom, and what a credit note would come to: asked before one is issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet, Sum

from apps.core import canonical, made, money
from apps.core.errors import NotAllowed, Refused
from apps.core.money import Money
from apps.invoicing import rules
from apps.invoicing.models import (
    CreditNote,
    CreditNoteDocument,
    Invoice,
    InvoiceLine,
    OpenItem,
    PayeeInstruction,
)
from apps.invoicing.services.sales import is_sold
from apps.milestones import rules as sign_off
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action


@dataclass(frozen=True, slots=True)
class Preview:
    """What a credit note would say, in the invoice's currency, and what it would do.

    ``left`` is what can still be credited after it, net; ``freed`` what was paid on the invoice and is owed no more.
    ``sha256`` stands for all of this: what is issued is what was shown.
    """

    net: Decimal
    tax: Decimal
    gross: Decimal
    left: Decimal
    open_after: Decimal
    freed: Decimal
    sha256: str


def invoice_to_nullify(*, milestone_ref: str) -> Invoice:
    """The invoice that a nullification of this milestone would credit; refused where it could not be."""
    return _to_nullify(Invoice.objects.filter(milestone__ref=milestone_ref))


def invoice_of_nullification(*, nullification_ref: str) -> Invoice:
    """The same for one that was asked for."""
    return _to_nullify(Invoice.objects.filter(milestone__nullifications__ref=nullification_ref))


def contract_of_credit_note(*, credit_note_ref: str) -> int:
    """The contract of a credit note, so that a workflow can lock it first."""
    contract = CreditNote.objects.filter(ref=credit_note_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such credit note among yours. Open it from its invoice.")
    return contract


def retry_credit_document(*, credit_note_ref: str, actor: Actor, at: datetime) -> CreditNoteDocument:
    """Ask for a document again after it failed, or after its making was given up. A document that is there stays."""
    documents = CreditNoteDocument.objects.visible_to(actor).select_for_update(of=("self",))
    document = documents.select_related("credit_note__contract").filter(credit_note__ref=credit_note_ref).first()
    if document is None:
        raise Refused("There is no such credit note among yours. Open it from its invoice.")
    if document.credit_note.seller_id != actor.organisation_id:
        raise NotAllowed("Only the seller can have the document made again.")
    made.again(document, at=at)
    return document


def left_to_credit(*, invoice_ref: str) -> Decimal:
    """What of an invoice is not credited yet, net of tax."""
    invoice = Invoice.objects.get(ref=invoice_ref)
    credited = invoice.credit_notes.aggregate(sum=Sum("net"))["sum"] or money.ZERO
    return invoice.net - credited


def amount_to_credit(*, invoice_ref: str, share: rules.Share) -> Decimal:
    """The net amount that a credit note of this share would have; refused when there is none."""
    invoice = Invoice.objects.get(ref=invoice_ref)
    _lines, creditable = creditable_lines(invoice)
    return rules.credited_amount(share, lines=creditable, currency=invoice.currency)


def preview_credit(*, invoice_ref: str, share: rules.Share) -> Preview:
    """What a credit note of this share would come to if it were issued now; refused when it could not be."""
    item = OpenItem.objects.select_related("invoice__seller").get(invoice__ref=invoice_ref)
    refuse_uncreditable(item.invoice)
    return preview_of(item, share=share)


def require_crediter(invoice: Invoice, *, actor: Actor, at: datetime) -> None:
    """The person may credit for the seller, and has shown once more who it is where the organisation wants that."""
    actor.require(Action.CREDIT_INVOICE, organisation_id=invoice.seller_id)
    if needs_proof_to_credit(invoice):
        actor.require_proof(at=at)


def needs_proof_to_credit(invoice: Invoice) -> bool:
    """Whether the seller's organisation wants whoever credits an invoice of this size to show once more who it is."""
    seller = Organisation.objects.get(pk=invoice.seller_id)
    amount = Money(invoice.net, invoice.currency)
    return sign_off.needs_proof(amount, above=seller.step_up_above, above_currency=seller.currency)


def refuse_uncreditable(invoice: Invoice) -> None:
    """Refuse to credit what a financier is about to pay for, or the buyer keeps back a part of, and say what has to
    happen first."""
    if invoice.is_release or invoice.open_item.retained:
        raise Refused(
            "The buyer keeps back a part of {number} as agreed, so it cannot be credited. Settle the difference on an"
            " invoice without retention, or by a change order on what is not accepted yet.",
            number=invoice.number,
        )
    if invoice.open_item.reserved:
        raise Refused(
            "The buyer withholds a part of {number} for defects that it named, so nothing else of it is credited now."
            " Settle those defects first: mended and released, or at a lower price.",
            number=invoice.number,
        )
    refuse_financed(invoice)


def refuse_financed(invoice: Invoice) -> None:
    """Refuse to credit what is assigned and not paid for yet. What is sold may be: the seller bears it then."""
    instruction = (
        PayeeInstruction.objects.assigned().filter(milestone=invoice.milestone).first() if invoice.milestone else None
    )
    if instruction is not None and not is_sold(invoice):
        raise Refused(
            "{number} is assigned to {payee} for an advance, so it cannot be credited. Have the advance cancelled"
            " first, which {payee} can do until it is paid out.",
            number=invoice.number,
            payee=instruction.payee_name,
        )


def _to_nullify(found: "QuerySet[Invoice, Invoice]") -> Invoice:
    invoice = found.select_related("seller").first()
    if invoice is None:
        raise Refused("This milestone has no invoice: it was not accepted yet.")
    refuse_uncreditable(invoice)
    return invoice


def preview_of(item: OpenItem, *, share: rules.Share) -> Preview:
    """The same for an open item that the caller has read, or holds."""
    invoice = item.invoice
    _lines, creditable = creditable_lines(invoice)
    amount = rules.credited_amount(share, lines=creditable, currency=invoice.currency)
    totals = rules.totals(rules.credit(amount, lines=creditable, currency=invoice.currency).breakdown)
    figures = {
        "net": totals.net,
        "tax": totals.tax,
        "gross": totals.gross,
        "left": money.total(line.left for line in creditable) - amount,
        "open_after": max(item.open - totals.gross, money.ZERO),
        "freed": max(totals.gross - item.open, money.ZERO),
    }
    return Preview(**figures, sha256=canonical.sha256(canonical.text({"invoice": invoice.ref, **figures})))


def creditable_lines(invoice: Invoice) -> tuple[Sequence[InvoiceLine], list[rules.Creditable]]:
    """The lines of an invoice, and what of each is credited: one query."""
    lines = list(invoice.lines.annotate(credited=Sum("credits__net")).order_by("position"))
    return lines, [
        rules.Creditable(
            net=line.net,
            credited=vars(line)["credited"] or money.ZERO,
            category=line.tax_category,
            rate=line.tax_rate,
        )
        for line in lines
    ]
