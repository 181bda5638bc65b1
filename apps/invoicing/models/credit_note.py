from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.invoicing.models.anew_guards import CANCELS_WHAT_IS_ISSUED_ANEW
from apps.invoicing.models.invoice import BESIDE_PLAN, CREDITS, NO_SUPPLY, Invoice
from apps.invoicing.models.invoice_line import LEFT
from apps.milestones.models import Nullification
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User

MOST_SALES = 5
"""How often a receivable can be sold: each time but the last its money came back from the bank."""


class CreditNoteQuerySet(models.QuerySet["CreditNote"]):
    def visible_to(self, actor: Actor) -> "CreditNoteQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    # As with invoices: a side is a party to the contract, so these ask for no more.

    def of_seller(self, actor: Actor) -> "CreditNoteQuerySet":
        """What :meth:`visible_to` shows of the credit notes that the actor's organisation issued."""
        return self._of_link(actor).filter(seller_id=actor.organisation_id)

    def of_buyer(self, actor: Actor) -> "CreditNoteQuerySet":
        """What :meth:`visible_to` shows of the credit notes that were issued to the actor's organisation."""
        return self._of_link(actor).filter(buyer_id=actor.organisation_id)

    def of_supplies(self) -> "CreditNoteQuerySet":
        """Those that correct what was billed or lower what is owed of it: no waiver of interest for late payment, and
        no release of retention that is taken back."""
        return self.exclude(invoice__kind__in=NO_SUPPLY)

    def of_lines(self) -> "CreditNoteQuerySet":
        """Those that credit lines of an invoice of the plan: no damages and no back-charges, no bonus, no waiver."""
        return self.exclude(purpose__in=CHARGES).exclude(invoice__kind__in=BESIDE_PLAN)

    def _of_link(self, actor: Actor) -> "CreditNoteQuerySet":
        return self if actor.contract_id is None else self.filter(contract_id=actor.contract_id)


SOLD = (
    "EXISTS (SELECT 1 FROM ledger_entry e WHERE e.organisation_id = i.seller_id AND e.cause IN ('sale:' || i.ref, "
    + ", ".join(f"'sale:' || i.ref || ':{again}'" for again in range(2, MOST_SALES + 1))
    + ") AND NOT EXISTS (SELECT 1 FROM ledger_entry r WHERE r.reverses_id = e.id))"
)
"""Whether the receivable of an invoice ``i`` has left the seller's book: the money of a sale may have come back."""
PROMISED = (
    "EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.id = NEW.invoice_id AND EXISTS"
    " (SELECT 1 FROM invoicing_payeeinstruction p WHERE p.milestone_id = i.milestone_id AND p.revoked_at IS NULL"
    f" AND p.payee_id <> i.seller_id) AND NOT {SOLD})"
)
"""Somebody else is to be paid, and has not bought the receivable yet: nobody would bear what is credited."""
CHARGES: Final = ("damages", "back_charge")
BY_LINES: Final = "('correction', 'nullification', 'replacement')"
"""Purposes that credit no line of the invoice, and, as SQL, those that do."""
LINES_OF: Final = f"coalesce(sum(c.{{}}) FILTER (WHERE c.purpose IN {BY_LINES}), 0)"
"""A sum over the credit notes ``c`` that credit lines. SQL."""


