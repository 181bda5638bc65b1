"""What is printed upstream and has to name what stands downstream: read here, and handed in as a plain value."""

from django.db.models import QuerySet
from django.utils import translation

from apps.audit.models import Entry
from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.printing import words
from apps.invoicing.models import ApplicationLine, CreditNote, Invoice
from apps.milestones import certificates, event_certificates, settlement_papers
from apps.milestones.certificates import BilledBy, StandsIn
from apps.milestones.models import ConfirmedEvent, Settlement
from apps.milestones.settlement_papers import Issued


def make_certificate(*, submission_ref: str) -> None:
    """The certificate of an acceptance, with the invoice that it issued, or the application in which it stands."""
    line = ApplicationLine.objects.filter(milestone__accepted_submission__ref=submission_ref).order_by("pk").first()
    if line is not None:
        stands_in = StandsIn(number=line.application.number, ref=line.application.ref)
        certificates.make(submission_ref=submission_ref, invoice=stands_in)
        return
    invoice = Invoice.objects.filter(milestone__accepted_submission__ref=submission_ref).first()
    certificates.make(
        submission_ref=submission_ref, invoice=_billed(invoice) if invoice is not None else StandsIn(number=0, ref="")
    )


def make_event_certificate(*, event_ref: str) -> None:
    """The certificate of a confirmed event, with the invoices that were issued for it."""
    event = ConfirmedEvent.objects.get(ref=event_ref)
    issued = Invoice.objects.filter(contract=event.contract_id, instalment__event=event.event).order_by("pk")
    event_certificates.make(event_ref=event_ref, invoices=[_billed(one) for one in issued])


def _billed(invoice: Invoice) -> BilledBy:
    return BilledBy(
        number=invoice.number,
        ref=invoice.ref,
        net=invoice.net,
        tax=invoice.tax,
        gross=invoice.gross,
        sha256=invoice.snapshot_sha256,
    )


def make_settlement_paper(*, settlement_ref: str) -> None:
    """The paper of a settlement, with the invoices and credit notes that the audit chain says were issued by it."""
    settlement = Settlement.objects.select_related("contract").get(ref=settlement_ref)
    found, notes = issued_at_the_end(settlement.contract)
    bills = found.select_related("milestone", "replaced_milestone", "application", "contract__buyer")
    issued = [
        *(_issued("invoice", one, about=_billed_by(one)) for one in bills.order_by("pk")),
        *(_issued("credit_note", one, about=one.invoice.number) for one in notes.order_by("pk")),
    ]
    settlement_papers.make(settlement_ref=settlement_ref, issued=issued)


def issued_at_the_end(contract: Contract) -> "tuple[QuerySet[Invoice], QuerySet[CreditNote]]":
    """What the audit chain says was issued when both sides settled the termination of a contract."""
    ended = Entry.objects.get(
        chain__subject=f"contract:{contract.ref}", verb="contract.terminated", subject=f"contract:{contract.ref}"
    )
    facts = canonical.read(ended.text)["facts"]
    # Terminations before there were papers did not write down their credit notes.
    numbers = facts.get("credit_notes", [])
    return (
        Invoice.objects.filter(contract=contract, number__in=facts["invoices"]),
        CreditNote.objects.filter(contract=contract, number__in=numbers).select_related("invoice"),
    )


def _billed_by(invoice: Invoice) -> str:
    """What an invoice bills: a milestone, or an application for payment, in the language of the buyer."""
    if invoice.application is None:
        milestone = invoice.milestone_ever
        return milestone.title if milestone is not None else ""
    with translation.override(words.language(invoice.contract.buyer.language)):
        return str(invoice.application)


def _issued(kind: str, one: Invoice | CreditNote, *, about: str) -> Issued:
    return Issued(kind, one.number, about, one.net, one.tax, one.gross, one.snapshot_sha256)
