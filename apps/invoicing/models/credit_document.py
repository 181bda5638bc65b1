"""The document of a credit note."""

from django.db import models
from django.db.models import Q

from apps.core.database import walls
from apps.core.made import Made
from apps.invoicing.einvoice.obstacles import Obstacle
from apps.invoicing.models.credit_note import CreditNote
from apps.parties.actor import Actor


class CreditNoteDocumentQuerySet(models.QuerySet["CreditNoteDocument"]):
    def visible_to(self, actor: Actor) -> "CreditNoteDocumentQuerySet":
        return self.filter(credit_note__in=CreditNote.objects.visible_to(actor))


class CreditNoteDocument(Made):
    """The credit note for people and machines, as an invoice's document is: a PDF with the XML inside, made once.

    What of the XML, which can be had by itself, is kept begins with ``xml_``; where EN 16931 cannot carry it, there is
    its obstacle instead.
    """

    credit_note = models.OneToOneField(CreditNote, models.PROTECT, related_name="document")
    xml_stored_as = models.CharField(max_length=120, blank=True)
    xml_size = models.PositiveBigIntegerField(default=0)
    xml_sha256 = models.CharField(max_length=64, blank=True)
    xml_obstacle = models.CharField(max_length=20, choices=Obstacle.choices, blank=True)

    objects = CreditNoteDocumentQuerySet.as_manager()
    wall = walls.through("invoicing_creditnote", "credit_note_id").only("SELECT", "INSERT", "UPDATE")

    class Meta(Made.Meta):
        constraints = [
            *Made.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(state="ready")
                | (Q(xml_obstacle="", xml_size__gt=0) & ~Q(xml_sha256="") & ~Q(xml_stored_as=""))
                | (~Q(xml_obstacle="") & Q(xml_size=0, xml_sha256="", xml_stored_as="")),
                name="ready_credit_note_has_its_xml_or_an_obstacle",
            ),
        ]
        indexes = [models.Index("id", condition=Q(state="failed"), name="credit_documents_that_failed")]

    def __str__(self) -> str:
        return f"{self.credit_note_id} {self.state}"

    @property
    def has_xml(self) -> bool:
        """Whether the XML can be had."""
        return self.state == "ready" and not self.xml_obstacle
