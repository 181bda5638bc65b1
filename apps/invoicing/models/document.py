from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.invoicing.einvoice.obstacles import Obstacle
from apps.invoicing.models.invoice import Invoice
from apps.parties.actor import Actor


class DocumentState(models.TextChoices):
    RENDERING = "rendering", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, actor: Actor) -> "DocumentQuerySet":
        return self.filter(invoice__in=Invoice.objects.visible_to(actor))


STEPS = table(rendering=("ready", "failed"), failed=("rendering",), ready=())


class Document(models.Model):
    """The invoice for people and machines: made by a worker from the snapshot, stored once, never rendered anew.

    ``stored_as``, ``size`` and ``sha256`` are those of the PDF; those of the XML inside it, which can be had by itself,
    begin with ``xml_``. Where EN 16931 cannot carry the invoice there is no XML but its obstacle. A failed render is
    visible here with its reason, and can be tried again.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="document")
    state = models.CharField(max_length=10, choices=DocumentState.choices, default=DocumentState.RENDERING)
    requested_at = models.DateTimeField()
    rendered_at = models.DateTimeField(null=True, blank=True)
    stored_as = models.CharField(max_length=120, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text=_("bytes"))
    sha256 = models.CharField(max_length=64, blank=True)
    xml_stored_as = models.CharField(max_length=120, blank=True)
    xml_size = models.PositiveBigIntegerField(default=0, help_text=_("bytes"))
    xml_sha256 = models.CharField(max_length=64, blank=True)
    xml_obstacle = models.CharField(max_length=20, choices=Obstacle.choices, blank=True)
    failure = models.CharField(max_length=400, blank=True)

    objects = DocumentQuerySet.as_manager()
    wall = walls.through("invoicing_invoice", "invoice_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(state="ready", rendered_at__isnull=False, size__gt=0) & ~Q(sha256="") & ~Q(stored_as=""))
                | ~Q(state="ready"),
                name="ready_document_has_its_bytes",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready")
                | (Q(xml_obstacle="", xml_size__gt=0) & ~Q(xml_sha256="") & ~Q(xml_stored_as=""))
                | (~Q(xml_obstacle="") & Q(xml_size=0, xml_sha256="", xml_stored_as="")),
                name="ready_document_has_its_xml_or_an_obstacle",
            ),
        ]
        indexes = [models.Index("id", condition=Q(state="failed"), name="documents_that_failed")]
        triggers = [
            guards.legal_steps(STEPS),
            guards.frozen_when("OLD.state = 'ready'"),
            guards.never_deleted(),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.state}"

    @property
    def has_xml(self) -> bool:
        """Whether the XML can be had."""
        return self.state == DocumentState.READY and not self.xml_obstacle
