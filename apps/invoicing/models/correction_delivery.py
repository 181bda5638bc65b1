from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.invoicing.models.corrected_invoice import CorrectedInvoice
from apps.invoicing.models.credit_note import CreditNote
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class CorrectionDeliveryQuerySet(models.QuerySet["CorrectionDelivery"]):
    def visible_to(self, actor: Actor) -> "CorrectionDeliveryQuerySet":
        """Seller and buyer; whoever else may read the document need not know the buyer's mailboxes."""
        return self.filter(Q(seller_id=actor.organisation_id) | Q(buyer_id=actor.organisation_id))


class CorrectionDelivery(models.Model):
    """One letter with a credit note or a corrected invoice to the buyer's mailboxes, as a
    :class:`~apps.invoicing.models.delivery.Delivery` is one with an invoice: written down when it is due, completed
    when the mail server took it."""

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    credit_note = models.ForeignKey(CreditNote, models.PROTECT, null=True, blank=True, related_name="deliveries")
    corrected = models.ForeignKey(CorrectedInvoice, models.PROTECT, null=True, blank=True, related_name="deliveries")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    asked_by = models.CharField(max_length=160, blank=True)
    requested_at = models.DateTimeField()
    recipients = ArrayField(models.EmailField(), default=list)
    message_id = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = CorrectionDeliveryQuerySet.as_manager()
    wall = walls.by_organisation("seller_id", "buyer_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(credit_note__isnull=True) ^ Q(corrected__isnull=True), name="delivery_of_one_correction"
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, recipients=[], message_id="")
                | (Q(sent_at__isnull=False) & ~Q(recipients=[]) & ~Q(message_id="")),
                name="correction_sent_to_somebody_as_a_message",
            ),
        ]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when("TRUE", name="only_its_sending_is_added", allow=("recipients", "message_id", "sent_at")),
            guards.frozen_when("OLD.sent_at IS NOT NULL", name="sent_once"),
            guards.refused_when(
                "delivery_of_a_correction_between_its_parties",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_creditnote n JOIN invoicing_creditnotedocument d"
                " ON d.credit_note_id = n.id WHERE n.id = NEW.credit_note_id AND d.state = 'ready'"
                " AND n.seller_id = NEW.seller_id AND n.buyer_id = NEW.buyer_id)"
                " AND NOT EXISTS (SELECT 1 FROM invoicing_correctedinvoice c WHERE c.id = NEW.corrected_id"
                " AND c.state = 'ready' AND c.seller_id = NEW.seller_id AND c.buyer_id = NEW.buyer_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document.number} to {', '.join(self.recipients) or 'be sent'}"

    @property
    def document(self) -> CreditNote | CorrectedInvoice:
        """What it brings."""
        if self.credit_note is not None:
            return self.credit_note
        if self.corrected is not None:
            return self.corrected
        raise LookupError(f"delivery {self.ref} brings nothing")
