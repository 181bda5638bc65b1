"""Credit notes, corrected invoices, and acceptances withdrawn, for every test that needs one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.invoicing.models import CorrectedInvoice, CreditNote, Invoice
from apps.invoicing.rules import Share
from apps.invoicing.rules.corrections import Words
from apps.invoicing.services import correcting as corrections
from apps.invoicing.services.standing import standing
from apps.milestones.models import Milestone
from apps.workflows import correcting, crediting
from tests import scenarios
from tests.scenarios import Parties, acting, key

REST = Share()
"""All that is left to credit."""


def invoice_of(milestone: Milestone) -> Invoice:
    with walls.asking_for(milestone.contract.seller_id):
        return Invoice.objects.select_related("milestone").get(milestone=milestone)


def credited(
    parties: Parties, invoice_ref: str, amount: str = "", *, reason: str = "Agreed.", at: datetime | None = None
) -> CreditNote:
    """The seller's billing lowers the price of an invoice; by all of it where no amount is given."""
    bilge = scenarios.member(parties, "billing")
    share = Share(amount=Decimal(amount)) if amount else REST
    with acting(bilge, at=at):
        seen = invoicing.preview_credit(invoice_ref=invoice_ref, share=share).sha256
        answer = crediting.credit_invoice(
            actor=bilge, key=key(), invoice_ref=invoice_ref, share=share, reason=reason, seen=seen
        )
        return CreditNote.objects.select_related("invoice", "document").get(ref=answer["credit_note"])


STREET: Mapping[str, Any] = {"street": "Hafenweg 9"}


def right_of(invoice: Invoice, change: Mapping[str, Any] = STREET) -> tuple[Words, str]:
    """The words of an invoice with what is put right, and the SHA-256 of the changes as they are shown."""
    with walls.asking_for(invoice.seller_id):
        right = replace(corrections.words_of(standing(invoice)), **change)
        return right, corrections.preview_correction(invoice_ref=invoice.ref, right=right).sha256


def corrected(
    parties: Parties,
    invoice: Invoice,
    change: Mapping[str, Any] = STREET,
    *,
    reason: str = "The address was wrong.",
    at: datetime | None = None,
) -> CorrectedInvoice:
    """The seller's billing puts right what an invoice says."""
    bilge = scenarios.member(parties, "billing")
    right, seen = right_of(invoice, change)
    with acting(bilge, at=at):
        answer = correcting.correct_invoice(
            actor=bilge, key=key(), invoice_ref=invoice.ref, right=right, reason=reason, seen=seen
        )
        return CorrectedInvoice.objects.select_related("invoice").get(ref=answer["corrected_invoice"])


def asked(
    parties: Parties,
    milestone_ref: str,
    *,
    by: str = "approver",
    share: Share = REST,
    reason: str = "The export loses rows.",
    at: datetime | None = None,
) -> str:
    """One side asks to withdraw an acceptance; the answer is the reference of the request."""
    actor = scenarios.member(parties, by)
    with acting(actor, at=at):
        answer = crediting.ask_nullification(
            actor=actor, key=key(), milestone_ref=milestone_ref, share=share, reason=reason
        )
    return answer["nullification"]


def granted(parties: Parties, nullification: str, *, by: str = "billing", at: datetime | None = None) -> CreditNote:
    """The other side agrees: the credit note that is issued."""
    actor = scenarios.member(parties, by)
    with acting(actor, at=at):
        answer = crediting.grant_nullification(actor=actor, key=key(), nullification_ref=nullification)
        return CreditNote.objects.select_related("nullification", "invoice").get(ref=answer["credit_note"])
