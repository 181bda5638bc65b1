from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts import retention
from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.invoicing.models.invoice import Invoice
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class RetentionQuerySet(models.QuerySet["Retention"]):
    def visible_to(self, actor: Actor) -> "RetentionQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def kept(self) -> "RetentionQuerySet":
        """Those of which something is still kept back."""
        return self.filter(held__gt=F("released"))


SCHEDULE = (
    "(SELECT k.place AS kind, row_number() OVER (ORDER BY k.place, r.place) AS position"
    " FROM jsonb_array_elements(jsonb_build_array(v.retention) || coalesce(v.retention -> 'further', '[]'))"
    " WITH ORDINALITY k(terms, place), jsonb_array_elements(k.terms -> 'releases') WITH ORDINALITY r(part, place))"
)
"""The parts of the schedule that a version ``v`` agrees on, of one kind after the other."""
SHARES = "(SELECT coalesce(sum(s.amount), 0) FROM invoicing_retentionshare s WHERE s.{column} = {key})"
RETURNED = "(SELECT coalesce(sum(b.amount), 0) FROM invoicing_retentionreturnshare b WHERE b.retention_id = {key})"
"""What came back of what was released of one retention: released in error, as both sides agreed."""
APART = (
    "(SELECT coalesce(sum(e.amount), 0) FROM invoicing_retentionreturnshare e JOIN invoicing_retentionreturn b"
    " ON b.id = e.back_id WHERE e.retention_id = {key} AND NOT EXISTS (SELECT 1 FROM invoicing_retentionrelease l"
    " WHERE l.contract_id = b.contract_id AND l.position = b.position))"
)
"""What of that was not released again: all of it is kept back, or where a credit note took of it, all that still is."""


OWN = (
    "(SELECT CASE WHEN b.id IS NULL THEN r.held - r.released - r.returned ELSE least(e.amount, r.returned"
    " - (SELECT coalesce(sum(f.amount), 0) FROM invoicing_retentionreturnshare f JOIN invoicing_retentionreturn a"
    " ON a.id = f.back_id AND a.position > b.position WHERE f.retention_id = r.id AND NOT EXISTS (SELECT 1"
    " FROM invoicing_retentionrelease m WHERE m.contract_id = a.contract_id AND m.position = a.position))) END"
    " FROM invoicing_retention r JOIN invoicing_retentionrelease l ON l.id = NEW.release_id"
    " LEFT JOIN invoicing_retentionreturn b ON b.contract_id = l.contract_id AND b.position = l.position"
    " LEFT JOIN invoicing_retentionreturnshare e ON e.back_id = b.id AND e.retention_id = r.id"
    " WHERE r.id = NEW.retention_id)"
)
"""What a share may release, before the retention says so too: of a part that was agreed what did not come back, of one
that came back what of it no credit note took: whatever came back later is whole."""


