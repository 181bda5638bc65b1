from django.db import models
from django.db.models import Q

from apps.contracts.models.exemption import ExemptionTerms, fits
from apps.core.database import guards, walls
from apps.invoicing.models.invoice import Invoice
from apps.milestones.models import Milestone
from apps.parties.actor import Actor

LEFT = (
    "(SELECT a.net - coalesce((SELECT sum(n.net) FROM invoicing_creditnote n WHERE n.invoice_id = a.id), 0)"
    " + coalesce((SELECT sum(l.net) FROM invoicing_invoiceline l WHERE l.advance_id = a.id), 0)"
    " - coalesce((SELECT sum(c.net) FROM invoicing_creditnoteline c JOIN invoicing_invoiceline l"
    " ON l.id = c.invoice_line_id WHERE l.advance_id = a.id), 0)"
    " FROM invoicing_invoice a WHERE a.id = {advance})"
)
"""What of a deposit no invoice has given back: invoiced, less credited, less given back, and what credit notes of those
invoices returned to it. SQL over the id of the deposit's invoice."""


class InvoiceLineQuerySet(models.QuerySet["InvoiceLine"]):
    def visible_to(self, actor: Actor) -> "InvoiceLineQuerySet":
        return self.filter(invoice__in=Invoice.objects.visible_to(actor))


class InvoiceLine(ExemptionTerms):
    """One line of an issued invoice, with its tax treatment (category and rate of EN 16931, and why it bears none).

    On the invoice of an application for payment each line bills what was certified of its ``milestone``; an invoice
    that bills one milestone names it itself. A line with an ``advance`` gives back a part of that deposit's invoice: it
    is below zero, and bears its tax.
    """

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    description = models.CharField(max_length=400)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    net = models.DecimalField(max_digits=18, decimal_places=3)
    tax_category = models.CharField(max_length=2)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3)
    milestone = models.ForeignKey(Milestone, models.PROTECT, null=True, blank=True, related_name="invoice_lines")
    advance = models.ForeignKey(Invoice, models.PROTECT, null=True, blank=True, related_name="recoveries")

    objects = InvoiceLineQuerySet.as_manager()
    wall = walls.through("invoicing_invoice", "invoice_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint("invoice", "position", name="invoice_positions_unique"),
            models.CheckConstraint(
                condition=Q(advance__isnull=True, net__gt=0) | Q(advance__isnull=False, net__lt=0),
                name="only_what_is_given_back_is_below_zero",
            ),
            models.UniqueConstraint(
                "invoice", "milestone", condition=Q(milestone__isnull=False), name="a_milestone_is_billed_in_one_line"
            ),
            models.CheckConstraint(
                condition=Q(milestone__isnull=True) | Q(advance__isnull=True), name="a_line_bills_or_gives_back"
            ),
            models.CheckConstraint(
                condition=Q(tax_category="S", tax_rate__gte=0, tax_rate__lte=100)
                | Q(tax_category__in=("Z", "E", "AE", "K", "G", "O"), tax_rate=0),
                name="a_line_bears_the_rate_of_its_treatment",
            ),
            fits("a_line_says_why_it_bears_no_tax"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "an_invoice_bears_the_tax_that_is_agreed",
                guards.INSERT,
                # What the calendar bills, or is issued anew, is taxed as the version in force says, a milestone as that
                # of its line.
                "EXISTS (SELECT 1 FROM invoicing_invoice i JOIN contracts_contract c ON c.id = i.contract_id"
                " LEFT JOIN invoicing_instalment s ON s.id = i.instalment_id"
                " LEFT JOIN milestones_milestone m ON m.id = coalesce(NEW.milestone_id, i.milestone_id)"
                " LEFT JOIN contracts_planline l ON l.id = CASE WHEN i.replaces_id IS NULL"
                " THEN coalesce(s.line_id, m.line_id) ELSE (SELECT f.id FROM contracts_planline f"
                " WHERE f.version_id = c.active_version_id AND f.position = m.position) END"
                " LEFT JOIN contracts_contractversion v"
                " ON v.id = CASE WHEN s.id IS NULL THEN l.version_id ELSE c.active_version_id END"
                " WHERE i.id = NEW.invoice_id AND i.kind IN ('milestone', 'instalment', 'advance', 'application')"
                " AND ((NEW.tax_category, NEW.tax_rate) IS DISTINCT FROM"
                " (coalesce(nullif(l.tax_category, ''), v.tax_category), coalesce(l.tax_rate, v.tax_rate))"
                " OR (NEW.exemption_code, NEW.exemption_reason) IS DISTINCT FROM CASE WHEN l.tax_category = ''"
                " THEN (v.exemption_code, v.exemption_reason) ELSE (l.exemption_code, l.exemption_reason) END))",
                only="NEW.advance_id IS NULL",
            ).seeing_all(),
            guards.refused_when(
                "a_line_bills_what_its_application_names",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoice i JOIN invoicing_applicationline a"
                " ON a.application_id = i.application_id AND a.milestone_id = NEW.milestone_id"
                " AND a.certified = NEW.net WHERE i.id = NEW.invoice_id)",
                only="NEW.milestone_id IS NOT NULL",
            ),
            guards.refused_when(
                "given_back_is_an_advance_of_the_same_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoice i JOIN invoicing_invoice a"
                " ON (a.contract_id, a.currency) = (i.contract_id, i.currency) AND a.kind = 'advance'"
                " JOIN invoicing_invoiceline l ON l.invoice_id = a.id"
                " AND (l.tax_category, l.tax_rate) = (NEW.tax_category, NEW.tax_rate)"
                " WHERE i.id = NEW.invoice_id AND a.id = NEW.advance_id)",
                only="NEW.advance_id IS NOT NULL",
            ),
            guards.refused_together(
                "no_line_joins_an_invoice_that_is_complete",
                "SELECT 1 FROM invoicing_invoice i CROSS JOIN LATERAL"
                " (SELECT sum(l.net) FILTER (WHERE l.net > 0) AS billed, -sum(l.net) FILTER (WHERE l.net < 0) AS back"
                " FROM invoicing_invoiceline l WHERE l.invoice_id = i.id) s"
                " WHERE i.id IN (SELECT a.invoice_id FROM added a)"
                " AND (s.billed > i.net + i.recovered OR s.back > i.recovered)",
            ),
            guards.at_commit(
                "no_advance_is_given_back_beyond_itself",
                guards.INSERT,
                f"IF {LEFT.format(advance='NEW.advance_id')} < 0"
                " THEN RAISE EXCEPTION 'more of deposit % is given back than was invoiced', NEW.advance_id"
                " USING ERRCODE = 'check_violation'; END IF;",
                only="NEW.advance_id IS NOT NULL",
            ),
        ]

    def __str__(self) -> str:
        return self.description
