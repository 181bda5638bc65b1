"""Credit notes, and acceptances withdrawn, for every test that needs one."""

from datetime import datetime
from decimal import Decimal

from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.invoicing.models import CreditNote, Invoice
from apps.invoicing.rules import Share
from apps.milestones.models import Milestone
from apps.workflows import crediting
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