class Retention(models.Model):
    """What the buyer keeps back of one invoice for one kind of retention: a ledger of its own, since it is not due and
    so is no open item.

    ``kind`` counts the kinds that were agreed from 1. ``held`` was withheld when the invoice was issued, less what of
    it was credited since; ``released`` of it has become due. ``returned`` was released in error and is kept back again,
    for a release of its own. ``carried`` could not be withheld of it, and is withheld of a later one; negative where
    too much was before.
    """

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="retentions", db_index=False)
    kind = models.PositiveSmallIntegerField(_("kind"), default=1, db_default=1)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="retentions")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    held = models.DecimalField(_("withheld"), max_digits=18, decimal_places=3)
    released = models.DecimalField(_("released"), max_digits=18, decimal_places=3, default=0)
    returned = models.DecimalField(_("kept back again"), max_digits=18, decimal_places=3, default=0, db_default=0)
    carried = models.DecimalField(_("carried"), max_digits=18, decimal_places=3, default=0, db_default=0)

    objects = RetentionQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(held__gte=0, released__gte=0, released__lte=F("held")),
                name="released_is_at_most_what_was_withheld",
            ),
            models.CheckConstraint(
                condition=Q(returned__gte=0, returned__lte=F("held") - F("released")),
                name="what_came_back_is_withheld",
            ),
            models.UniqueConstraint("invoice", "kind", name="each_kind_is_withheld_once"),
        ]
        indexes = [
            models.Index("contract", "id", name="retention_of_contract"),
            models.Index("seller", "contract", condition=Q(held__gt=F("released")), name="retention_kept_of_seller"),
            models.Index("buyer", "contract", condition=Q(held__gt=F("released")), name="retention_kept_by_buyer"),
        ]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE", name="only_what_is_released_or_credited_changes", allow=("released", "returned", "held")
            ),
            guards.refused_when("a_retention_is_of_something", guards.INSERT, "NEW.held = 0 AND NEW.carried = 0"),
            guards.refused_when(
                "nothing_is_withheld_of_an_invoice_on_paper",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM invoicing_document d WHERE d.invoice_id = NEW.invoice_id"
                " AND d.state <> 'rendering')",
            ),
            guards.refused_when("nothing_more_is_withheld_later", guards.UPDATE, "NEW.held > OLD.held"),
            guards.refused_when(
                "what_is_released_stays_so_unless_it_comes_back",
                guards.UPDATE,
                "(NEW.released < OLD.released OR NEW.returned > OLD.returned)"
                " AND NEW.released + NEW.returned <> OLD.released + OLD.returned",
            ),
            guards.refused_when(
                "what_agreed_parts_release_never_grows",
                guards.UPDATE,
                "NEW.held - NEW.released - NEW.returned > OLD.held - OLD.released - OLD.returned",
            ),
            guards.at_commit(
                "released_is_what_was_shared_out",
                guards.INSERT_OR_UPDATE,
                "IF NOT EXISTS (SELECT 1 FROM invoicing_retention r WHERE r.id = NEW.id"
                f" AND r.released = {SHARES.format(column='retention_id', key='r.id')} - {RETURNED.format(key='r.id')}"
                f" AND r.returned = least({APART.format(key='r.id')}, r.held - r.released))"
                " OR NOT EXISTS (SELECT 1 FROM invoicing_openitem o JOIN invoicing_invoice i ON i.id = o.invoice_id"
                " WHERE i.id = NEW.invoice_id AND i.kind IN ('milestone', 'application') AND o.retained ="
                " (SELECT sum(k.held) FROM invoicing_retention k WHERE k.invoice_id = i.id)"
                " AND (i.contract_id, i.seller_id, i.buyer_id, i.currency)"
                " = (NEW.contract_id, NEW.seller_id, NEW.buyer_id, NEW.currency))"
                " THEN RAISE EXCEPTION 'the retention of invoice % differs from its open item or its releases',"
                " NEW.invoice_id USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.held} withheld, {self.released} released"

    @property
    def releasable(self) -> Decimal:
        """What the parts that were agreed still release of it."""
        return self.held - self.released - self.returned


class RetentionReleaseQuerySet(models.QuerySet["RetentionRelease"]):
    def visible_to(self, actor: Actor) -> "RetentionReleaseQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class RetentionRelease(models.Model):
    """A part of a contract's retention became due: once for each part of the schedule that was agreed.

    ``position`` counts the parts of the schedule from 1, one kind of retention after the other, ``kind`` is which;
    beyond them count those that came back (:class:`~apps.invoicing.models.retention_return.RetentionReturn`).
    ``event`` is what made it due: what was agreed, or the buyer who released it earlier. ``invoice`` is the statement
    by which the buyer is asked for it.
    """

    class Event(models.TextChoices):
        COMPLETION = retention.COMPLETION, _("Last milestone accepted")
        MILESTONE = retention.MILESTONE, _("Milestone accepted")
        DATE = retention.DATE, _("Date reached")
        BUYER = retention.BUYER, _("Released by the buyer")
        SELLER = retention.SELLER, _("Called by the seller")

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="retention_releases", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = models.PositiveSmallIntegerField(_("kind"), default=1, db_default=1)
    event = models.CharField(max_length=10, choices=Event.choices)
    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="retention_release")
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(_("released"), max_digits=18, decimal_places=3)
    released_on = models.DateField(_("released on"))
    released_at = models.DateTimeField()
    released_by_name = models.CharField(max_length=160, blank=True)

    objects = RetentionReleaseQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        ordering = ("contract", "id")
        constraints = [
            models.UniqueConstraint("contract", "position", name="each_part_is_released_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, position__gt=0, event__in=retention.EVENTS),
                name="a_release_is_of_something",
            ),
            models.CheckConstraint(
                condition=Q(event__in=["buyer", "seller"]) ^ Q(released_by_name=""),
                name="who_released_is_named",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "only_what_was_agreed_is_released",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_contractversion v"
                f" ON v.id = c.active_version_id, LATERAL {SCHEDULE} s WHERE c.id = NEW.contract_id"
                " AND c.currency = NEW.currency AND s.position = NEW.position AND s.kind = NEW.kind)",
                "NOT EXISTS (SELECT 1 FROM invoicing_retentionreturn b WHERE b.contract_id = NEW.contract_id"
                " AND (b.position, b.kind, b.currency) = (NEW.position, NEW.kind, NEW.currency)"
                " AND b.amount >= NEW.amount)",
            ),
            guards.at_commit(
                "a_release_is_shared_out_and_asked_for",
                guards.INSERT,
                f"IF NEW.amount <> {SHARES.format(column='release_id', key='NEW.id')}"
                " OR NOT EXISTS (SELECT 1 FROM invoicing_invoice i WHERE i.id = NEW.invoice_id"
                " AND i.contract_id = NEW.contract_id AND i.kind = 'retention_release' AND i.gross = NEW.amount)"
                " THEN RAISE EXCEPTION 'release % differs from its shares or its statement', NEW.ref"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id}, part {self.position}: {self.amount}"


class RetentionShareQuerySet(models.QuerySet["RetentionShare"]):
    def visible_to(self, actor: Actor) -> "RetentionShareQuerySet":
        return self.filter(release__in=RetentionRelease.objects.visible_to(actor))


class RetentionShare(models.Model):
    """How much of what was withheld of one invoice a release made due."""

    release = models.ForeignKey(RetentionRelease, models.PROTECT, related_name="shares", db_index=False)
    retention = models.ForeignKey(Retention, models.PROTECT, related_name="shares")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=3)

    objects = RetentionShareQuerySet.as_manager()
    wall = walls.through("invoicing_retentionrelease", "release_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("release", "retention", name="one_share_per_release_and_invoice"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="retention_share_positive"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "a_share_is_of_an_invoice_of_the_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_retention r JOIN invoicing_retentionrelease l"
                " ON l.contract_id = r.contract_id AND l.kind = r.kind"
                " WHERE r.id = NEW.retention_id AND l.id = NEW.release_id)",
            ),
            guards.refused_when("a_part_releases_what_is_its_own", guards.INSERT, f"NEW.amount > coalesce({OWN}, 0)"),
            guards.at_commit(
                "a_share_counts_as_released",
                guards.INSERT,
                f"IF {SHARES.format(column='retention_id', key='NEW.retention_id')}"
                f" - {RETURNED.format(key='NEW.retention_id')}"
                " IS DISTINCT FROM (SELECT r.released FROM invoicing_retention r WHERE r.id = NEW.retention_id)"
                f" OR {SHARES.format(column='release_id', key='NEW.release_id')}"
                " IS DISTINCT FROM (SELECT l.amount FROM invoicing_retentionrelease l WHERE l.id = NEW.release_id)"
                " THEN RAISE EXCEPTION 'the shares of release % differ from it or from what is released',"
                " NEW.release_id USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.retention_id}"
