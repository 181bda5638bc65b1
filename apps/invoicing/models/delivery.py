from django.db import models
from django.db.models import Q

from apps.core.database import guards
from apps.invoicing.models.invoice import Invoice
from apps.invoicing.models.letter import Letter, LetterQuerySet, sent_as_a_message, sent_once


class Delivery(Letter):
    """A letter with an invoice. A ``reminder`` is the first, second, … that reminds of what is overdue; the others
    have 0."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="deliveries")
    reminder = models.PositiveSmallIntegerField(default=0, db_default=0)

    objects = LetterQuerySet["Delivery"].as_manager()

    class Meta:
        constraints = [
            sent_as_a_message("sent_to_somebody_as_a_message"),
            models.UniqueConstraint(
                "invoice", "reminder", condition=Q(reminder__gt=0), name="each_reminder_of_an_invoice_once"
            ),
        ]
        indexes = [models.Index("invoice", "id", name="delivery_of_invoice")]
        triggers = [
            *sent_once(),
            guards.refused_when(
                "delivery_of_a_document_between_its_parties",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoice i JOIN invoicing_document d ON d.invoice_id = i.id"
                " WHERE i.id = NEW.invoice_id AND i.seller_id = NEW.seller_id AND i.buyer_id = NEW.buyer_id"
                " AND d.state = 'ready')",
            ),
            guards.refused_when(
                "not_reminded_of_what_never_arrived",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM invoicing_delivery d WHERE d.invoice_id = NEW.invoice_id"
                " AND d.sent_at IS NOT NULL)",
                "NOT EXISTS (SELECT 1 FROM invoicing_delivery d WHERE d.invoice_id = NEW.invoice_id"
                " AND d.sent_at IS NOT NULL AND cardinality(d.recipients) > (SELECT count(*) FROM contracts_sentmail m"
                " JOIN contracts_mailfailure f ON f.mail_id = m.id WHERE m.message_id = d.message_id))"
                " AND NOT EXISTS (SELECT 1 FROM invoicing_invoicelink l WHERE l.invoice_id = NEW.invoice_id"
                " AND l.first_viewed_at IS NOT NULL)"
                " AND NOT EXISTS (SELECT 1 FROM invoicing_allocation a WHERE a.invoice_id = NEW.invoice_id)",
                only="NEW.reminder > 0",
            ),
            guards.refused_when(
                "not_reminded_while_paused",
                guards.INSERT,
                # A day of the seller, wherever it is: what is sure everywhere is refused here, the rest by the service.
                "NEW.reminder > 0 AND EXISTS (SELECT 1 FROM invoicing_reminderpause p"
                " WHERE p.invoice_id = NEW.invoice_id AND p.ended_at IS NULL"
                " AND p.until > (NEW.requested_at AT TIME ZONE 'UTC' + interval '14 hours')::date)",
            ),
            guards.refused_when(
                "reminded_only_of_what_is_overdue",
                guards.INSERT,
                "NEW.reminder > 0 AND NOT EXISTS (SELECT 1 FROM invoicing_openitem o"
                " WHERE o.invoice_id = NEW.invoice_id AND o.open > o.disputed"
                " AND o.due_on < (NEW.requested_at AT TIME ZONE 'UTC' + interval '14 hours')::date)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} to {', '.join(self.recipients) or 'be sent'}"
