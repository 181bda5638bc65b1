"""A document that an invoice waits for before it is due."""

from datetime import date
from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.contracts.wall import by_sides
from apps.core import days
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.core.states import table
from apps.invoicing.models.invoice import Invoice
from apps.parties.actor import Actor


class DocumentStep(models.TextChoices):
    """Where a document stands: the seller hands it in, the buyer confirms it or returns it."""

    MISSING = "missing", _("Missing")
    HANDED_IN = "handed_in", _("Handed in")
    RETURNED = "returned", _("Returned")
    CONFIRMED = "confirmed", _("Confirmed")


STEPS: Final = table(
    missing=("handed_in", "confirmed"),
    handed_in=("returned", "confirmed"),
    returned=(),
    confirmed=(),
)
WAITS: Final = (
    "EXISTS (SELECT 1 FROM invoicing_paymentdocument d WHERE d.invoice_id = {invoice}"
    " AND d.state IN ('missing', 'handed_in'))"
)
"""Whether an invoice waits for documents, as SQL over its id."""


class PaymentDocumentQuerySet(models.QuerySet["PaymentDocument"]):
    def visible_to(self, actor: Actor) -> "PaymentDocumentQuerySet":
        """What the seller hands in and the buyer confirms, for these two alone."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))

    def waiting(self) -> "PaymentDocumentQuerySet":
        """What is neither confirmed nor returned: as long as there is any, the invoice is not due."""
        return self.filter(state__in=(DocumentStep.MISSING, DocumentStep.HANDED_IN))

    def good_on(self, day: date) -> "PaymentDocumentQuerySet":
        """What was confirmed and has not ended by a day."""
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=day), state=DocumentStep.CONFIRMED)


class PaymentDocument(models.Model):
    """A waiver, bond or certificate that one invoice waits for, as its contract says (``title``).

    ``is_once``: what the buyer confirms serves all invoices of the contract. What is returned stays as it is, with the
    reason, and the same document is missing anew. The file is stored privately under a random name, as evidence is;
    where there is none, ``note`` says how the document got to the buyer.

    ``valid_until`` is the last day on which it is good, such as that of a certificate of insurance; None where it does
    not end. What ended serves no invoice that is issued later. ``expiry_told_at``: when the seller was told that the
    end is near.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payment_documents")
    title = models.CharField(_("document"), max_length=120)
    is_once = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=DocumentStep.choices, default=DocumentStep.MISSING)
    note = models.TextField(_("note"), max_length=1_000, blank=True)
    name = models.CharField(_("file name"), max_length=160, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text=_("bytes"))
    sha256 = models.CharField(max_length=64, blank=True)
    stored_as = models.CharField(max_length=120, blank=True)
    handed_in_at = models.DateTimeField(null=True, blank=True)
    handed_in_name = models.CharField(max_length=160, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    expiry_told_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_name = models.CharField(max_length=160, blank=True)
    reason = models.TextField(_("why it was returned"), max_length=1_000, blank=True)

    objects = PaymentDocumentQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                "invoice", "title", condition=~Q(state="returned"), name="a_document_is_wanted_once_of_an_invoice"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["missing", "confirmed"]) | Q(handed_in_at__isnull=False),
                name="what_is_handed_in_says_when",
            ),
            models.CheckConstraint(
                condition=Q(handed_in_at__isnull=True, stored_as="", note="")
                | Q(handed_in_at__isnull=False) & (~Q(stored_as="") | ~Q(note="")),
                name="what_is_handed_in_is_a_file_or_a_word",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["missing", "handed_in"], decided_at__isnull=True)
                | Q(state="confirmed", decided_at__isnull=False, reason="")
                | (Q(state="returned", decided_at__gte=F("handed_in_at")) & ~Q(reason="")),
                name="a_document_is_confirmed_or_returned_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="missing") | Q(valid_until__isnull=True), name="what_is_missing_has_no_last_day"
            ),
            models.CheckConstraint(
                condition=Q(expiry_told_at__isnull=True) | Q(state="confirmed", valid_until__isnull=False),
                name="an_end_is_told_of_what_ends",
            ),
            models.CheckConstraint(
                condition=Q(stored_as="", sha256="", size=0) | (~Q(stored_as="") & ~Q(sha256="") & Q(size__gt=0)),
                name="a_handed_in_file_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                "contract", "state", condition=Q(state__in=["missing", "handed_in"]), name="documents_waiting"
            ),
            models.Index(
                "valid_until",
                condition=Q(state="confirmed", is_once=True, expiry_told_at__isnull=True, valid_until__isnull=False),
                name="documents_that_end",
            ),
        ]
        triggers = [
            guards.never_deleted(),
            guards.legal_steps(STEPS),
            guards.frozen_when(
                "OLD.state IN ('confirmed', 'returned')",
                name="a_decision_on_a_document_stands",
                allow=("expiry_told_at",),
            ),
            guards.frozen_when(
                "TRUE",
                name="what_is_wanted_stands",
                allow=(
                    *("state", "note", "name", "content_type", "size", "sha256", "stored_as"),
                    *("handed_in_at", "handed_in_name", "decided_at", "decided_name", "reason"),
                    *("valid_until", "expiry_told_at"),
                ),
            ),
            # By the day of UTC, and a day less: the day that counts is the seller's, wherever that is.
            guards.refused_when(
                "nothing_is_confirmed_that_has_ended",
                guards.UPDATE,
                "NEW.state = 'confirmed' AND OLD.state <> 'confirmed'"
                " AND NEW.valid_until < (NEW.decided_at AT TIME ZONE 'UTC')::date - 1",
            ),
            guards.refused_when(
                "wanted_of_an_invoice_of_the_contract",
                guards.INSERT,
                "NEW.state <> 'missing' OR NOT EXISTS (SELECT 1 FROM invoicing_invoice i"
                " WHERE i.id = NEW.invoice_id AND i.contract_id = NEW.contract_id)",
            ),
            guards.at_commit(
                "an_invoice_is_due_once_its_documents_are_there",
                guards.INSERT_OR_UPDATE,
                f"IF {WAITS.format(invoice='NEW.invoice_id')} IS DISTINCT FROM (SELECT o.due_on ="
                f" '{days.NOT_YET.isoformat()}' FROM invoicing_openitem o WHERE o.invoice_id = NEW.invoice_id)"
                " THEN RAISE EXCEPTION 'invoice % is due though it waits for documents, or waits for none',"
                " NEW.invoice_id USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.state}"
