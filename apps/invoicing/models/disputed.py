"""Which invoice a dispute is about, and what became of it."""

from django.db import models
from django.db.models import Q

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.invoicing.models.credit_note import CreditNote
from apps.invoicing.models.invoice import Invoice
from apps.milestones.models import Dispute
from apps.parties.actor import Actor


class DisputedInvoiceQuerySet(models.QuerySet["DisputedInvoice"]):
    def visible_to(self, actor: Actor) -> "DisputedInvoiceQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class DisputedInvoice(models.Model):
    """A dispute of which the amount is a part of this invoice. ``gross`` is that part with its tax, as a credit note
    of it would have come to when the dispute was raised; what is upheld is credited by ``credit_note``.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="disputes")
    dispute = models.OneToOneField(Dispute, models.PROTECT, related_name="billed")
    gross = models.DecimalField(max_digits=18, decimal_places=3)
    credit_note = models.OneToOneField(
        CreditNote, models.PROTECT, null=True, blank=True, related_name="settled_dispute"
    )

    objects = DisputedInvoiceQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("id",)
        constraints = [models.CheckConstraint(condition=Q(gross__gt=0), name="disputed_gross_positive")]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when("TRUE", name="what_was_disputed_is_frozen", allow=("credit_note_id",)),
            guards.frozen_when("OLD.credit_note_id IS NOT NULL", name="credited_once"),
            guards.refused_when(
                "disputed_invoice_of_the_same_contract",
                guards.INSERT,
                "NEW.credit_note_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM milestones_dispute d"
                " JOIN invoicing_invoice i ON i.id = NEW.invoice_id AND i.contract_id = d.contract_id"
                " AND i.net = d.whole AND i.currency = d.currency"
                " WHERE d.id = NEW.dispute_id AND d.contract_id = NEW.contract_id AND d.submission_id IS NULL"
                " AND d.state = 'open') OR EXISTS (SELECT 1 FROM invoicing_disputedinvoice x"
                " JOIN milestones_dispute e ON e.id = x.dispute_id AND e.state IN ('open', 'proposed')"
                " WHERE x.invoice_id = NEW.invoice_id)",
            ),
            guards.refused_when(
                "link_disputes_only_its_invoice",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM milestones_dispute d JOIN contracts_guestgrant g ON g.id = d.grant_id"
                " JOIN invoicing_invoice i ON i.id = NEW.invoice_id WHERE d.id = NEW.dispute_id"
                " AND (g.purpose, g.subject_ref) <> ('dispute_invoice', i.ref))",
            ),
            guards.refused_when(
                "credited_is_what_was_upheld",
                guards.UPDATE,
                "NEW.credit_note_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoicing_creditnote c"
                " JOIN milestones_dispute d ON d.id = NEW.dispute_id AND d.upheld = c.net"
                " WHERE c.id = NEW.credit_note_id AND c.invoice_id = NEW.invoice_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.gross} in dispute"
