from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.invoicing.models.invoice import Invoice
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, actor: Actor) -> "DeliveryQuerySet":
        """Seller and buyer; whoever else may read the invoice need not know the buyer's mailboxes."""
        return self.filter(Q(seller_id=actor.organisation_id) | Q(buyer_id=actor.organisation_id))


class Delivery(models.Model):
    """One letter with an invoice to the buyer's mailboxes: written down when it is due, completed when it is sent.

    ``ref`` makes the Message-ID, so a job that runs twice sends a letter that the mailbox recognises. ``sent_at`` says
    that the mail server took it, not that somebody read it. A ``reminder`` is the first, second, … letter that reminds
    of what is overdue; the others have 0.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="deliveries")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    asked_by = models.CharField(max_length=160, blank=True)
    reminder = models.PositiveSmallIntegerField(default=0, db_default=0)
    requested_at = models.DateTimeField()
    recipients = ArrayField(models.EmailField(), default=list)
    message_id = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()
    wall = walls.by_organisation("seller_id", "buyer_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, recipients=[], message_id="")
                | (Q(sent_at__isnull=False) & ~Q(recipients=[]) & ~Q(message_id="")),
                name="sent_to_somebody_as_a_message",
            ),
            models.UniqueConstraint(
                "invoice", "reminder", condition=Q(reminder__gt=0), name="each_reminder_of_an_invoice_once"
            ),
        ]
        indexes = [models.Index("invoice", "id", name="delivery_of_invoice")]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when("TRUE", name="only_its_sending_is_added", allow=("recipients", "message_id", "sent_at")),
            guards.frozen_when("OLD.sent_at IS NOT NULL", name="sent_once"),
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
