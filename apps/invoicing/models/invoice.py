from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.invoicing.models.anew_guards import OF_REPLACING, REPLACING
from apps.invoicing.models.application import Application
from apps.invoicing.models.application_guards import BILLS_APPLICATIONS, ONE_CAUSE
from apps.invoicing.models.beside_guards import OF_WHAT_IS_BESIDE
from apps.invoicing.models.instalment import Instalment
from apps.invoicing.models.interest_guards import COUNTS_AS_DUE_BEFORE, INTEREST_COUNTS_EARLY
from apps.milestones.models import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation

CREDITS, CORRECTIONS = "CN", "COR"
"""The series of credit notes and that of corrected invoices, which no invoice is numbered in."""


class InvoiceKind(models.TextChoices):
    """What the buyer is asked for: an accepted milestone, a deposit or period that the calendar bills, a deposit that
    later invoices give back, a certified application for payment, what was withheld of earlier invoices and is due now,
    interest and a fee for being late with them, or a bonus for an early milestone."""

    MILESTONE = "milestone", _("Milestone")
    INSTALMENT = "instalment", _("Deposit or period")
    ADVANCE = "advance", _("Deposit to be recovered")
    APPLICATION = "application", _("Application for payment")
    RETENTION_RELEASE = "retention_release", _("Release of retention")
    LATE_CHARGE = "late_charge", _("Interest and fee for late payment")
    BONUS = "bonus", _("Bonus")


NO_SUPPLY: Final = (InvoiceKind.RETENTION_RELEASE, InvoiceKind.LATE_CHARGE)
"""Kinds that ask for money and bill no supply: they bear no tax, have series of their own, and are no revenue."""
BESIDE_PLAN: Final = (*NO_SUPPLY, InvoiceKind.BONUS)
"""Kinds that bill nothing of the plan; a bonus is a part of the price beside it."""


INCOMPLETE = (
    "RAISE EXCEPTION 'invoice % lacks lines, an open item, its retention or a document', NEW.number"
    " USING ERRCODE = 'check_violation'; END IF;"
)


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def visible_to(self, actor: Actor) -> "InvoiceQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    # A side of an invoice is a party to its contract, so these ask for no more: lists go along one index.

    def of_seller(self, actor: Actor) -> "InvoiceQuerySet":
        """What :meth:`visible_to` shows of the invoices that the actor's organisation issued."""
        return self._of_link(actor).filter(seller_id=actor.organisation_id)

    def of_buyer(self, actor: Actor) -> "InvoiceQuerySet":
        """What :meth:`visible_to` shows of the invoices that the actor's organisation has to pay."""
        return self._of_link(actor).filter(buyer_id=actor.organisation_id)

    def with_what_is_billed(self) -> "InvoiceQuerySet":
        """With all that :attr:`Invoice.about` reads, for lists. What one billed that is issued anew is asked apart, and
        only where there is such a one: with one table more to join Postgres would read contracts whole."""
        return self.select_related("milestone", "instalment", "application").prefetch_related("replaced_milestone")

    def _of_link(self, actor: Actor) -> "InvoiceQuerySet":
        return self if actor.contract_id is None else self.filter(contract_id=actor.contract_id)


