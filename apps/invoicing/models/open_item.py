"""What is owed on an invoice now."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core import days
from apps.core.database import guards
from apps.invoicing.models.invoice import Invoice
from apps.invoicing.models.open_sum import told_by_items
from apps.invoicing.models.payment_document import WAITS
from apps.parties.actor import Actor
from apps.parties.models import Organisation

PAYABLE = F("open") - Least("open", "disputed")
"""What is open and not in dispute, for a sum over open items."""
STANDS = (
    "(SELECT coalesce(sum(w.gross), 0) FROM invoicing_withholding w"
    " WHERE w.invoice_id = {invoice} AND w.released_at IS NULL)"
)
"""What is withheld of an invoice now, by its reservations; SQL over the id of the invoice."""


class OpenItemQuerySet(models.QuerySet["OpenItem"]):
    def visible_to(self, actor: Actor) -> "OpenItemQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def of_buyer(self, actor: Actor) -> "OpenItemQuerySet":
        """What :meth:`visible_to` shows of what the actor's organisation owes: a buyer is a party to the contract."""
        owed = self.filter(buyer_id=actor.organisation_id)
        return owed if actor.contract_id is None else owed.filter(contract_id=actor.contract_id)

    def open(self) -> "OpenItemQuerySet":
        return self.filter(open__gt=0)


