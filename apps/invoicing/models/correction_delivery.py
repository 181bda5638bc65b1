from django.db import models
from django.db.models import Q

from apps.core.database import guards
from apps.invoicing.models.corrected_invoice import CorrectedInvoice
from apps.invoicing.models.credit_note import CreditNote
from apps.invoicing.models.letter import Letter, LetterQuerySet, sent_as_a_message, sent_once


class CorrectionDelivery(Letter):
    """A letter with a credit note or a corrected invoice."""

    credit_note = models.ForeignKey(CreditNote, models.PROTECT, null=True, blank=True, related_name="deliveries")
    corrected = models.ForeignKey(CorrectedInvoice, models.PROTECT, null=True, blank=True, related_name="deliveries")

    objects = LetterQuerySet["CorrectionDelivery"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(credit_note__isnull=True) ^ Q(corrected__isnull=True), name="delivery_of_one_correction"
            ),
            sent_as_a_message("correction_sent_to_somebody_as_a_message"),
        ]
        triggers = [
            *sent_once(),
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