class Invoice(models.Model):
    """What the buyer owes for one accepted milestone, for one instalment, or for what was certified of an application
    for payment. What it says never changes once issued.

    ``milestone`` is what an invoice of that kind bills; what one of an application bills is said by its lines.

    A release of retention is one too, of its own ``kind`` and series: the statement by which the buyer is asked for
    what was withheld. It bears no tax, because the invoices to which it refers bore all of it, and has no milestone.
    So is a claim of interest and fees for late payment, kind ``late_charge``: compensation, outside the scope of tax.

    A deposit that is an advance on the price (kind ``advance``) is given back by later invoices: ``recovered`` is what
    this one gives back, net of tax, in lines of their own; it may come to nothing by that, and never to less.

    One that is wrong is cancelled whole by a credit note and issued anew (:mod:`.anew_guards`): the new one
    ``replaces`` it and is the milestone's from then on; the old one keeps it as its ``replaced_milestone``.

    ``interest_due_on`` is an earlier day on which it counts as due for computing interest alone: silence let interest
    run before the work was accepted.

    ``snapshot`` is the canonical text of everything that the document shows (parties, lines, tax, terms, payee);
    ``chain_sha256 = sha256(previous head + number + snapshot_sha256)`` chains it to the invoice before in its series.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="invoices")
    kind = models.CharField(
        max_length=20, choices=InvoiceKind.choices, default=InvoiceKind.MILESTONE, db_default=InvoiceKind.MILESTONE
    )
    milestone = models.OneToOneField(Milestone, models.PROTECT, null=True, blank=True, related_name="invoice")
    instalment = models.OneToOneField(Instalment, models.PROTECT, null=True, blank=True, related_name="invoice")
    application = models.OneToOneField(Application, models.PROTECT, null=True, blank=True, related_name="invoice")
    replaced_milestone = models.ForeignKey(
        Milestone, models.PROTECT, null=True, blank=True, related_name="replaced_invoices"
    )
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    number = models.CharField(_("invoice number"), max_length=16)
    series_prefix = models.CharField(max_length=6)
    series_year = models.PositiveSmallIntegerField()
    series_position = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    net = models.DecimalField(_("net"), max_digits=18, decimal_places=3)
    tax = models.DecimalField(_("tax"), max_digits=18, decimal_places=3)
    gross = models.DecimalField(_("total"), max_digits=18, decimal_places=3)
    recovered = models.DecimalField(max_digits=18, decimal_places=3, default=0, db_default=0)
    issued_at = models.DateTimeField()
    issued_on = models.DateField(_("invoice date"))
    due_on = models.DateField(_("due date"))
    interest_due_on = models.DateField(_("due for computing interest"), null=True, blank=True)
    snapshot = models.TextField()
    snapshot_sha256 = models.CharField(max_length=64)
    chain_sha256 = models.CharField(max_length=64)

    objects = InvoiceQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT").changing("milestone_id", "replaced_milestone_id")

    class Meta:
        constraints = [
            models.UniqueConstraint("seller", "number", name="invoice_number_unique_per_seller"),
            models.UniqueConstraint(
                "seller",
                "series_prefix",
                "series_year",
                "series_position",
                name="invoice_position_unique_in_series",
            ),
            ONE_CAUSE,
            *OF_REPLACING,
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax")), name="gross_is_net_and_tax"),
            models.CheckConstraint(
                condition=Q(net__gt=0, tax__gte=0) | Q(net__gte=0, tax__gte=0, recovered__gt=0),
                name="invoice_amounts_positive",
            ),
            models.CheckConstraint(
                condition=Q(recovered=0) | Q(recovered__gt=0, kind__in=["milestone", "instalment", "application"]),
                name="what_bills_work_gives_deposits_back",
            ),
            models.CheckConstraint(condition=Q(due_on__gte=F("issued_on")), name="due_after_issue"),
            COUNTS_AS_DUE_BEFORE,
            models.CheckConstraint(condition=~Q(series_prefix__in=[CREDITS, CORRECTIONS]), name="no_invoice_corrects"),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[A-Z0-9/-]{1,16}$"), name="invoice_number_can_be_sent_and_typed"
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "-id"], name="invoice_of_seller"),
            models.Index(fields=["buyer", "-id"], name="invoice_of_buyer"),
            models.Index("contract", "id", name="invoice_of_contract"),
        ]
        triggers = [
            *REPLACING,
            guards.refused_when(
                "invoice_only_for_an_accepted_milestone",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_milestone m"
                " JOIN contracts_contract c ON c.id = m.contract_id"
                " JOIN contracts_contractversion v ON v.id = c.active_version_id"
                # Under applications for payment only what a settlement values is billed by itself.
                " AND (v.bills_by = 'milestone' OR EXISTS (SELECT 1 FROM milestones_decision d"
                " WHERE d.submission_id = m.accepted_submission_id AND d.outcome = 'settled'))"
                " WHERE m.id = NEW.milestone_id AND m.state = 'accepted' AND m.amount = NEW.net + NEW.recovered"
                " AND c.state <> 'terminated' AND c.id = NEW.contract_id AND c.currency = NEW.currency"
                " AND c.seller_id = NEW.seller_id AND c.buyer_id = NEW.buyer_id)",
                only="NEW.milestone_id IS NOT NULL",
            ).seeing_all(),
            INTEREST_COUNTS_EARLY,
            *BILLS_APPLICATIONS,
            guards.refused_when(
                "billed_again_only_once_it_is_credited",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM milestones_nullification n WHERE n.rest_id = NEW.milestone_id)",
                "EXISTS (SELECT 1 FROM milestones_nullification n WHERE n.rest_id = NEW.milestone_id AND NOT EXISTS"
                " (SELECT 1 FROM invoicing_creditnote c WHERE c.nullification_id = n.id"
                " AND c.net + c.given_back = n.amount - n.unbilled))",
            ).seeing_all(),
            guards.refused_when(
                "a_statement_is_of_the_sides_of_its_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c"
                " WHERE c.id = NEW.contract_id AND c.currency = NEW.currency"
                " AND c.seller_id = NEW.seller_id AND c.buyer_id = NEW.buyer_id)",
                only="NEW.kind IN ('retention_release', 'late_charge', 'bonus')",
            ),
            guards.refused_when(
                "invoice_only_for_the_next_instalment_due",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_instalment i"
                " JOIN contracts_contract c ON c.id = i.contract_id WHERE i.id = NEW.instalment_id"
                " AND i.amount = NEW.net + NEW.recovered AND i.bills_on <= NEW.issued_on AND c.state = 'active'"
                " AND i.cancelled_at IS NULL AND NOT EXISTS (SELECT 1 FROM contracts_termination t"
                " WHERE t.contract_id = c.id AND t.state = 'noticed' AND t.effective_on <= i.bills_on)"
                " AND c.id = NEW.contract_id AND c.currency = NEW.currency"
                " AND c.seller_id = NEW.seller_id AND c.buyer_id = NEW.buyer_id"
                " AND NOT EXISTS (SELECT 1 FROM invoicing_instalment e WHERE e.line_id = i.line_id"
                " AND e.number < i.number AND NOT EXISTS (SELECT 1 FROM invoicing_invoice v"
                " WHERE v.instalment_id = e.id)))",
                only="NEW.instalment_id IS NOT NULL",
            ),
            guards.refused_when(
                "invoice_number_drawn_from_its_series",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_numberseries s WHERE s.organisation_id = NEW.seller_id"
                " AND s.prefix = NEW.series_prefix AND s.year = NEW.series_year"
                " AND s.last = NEW.series_position AND s.head = NEW.chain_sha256)",
            ).seeing_all(),
            guards.at_commit(
                "invoice_is_complete",
                guards.INSERT,
                # A milestone's invoice is no deposit's, and need not ask the plan.
                "IF NEW.kind = 'advance' OR NEW.instalment_id IS NOT NULL THEN"
                " IF (NEW.kind = 'advance') IS DISTINCT FROM (NEW.instalment_id IS NOT NULL AND EXISTS (SELECT 1"
                " FROM invoicing_instalment i JOIN contracts_planline p ON p.id = i.line_id"
                f" WHERE i.id = NEW.instalment_id AND p.recovery <> '')) THEN {INCOMPLETE} END IF;"
                " IF (SELECT (sum(l.net), -coalesce(sum(l.net) FILTER (WHERE l.advance_id IS NOT NULL), 0))"
                " FROM invoicing_invoiceline l WHERE l.invoice_id = NEW.id) IS DISTINCT FROM (NEW.net, NEW.recovered)"
                " OR NOT EXISTS (SELECT 1 FROM invoicing_openitem o WHERE o.invoice_id = NEW.id"
                " AND o.gross = NEW.gross AND o.retained = coalesce((SELECT sum(r.held) FROM invoicing_retention r"
                " WHERE r.invoice_id = NEW.id), 0))"
                " OR NOT EXISTS (SELECT 1 FROM invoicing_document d WHERE d.invoice_id = NEW.id)"
                f" THEN {INCOMPLETE}",
            ).seeing_all(),
            *OF_WHAT_IS_BESIDE,
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def billed(self) -> Milestone:
        """The milestone that this invoice bills; asking a statement of retention for one is an error."""
        if self.milestone is None:
            raise LookupError(f"{self.number} bills no milestone")
        return self.milestone

    @property
    def milestone_ever(self) -> Milestone | None:
        """The milestone that it bills, or billed until it was issued anew."""
        return self.milestone or self.replaced_milestone

    @property
    def worth(self) -> Decimal:
        """What it bills of the price, net of tax: before what it gives back of deposits."""
        return self.net + self.recovered

    @property
    def due_now(self) -> Decimal:
        """What of the total is payable by the due date; what is retained or withheld for defects is so later."""
        return self.gross - self.open_item.retained - self.open_item.reserved

    @property
    def is_release(self) -> bool:
        """Whether this asks for retention that was released, and no tax invoice."""
        return self.kind == InvoiceKind.RETENTION_RELEASE

    @property
    def is_late_charge(self) -> bool:
        """Whether this claims interest and fees for late payment, and is no tax invoice."""
        return self.kind == InvoiceKind.LATE_CHARGE

    @property
    def bills_supply(self) -> bool:
        """Whether it is a tax invoice."""
        return self.kind not in NO_SUPPLY

    @property
    def about(self) -> str:
        """What is billed, in the words of the plan. It reads ``milestone``, ``instalment`` and ``application``."""
        if self.kind in BESIDE_PLAN:
            return str(InvoiceKind(self.kind).label)
        if self.application is not None:
            return str(self.application)
        milestone = self.milestone_ever
        return milestone.title if milestone is not None else str(self.instalment)

    @property
    def cause_told(self) -> dict[str, Any]:
        """The same for the audit trail."""
        milestone = self.milestone_ever
        if milestone is not None:
            return {"milestone": milestone.ref}
        if self.application is not None:
            return {"application": self.application.ref}
        return {"instalment": self.instalment.ref} if self.instalment is not None else {}
