"""What a credit note credits, line by line of its invoice."""

from django.db import models
from django.db.models import Q

from apps.core.database import guards, walls
from apps.invoicing.models.credit_note import CreditNote
from apps.invoicing.models.invoice_line import InvoiceLine
from apps.parties.actor import Actor


class CreditNoteLineQuerySet(models.QuerySet["CreditNoteLine"]):
    def visible_to(self, actor: Actor) -> "CreditNoteLineQuerySet":
        return self.filter(credit_note__in=CreditNote.objects.visible_to(actor))


class CreditNoteLine(models.Model):
    """What a credit note credits of one line of its invoice, net of tax; category and rate are that line's. Of a line
    that gave back a deposit it is below zero: so much goes back to that deposit."""

    credit_note = models.ForeignKey(CreditNote, models.PROTECT, related_name="lines", db_index=False)
    invoice_line = models.ForeignKey(InvoiceLine, models.PROTECT, related_name="credits")
    net = models.DecimalField(max_digits=18, decimal_places=3)

    objects = CreditNoteLineQuerySet.as_manager()
    wall = walls.through("invoicing_creditnote", "credit_note_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("invoice_line__position",)
        constraints = [
            models.UniqueConstraint("credit_note", "invoice_line", name="credited_lines_unique"),
            models.CheckConstraint(condition=~Q(net=0), name="credited_line_is_something"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "credited_line_of_the_invoice",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_creditnote c JOIN invoicing_invoiceline l"
                " ON l.invoice_id = c.invoice_id WHERE c.id = NEW.credit_note_id AND l.id = NEW.invoice_line_id"
                " AND sign(l.net) = sign(NEW.net))",
            ),
            guards.refused_when(
                "an_acceptance_is_withdrawn_by_its_own_line",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM invoicing_creditnote c JOIN milestones_nullification n"
                " ON n.id = c.nullification_id JOIN invoicing_invoiceline l ON l.id = NEW.invoice_line_id"
                " WHERE c.id = NEW.credit_note_id AND l.milestone_id <> n.milestone_id)",
            ),
            guards.refused_together(
                "no_line_joins_a_credit_note_that_is_complete",
                "SELECT 1 FROM invoicing_creditnote n CROSS JOIN LATERAL"
                " (SELECT sum(l.net) FILTER (WHERE l.net > 0) AS credited, -sum(l.net) FILTER (WHERE l.net < 0) AS back"
                " FROM invoicing_creditnoteline l WHERE l.credit_note_id = n.id) s"
                " WHERE n.id IN (SELECT a.credit_note_id FROM added a) AND (n.purpose IN ('damages', 'back_charge')"
                " OR s.credited > n.net + n.given_back OR s.back > n.given_back)",
            ),
            guards.at_commit(
                "no_line_is_credited_beyond_itself",
                guards.INSERT,
                "IF (SELECT abs(sum(c.net)) FROM invoicing_creditnoteline c"
                " WHERE c.invoice_line_id = NEW.invoice_line_id)"
                " > (SELECT abs(l.net) FROM invoicing_invoiceline l WHERE l.id = NEW.invoice_line_id)"
                " THEN RAISE EXCEPTION 'line % is credited beyond itself', NEW.invoice_line_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.net} of {self.invoice_line_id}"
