"""What of an invoice can be credited, by whom, and what a credit note would come to: asked before one is issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q, Sum

from apps.core import canonical, made, money
from apps.core.errors import NotAllowed, Refused
from apps.core.money import Money
from apps.invoicing import rules
from apps.invoicing.models import (
    ApplicationLine,
    CreditNote,
    CreditNoteDocument,
    CreditNoteLine,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    OpenItem,
    PayeeInstruction,
    Retention,
)
from apps.invoicing.models.credit_note import CHARGES
from apps.invoicing.services.sales import is_sold
from apps.milestones import rules as sign_off
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation
from apps.parties.roles import Action

Purpose = CreditNote.Purpose
BILLED_AGAIN = (Purpose.NULLIFICATION, Purpose.REPLACEMENT)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a credit note would say, in the invoice's currency, and what it would do.

    ``given_back`` returns to deposits that the invoice had given back, net of tax; ``left`` is what can still be
    credited after it, net; ``retained`` what of it the buyer would have paid with the retention; ``freed`` what was
    paid on the invoice and is owed no more.
    ``sha256`` stands for all of this: what is issued is what was shown.
    """

    net: Decimal
    tax: Decimal
    gross: Decimal
    left: Decimal
    open_after: Decimal
    retained: Decimal
    freed: Decimal
    given_back: Decimal
    sha256: str

    @property
    def worth(self) -> Decimal:
        """What of the billed work it credits, net of tax."""
        return self.net + self.given_back


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
    """What of the work that an invoice bills is not credited yet, net of tax; of a deposit's what no later invoice has
    given back either."""
    invoice = Invoice.objects.get(ref=invoice_ref)
    notes = invoice.credit_notes.exclude(purpose__in=CHARGES)
    credited = notes.aggregate(sum=Sum(F("net") + F("given_back")))["sum"] or money.ZERO
    return invoice.worth - credited - _bound(invoice)


def amount_to_credit(*, invoice_ref: str, share: rules.Share) -> Decimal:
    """What of the billed work is withdrawn with this share, net of tax; refused when it cannot be credited.

    It is more than the net amount of the credit note where the invoice gave a deposit back.
    """
    item = OpenItem.objects.select_related("invoice").get(invoice__ref=invoice_ref)
    preview = preview_of(item, share=share, purpose=Purpose.NULLIFICATION)
    # What was charged on the milestone ends with its acceptance, and is owed again before this is credited.
    require_room(item, gross=preview.gross - charged_on(item))
    return preview.worth


def preview_credit(*, invoice_ref: str, share: rules.Share) -> Preview:
    """What a credit note of this share would come to if it were issued now; refused when it could not be."""
    item = OpenItem.objects.select_related("invoice__seller").get(invoice__ref=invoice_ref)
    refuse_uncreditable(item.invoice)
    preview = preview_of(item, share=share)
    require_room(item, gross=preview.gross)
    return preview


def lowers_by(net: Decimal, *, invoice_ref: str) -> Decimal:
    """By how much of what is open, tax included, a withdrawn acceptance of so much, net, lowers an invoice."""
    item = OpenItem.objects.select_related("invoice").get(invoice__ref=invoice_ref)
    preview = preview_of(item, share=rules.Share(amount=net), purpose=Purpose.NULLIFICATION)
    return item.open - preview.open_after


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
    """Refuse to credit what a financier is about to pay for, what only asks for retention, and that of which nothing is
    open while the buyer withholds some of it; and say what has to happen first."""
    if invoice.is_release:
        raise Refused(
            "{number} only asks for what was retained. Credit the invoice of which it was retained.",
            number=invoice.number,
        )
    if invoice.open_item.reserved and not invoice.open_item.open:
        raise Refused(
            "Nothing of {number} is open but what the buyer withholds for defects that it named, so nothing else of it"
            " is credited now. Settle those defects first: mended and released, or at a lower price.",
            number=invoice.number,
        )
    refuse_financed(invoice)


def require_room(item: OpenItem, *, gross: Decimal) -> None:
    """Refuse a credit note of so much, tax included, that an invoice has no room for.

    While something is withheld for defects, only what is open is credited: a lower price for a defect is agreed with
    that defect, and money is not owed back while some is kept. What was released of retention was asked for by a
    statement, which is not credited.
    """
    number, currency = item.invoice.number, item.currency
    if item.reserved and gross > item.open:
        raise Refused(
            "The buyer withholds {withheld} of {number} for defects that it named. Until those are settled only what is"
            " open of it is credited, {open} with tax, and this comes to {gross}. Credit less, or settle the defects"
            " first: mended and released, or at a lower price.",
            field="amount",
            withheld=Money(item.reserved, currency),
            number=number,
            open=Money(item.open, currency),
            gross=Money(gross, currency),
        )
    most = item.open + retained_of(item.invoice) + item.paid
    if gross > most and (charged := charged_on(item)):
        raise Refused(
            "The buyer charged {charged} on {number}, so at most {most} of it are credited, with tax, and this comes to"
            " {gross}. Credit less, or have a charge withdrawn first.",
            field="amount",
            charged=Money(charged, currency),
            number=number,
            most=Money(most, currency),
            gross=Money(gross, currency),
        )
    if gross > most:
        raise Refused(
            "A part of what was retained of {number} was released and asked for by a statement, so at most {most} of it"
            " are credited, with tax, and this comes to {gross}. Credit less.",
            field="amount",
            number=number,
            most=Money(most, currency),
            gross=Money(gross, currency),
        )