class CreditNote(models.Model):
    """An issued invoice is corrected, whole or in part. A snapshot: it never changes once issued.

    Amounts are positive and in the invoice's currency. ``purpose`` says what becomes of the work: a *correction* of the
    price leaves the acceptance as it is; a *nullification* withdraws it, and that part of the milestone is billed again
    when it is accepted again; a *replacement* cancels a wrong invoice, which is issued anew
    in the same moment. ``given_back`` of the invoice's recovery of deposits goes back to them, net of tax: by so
    much less the credit note comes to. Damages and back-charges take from what is owed and credit no line of the
    invoice; what ``undoes`` such a note is its exact opposite, below zero. Numbered and chained in a series of its own,
    like invoices.
    """

    class Purpose(models.TextChoices):
        CORRECTION = "correction", _("Correction of the price")
        NULLIFICATION = "nullification", _("Acceptance withdrawn")
        REPLACEMENT = "replacement", _("Cancelled and issued anew")
        DAMAGES = "damages", _("Damages for delay")
        BACK_CHARGE = "back_charge", _("Back-charge")

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="credit_notes")
    nullification = models.OneToOneField(
        Nullification, models.PROTECT, null=True, blank=True, related_name="credit_note"
    )
    undoes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="undone_by")
    purpose = models.CharField(max_length=15, choices=Purpose.choices)
    reason = models.CharField(_("reason"), max_length=400)
    number = models.CharField(_("credit note number"), max_length=16)
    series_prefix = models.CharField(max_length=6)
    series_year = models.PositiveSmallIntegerField()
    series_position = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    net = models.DecimalField(_("net"), max_digits=18, decimal_places=3)
    tax = models.DecimalField(_("tax"), max_digits=18, decimal_places=3)
    gross = models.DecimalField(_("total"), max_digits=18, decimal_places=3)
    retained = models.DecimalField(max_digits=18, decimal_places=3, default=0, db_default=0)
    given_back = models.DecimalField(max_digits=18, decimal_places=3, default=0, db_default=0)
    issued_at = models.DateTimeField()
    issued_on = models.DateField(_("credit note date"))
    issued_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    issued_by_name = models.CharField(max_length=160)
    snapshot = models.TextField()
    snapshot_sha256 = models.CharField(max_length=64)
    chain_sha256 = models.CharField(max_length=64)

    objects = CreditNoteQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("seller", "number", name="credit_note_number_unique_per_seller"),
            models.UniqueConstraint(
                "seller",
                "series_prefix",
                "series_year",
                "series_position",
                name="credit_note_position_unique_in_series",
            ),
            models.CheckConstraint(condition=Q(series_prefix=CREDITS), name="credit_notes_have_their_own_series"),
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax")), name="credit_gross_is_net_and_tax"),
            models.CheckConstraint(
                condition=Q(undoes__isnull=True, net__gt=0, tax__gte=0, given_back__gte=0)
                | Q(undoes__isnull=True, net=0, tax=0, given_back__gt=0)
                | Q(undoes__isnull=False, net__lt=0, tax__lte=0, given_back=0, purpose__in=CHARGES),
                name="credit_amounts_positive",
            ),
            models.CheckConstraint(
                condition=Q(retained__gte=0, retained__lte=F("gross")) | Q(undoes__isnull=False, retained=0),
                name="retained_is_a_part_of_the_credit",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="credit_note_has_a_reason"),
            models.CheckConstraint(
                condition=Q(purpose="nullification", nullification__isnull=False)
                | Q(purpose__in=["correction", "replacement", *CHARGES], nullification__isnull=True),
                name="credited_for_one_purpose",
            ),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[A-Z0-9/-]{1,16}$"), name="credit_note_number_can_be_sent_and_typed"
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "-id"], name="credit_note_of_seller"),
            models.Index(fields=["buyer", "-id"], name="credit_note_of_buyer"),
            models.Index("contract", "id", name="credit_note_of_contract"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "credit_note_of_an_invoice_between_the_same",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.id = NEW.invoice_id"
                " AND (i.seller_id, i.buyer_id, i.contract_id, i.currency)"
                " = (NEW.seller_id, NEW.buyer_id, NEW.contract_id, NEW.currency) AND i.issued_on <= NEW.issued_on)",
            ),
            guards.refused_when(
                "nothing_promised_to_a_financier_is_credited", guards.INSERT, PROMISED, only="NEW.undoes_id IS NULL"
            ),
            guards.refused_when(
                "undone_by_its_exact_opposite",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_creditnote c WHERE c.id = NEW.undoes_id AND c.undoes_id IS NULL"
                " AND (c.invoice_id, c.purpose, c.net, c.tax)"
                " = (NEW.invoice_id, NEW.purpose, -NEW.net, -NEW.tax))",
                only="NEW.undoes_id IS NOT NULL",
            ),
            guards.refused_when(
                "credit_note_number_drawn_from_its_series",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_numberseries s WHERE s.organisation_id = NEW.seller_id"
                " AND s.prefix = NEW.series_prefix AND s.year = NEW.series_year"
                " AND s.last = NEW.series_position AND s.head = NEW.chain_sha256)",
            ),
            guards.refused_when(
                "nullified_as_both_sides_agreed",
                guards.INSERT,
                "NEW.nullification_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM milestones_nullification n"
                " JOIN invoicing_invoice i ON i.id = NEW.invoice_id AND (i.milestone_id = n.milestone_id OR EXISTS"
                " (SELECT 1 FROM invoicing_invoiceline l WHERE l.invoice_id = i.id"
                " AND l.milestone_id = n.milestone_id)) WHERE n.id = NEW.nullification_id"
                " AND n.state = 'granted' AND n.amount - n.unbilled = NEW.net + NEW.given_back)",
            ),
            guards.at_commit(
                "a_lowered_statement_is_kept_back_again",
                guards.INSERT,
                "IF EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.id = NEW.invoice_id"
                " AND i.kind = 'retention_release')"
                " AND NOT EXISTS (SELECT 1 FROM invoicing_retentionreturn b WHERE b.credit_note_id = NEW.id)"
                " THEN RAISE EXCEPTION 'credit note % lowers a statement of retention and nothing is kept back again',"
                " NEW.number USING ERRCODE = 'check_violation'; END IF;",
            ),
            CANCELS_WHAT_IS_ISSUED_ANEW,
            guards.at_commit(
                "no_deposit_is_credited_beyond_what_is_left",
                guards.INSERT,
                "IF EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.id = NEW.invoice_id AND i.kind = 'advance')"
                f" AND {LEFT.format(advance='NEW.invoice_id')} < 0"
                " THEN RAISE EXCEPTION 'more of deposit % is credited than is left of it', NEW.invoice_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "credits_never_exceed_their_invoice",
                guards.INSERT,
                "IF EXISTS (SELECT 1 FROM invoicing_invoice i CROSS JOIN LATERAL"
                f" (SELECT {LINES_OF.format('net')} AS net,"
                f" {LINES_OF.format('given_back')} AS given_back, {LINES_OF.format('tax')} AS tax,"
                " sum(c.gross) AS gross FROM invoicing_creditnote c WHERE c.invoice_id = i.id) c"
                " WHERE i.id = NEW.invoice_id AND (c.net > i.net OR c.tax > i.tax OR c.gross > i.gross"
                " OR c.given_back > i.recovered"
                " OR (c.net = i.net AND c.tax <> i.tax)))"
                " THEN RAISE EXCEPTION 'invoice % is credited beyond itself', NEW.invoice_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "credit_note_is_complete",
                guards.INSERT,
                f"IF NEW.purpose IN {BY_LINES}"
                " AND (SELECT (sum(l.net), -coalesce(sum(l.net) FILTER (WHERE l.net < 0), 0))"
                " FROM invoicing_creditnoteline l WHERE l.credit_note_id = NEW.id)"
                f" IS DISTINCT FROM (NEW.net, NEW.given_back) OR NEW.purpose NOT IN {BY_LINES}"
                " AND NOT EXISTS (SELECT 1 FROM invoicing_charge h"
                " WHERE NEW.id IN (h.credit_note_id, h.undone_by_id)) OR (SELECT o.credited FROM invoicing_openitem o"
                " WHERE o.invoice_id = NEW.invoice_id) IS DISTINCT FROM (SELECT sum(c.gross)"
                " FROM invoicing_creditnote c WHERE c.invoice_id = NEW.invoice_id)"
                " OR NOT EXISTS (SELECT 1 FROM invoicing_creditnotedocument d WHERE d.credit_note_id = NEW.id)"
                " THEN RAISE EXCEPTION 'credit note % lacks lines, a document, or its place on the open item',"
                " NEW.number USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def about(self) -> str:
        """What becomes of the work or, for a statement of retention, of the money. It reads ``invoice``."""
        return gettext("Retained again") if self.invoice.is_release else self.get_purpose_display()