class OpenItem(models.Model):
    """What is owed on an invoice now; kept as payments are allocated and credit notes issued, so that no list has to
    add up history.

    What is ``retained`` is owed later, by a statement of its own, and is never open here; it falls by what of it is
    credited. One that awaits documents is open, and due on a day that nobody knows yet. What is ``reserved`` is
    withheld for defects that the buyer named when it accepted, and opens as they are settled;
    ``due_on`` is later then, if nothing else was open, until a payment of what had been due before is taken
    back. What is ``disputed`` (tax included) is open as ever and not asked for while the dispute lasts.
    """

    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="open_item")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    due_on = models.DateField()
    gross = models.DecimalField(max_digits=18, decimal_places=3)
    retained = models.DecimalField(max_digits=18, decimal_places=3, default=0, db_default=0)
    reserved = models.DecimalField(max_digits=18, decimal_places=3, default=0, db_default=0)
    paid = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    credited = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    open = models.DecimalField(max_digits=18, decimal_places=3)
    disputed = models.DecimalField(max_digits=18, decimal_places=3, default=0, db_default=0)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = OpenItemQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(open=F("gross") - F("retained") - F("reserved") - F("credited") - F("paid")),
                name="open_is_gross_less_retained_reserved_credited_and_paid",
            ),
            models.CheckConstraint(
                condition=Q(open__gte=0, paid__gte=0, credited__gte=0, retained__gte=0)
                & (Q(retained=0) | Q(retained__lt=F("gross"))),
                name="never_paid_more_than_owed",
            ),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="nothing_is_reserved_below_nothing"),
            models.CheckConstraint(
                condition=Q(disputed__gte=0, disputed__lte=F("gross")), name="disputed_is_a_part_of_the_invoice"
            ),
            models.CheckConstraint(
                condition=Q(open=0, settled_at__isnull=False) | (Q(open__gt=0) & Q(settled_at__isnull=True)),
                name="settled_when_nothing_is_open",
            ),
        ]
        indexes = [
            models.Index("seller", "due_on", condition=Q(open__gt=0), name="open_items_of_seller"),
            models.Index("buyer", "due_on", "id", condition=Q(open__gt=0), name="open_items_of_buyer"),
            models.Index(fields=["seller", "-invoice"], condition=Q(open__gt=0), name="open_of_seller_newest_first"),
            models.Index(fields=["buyer", "-invoice"], condition=Q(open__gt=0), name="open_of_buyer_newest_first"),
        ]
        triggers = [
            *told_by_items(),
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="only_what_is_paid_credited_or_disputed_changes",
                allow=("paid", "credited", "open", "disputed", "reserved", "retained", "settled_at", "due_on"),
            ),
            guards.refused_when(
                "due_later_only_with_what_was_reserved",
                guards.UPDATE,
                "NEW.reserved > OLD.reserved OR (NEW.due_on <> OLD.due_on"
                " AND NOT (NEW.due_on > OLD.due_on AND NEW.reserved < OLD.reserved AND OLD.open = 0)"
                # A payment that is taken back leaves owed what had been due on the day that was agreed.
                f" AND NOT (NEW.paid < OLD.paid AND OLD.due_on <> '{days.NOT_YET.isoformat()}'"
                " AND NEW.due_on = (SELECT i.due_on FROM invoicing_invoice i"
                " WHERE i.id = NEW.invoice_id))"
                # With the last document that it waited for it has a day.
                f" AND NOT (OLD.due_on = '{days.NOT_YET.isoformat()}'"
                f" AND NOT {WAITS.format(invoice='NEW.invoice_id')}))",
            ),
            guards.refused_when(
                "retained_falls_only_by_what_is_credited",
                guards.UPDATE,
                "NEW.retained > OLD.retained OR OLD.retained - NEW.retained > NEW.credited - OLD.credited"
                " AND NEW.retained <> OLD.retained",
            ),
            guards.at_commit(
                "reserved_is_what_its_reservations_say",
                guards.INSERT_OR_UPDATE,
                # Most invoices have none, and whoever withholds something is checked with that.
                "IF NEW.reserved <> 0 OR coalesce(OLD.reserved, 0) <> 0 THEN"
                f" IF {STANDS.format(invoice='NEW.invoice_id')}"
                " IS DISTINCT FROM (SELECT o.reserved FROM invoicing_openitem o WHERE o.id = NEW.id)"
                " THEN RAISE EXCEPTION 'open item of invoice % differs from its reservations', NEW.invoice_id"
                " USING ERRCODE = 'check_violation'; END IF; END IF;",
            ),
            guards.at_commit(
                "credited_is_what_was_issued",
                guards.INSERT_OR_UPDATE,
                # A credit note checks the same of itself.
                "IF NEW.credited <> 0 OR coalesce(OLD.credited, 0) <> 0 THEN"
                " IF (SELECT coalesce(sum(c.gross), 0) FROM invoicing_creditnote c"
                " WHERE c.invoice_id = NEW.invoice_id)"
                " IS DISTINCT FROM (SELECT o.credited FROM invoicing_openitem o WHERE o.id = NEW.id)"
                " THEN RAISE EXCEPTION 'open item of invoice % differs from its credit notes', NEW.invoice_id"
                " USING ERRCODE = 'check_violation'; END IF; END IF;",
            ),
            guards.at_commit(
                "disputed_is_what_its_disputes_say",
                guards.INSERT_OR_UPDATE,
                "IF (SELECT coalesce(sum(x.gross), 0) FROM invoicing_disputedinvoice x"
                " JOIN milestones_dispute d ON d.id = x.dispute_id AND d.state IN ('open', 'proposed')"
                " WHERE x.invoice_id = NEW.invoice_id)"
                " IS DISTINCT FROM (SELECT o.disputed FROM invoicing_openitem o WHERE o.id = NEW.id)"
                " THEN RAISE EXCEPTION 'open item of invoice % differs from its disputes', NEW.invoice_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ).seeing_all(),
            guards.at_commit(
                "paid_is_what_was_allocated",
                guards.INSERT_OR_UPDATE,
                # So does an allocation.
                "IF NEW.paid <> 0 OR coalesce(OLD.paid, 0) <> 0 THEN"
                " IF (SELECT coalesce(sum(a.amount), 0) FROM invoicing_allocation a"
                " WHERE a.invoice_id = NEW.invoice_id)"
                " IS DISTINCT FROM (SELECT o.paid FROM invoicing_openitem o WHERE o.id = NEW.id)"
                " THEN RAISE EXCEPTION 'open item of invoice % differs from its allocations', NEW.invoice_id"
                " USING ERRCODE = 'check_violation'; END IF; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.open} open"

    @property
    def awaits_documents(self) -> bool:
        """Whether it is not due because the buyer has not confirmed the documents that come before payment."""
        return self.due_on == days.NOT_YET

    @property
    def disputed_open(self) -> Decimal:
        """What of it is open and in dispute: nobody asks for it now."""
        return min(self.disputed, self.open)

    @property
    def payable(self) -> Decimal:
        """What is open and not in dispute."""
        return self.open - self.disputed_open