def require_creditable(*, invoice_ref: str, net: Decimal) -> None:
    """Refuse, before anybody agrees to it, that so much of an invoice is credited, net of tax, where it cannot be."""
    preview_credit(invoice_ref=invoice_ref, share=rules.Share(amount=net))


def charged_on(item: OpenItem, *, milestone: Milestone | None = None) -> Decimal:
    """What damages and back-charges have taken of an invoice, tax included; on one ``milestone`` of several, where an
    application for payment is billed by it."""
    notes = CreditNote.objects.filter(invoice=item.invoice_id, purpose__in=CHARGES)
    if milestone is not None:
        notes = notes.filter(Q(charge__milestone=milestone) | Q(undone_charge__milestone=milestone))
    return notes.aggregate(sum=Sum("gross"))["sum"] or money.ZERO


def retained_of(invoice: Invoice) -> Decimal:
    """What of an invoice is retained still, of every kind, and not asked for."""
    kept = Retention.objects.filter(invoice=invoice).aggregate(sum=Sum(F("held") - F("released")))["sum"]
    return kept or money.ZERO


def refuse_financed(invoice: Invoice) -> None:
    """Refuse to credit what is assigned and not paid for yet. What is sold may be: the seller bears it then."""
    instruction = PayeeInstruction.objects.assigned().filter(milestone=invoice.milestone_id or 0).first()
    if instruction is not None and not is_sold(invoice):
        raise Refused(
            "{number} is assigned to {payee} for an advance, so it cannot be credited. Have the advance cancelled"
            " first, which {payee} can do until it is paid out.",
            number=invoice.number,
            payee=instruction.payee_name,
        )


def preview_of(item: OpenItem, *, share: rules.Share, purpose: Purpose = Purpose.CORRECTION) -> Preview:
    """The same for an open item that the caller has read, or holds.

    Where the work is billed again, what that part of it gave back returns to its deposit.
    """
    invoice = item.invoice
    _lines, creditable = creditable_lines(invoice)
    amount = rules.credited_amount(share, lines=creditable, currency=invoice.currency)
    is_again = purpose in BILLED_AGAIN
    credit = rules.credit(
        amount, lines=creditable, currency=invoice.currency, chosen=share.lines, is_withdrawn=is_again
    )
    totals = rules.totals(credit.breakdown)
    taken = taken_by(item, credit=credit, gross=totals.gross, purpose=purpose)
    figures = {
        "net": totals.net,
        "tax": totals.tax,
        "gross": totals.gross,
        "left": money.total(line.left for line in creditable if line.net > 0) - amount,
        "open_after": item.open - taken.open,
        "retained": taken.retained,
        "freed": taken.freed,
        "given_back": amount - totals.net,
    }
    shown = {"invoice": invoice.ref, "lines": credit.lines, **figures}
    return Preview(**figures, sha256=canonical.sha256(canonical.text(shown)))


def taken_by(item: OpenItem, *, credit: rules.Credit, gross: Decimal, purpose: Purpose) -> rules.Taken:
    """What a credit note takes of an invoice: where it withdraws one line of several, with what was retained of that.

    Of what is retained still, the line bears its share: what was kept back of it, less what of it is credited.
    """
    retained, invoice = retained_of(item.invoice), item.invoice
    own = money.ZERO
    if purpose == Purpose.NULLIFICATION and retained and invoice.kind == InvoiceKind.APPLICATION:
        lines, creditable = creditable_lines(invoice)
        kept = dict(
            ApplicationLine.objects.filter(application=invoice.application_id).values_list("milestone", "retained")
        )
        of_line = [
            kept.get(line.milestone_id or 0, money.ZERO) / line.net if line.net > 0 else money.ZERO for line in lines
        ]
        whole = money.total(each * line.left for each, line in zip(of_line, creditable, strict=True))
        part = money.total(each * net for each, net in zip(of_line, credit.lines, strict=True))
        own = money.half_up(retained * part / whole, item.currency) if whole else money.ZERO
    return rules.taken(gross, open_=item.open, retained=retained, own=own)


def creditable_lines(invoice: Invoice) -> tuple[Sequence[InvoiceLine], list[rules.Creditable]]:
    """The lines of an invoice, and what of each is credited: one query."""
    lines = list(invoice.lines.annotate(credited=Sum("credits__net")).order_by("position"))
    bound = _bound(invoice)
    return lines, [
        rules.Creditable(
            net=line.net,
            credited=vars(line)["credited"] or money.ZERO,
            category=line.tax_category,
            rate=line.tax_rate,
            bound=bound,
        )
        for line in lines
    ]


def _bound(invoice: Invoice) -> Decimal:
    return given_back_of(invoice) if invoice.kind == InvoiceKind.ADVANCE else money.ZERO


def given_back_of(advance: Invoice) -> Decimal:
    """What later invoices give back of a deposit's invoice, net of tax, less what their credit notes returned."""
    given = advance.recoveries.aggregate(sum=Sum("net"))["sum"] or money.ZERO
    notes = CreditNoteLine.objects.filter(invoice_line__advance=advance)
    returned: Decimal = notes.aggregate(sum=Sum("net"))["sum"] or money.ZERO
    return returned - given
