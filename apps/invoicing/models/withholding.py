"""What of an invoice is not due before a defect is settled that the buyer named when it accepted."""

from django.db import models
from django.db.models import Q

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.invoicing.models.credit_note import CreditNote
from apps.invoicing.models.invoice import Invoice
from apps.invoicing.models.open_item import STANDS
from apps.milestones.models import Reservation
from apps.parties.actor import Actor


class WithholdingQuerySet(models.QuerySet["Withholding"]):
    def visible_to(self, actor: Actor) -> "WithholdingQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def standing(self) -> "WithholdingQuerySet":
        """Those of which the amount is not due yet."""
        return self.filter(released_at__isnull=True)


class Withholding(models.Model):
    """The withheld amount of one reservation, tax included: a part of an invoice that was issued whole.

    ``released_at`` is when it became due, once and for good; where the price was lowered instead, ``credit_note`` took
    that much off the invoice in the same moment.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="withholdings")
    reservation = models.OneToOneField(Reservation, models.PROTECT, related_name="withholding")
    gross = models.DecimalField(max_digits=18, decimal_places=3)
    released_at = models.DateTimeField(null=True, blank=True)
    credit_note = models.OneToOneField(
        CreditNote, models.PROTECT, null=True, blank=True, related_name="settled_reservation"
    )

    objects = WithholdingQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(condition=Q(gross__gt=0), name="withheld_gross_positive"),
            models.CheckConstraint(
                condition=Q(credit_note__isnull=True) | Q(released_at__isnull=False), name="credited_once_it_is_due"
            ),
        ]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when("TRUE", name="what_was_withheld_is_frozen", allow=("released_at", "credit_note_id")),
            guards.frozen_when("OLD.released_at IS NOT NULL", name="released_once", allow=("credit_note_id",)),
            guards.frozen_when("OLD.credit_note_id IS NOT NULL", name="credited_once"),
            guards.refused_when(
                "withheld_of_the_invoice_of_its_milestone",
                guards.INSERT,
                "NEW.released_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM milestones_reservation r"
                " JOIN invoicing_invoice i ON i.id = NEW.invoice_id AND i.milestone_id = r.milestone_id"
                " WHERE r.id = NEW.reservation_id AND r.amount > 0 AND r.state = 'open'"
                " AND (r.contract_id, i.contract_id) = (NEW.contract_id, NEW.contract_id) AND i.currency = r.currency)",
            ),
            guards.refused_when(
                "due_once_its_reservation_is_settled",
                guards.UPDATE,
                "NEW.released_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM milestones_reservation r"
                " WHERE r.id = NEW.reservation_id AND r.state IN ('released', 'reduced')"
                " AND r.settled_at = NEW.released_at AND (NEW.credit_note_id IS NULL OR EXISTS"
                " (SELECT 1 FROM invoicing_creditnote c WHERE c.id = NEW.credit_note_id AND c.net = r.reduced_by"
                " AND c.invoice_id = NEW.invoice_id)))",
            ),
            guards.at_commit(
                "what_is_withheld_is_not_open",
                guards.INSERT_OR_UPDATE,
                f"IF {STANDS.format(invoice='NEW.invoice_id')} IS DISTINCT FROM"
                " (SELECT o.reserved FROM invoicing_openitem o WHERE o.invoice_id = NEW.invoice_id)"
                " THEN RAISE EXCEPTION 'open item of invoice % differs from its reservations', NEW.invoice_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "a_lower_price_is_credited",
                guards.UPDATE,
                "IF EXISTS (SELECT 1 FROM invoicing_withholding w JOIN milestones_reservation r"
                " ON r.id = w.reservation_id WHERE w.id = NEW.id AND (r.state = 'reduced') <> (w.credit_note_id IS"
                " NOT NULL)) THEN RAISE EXCEPTION 'withholding % is settled at a price that no credit note says',"
                " NEW.id USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.gross} withheld"
