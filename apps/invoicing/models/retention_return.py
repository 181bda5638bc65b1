"""What was released of retention in error, and is kept back again."""

from django.db import models
from django.db.models import Q

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards, walls
from apps.invoicing.models.credit_note import CreditNote
from apps.invoicing.models.retention import SCHEDULE, Retention, RetentionRelease
from apps.parties.actor import Actor

AMOUNT = "(SELECT coalesce(sum(s.amount), 0) FROM invoicing_retentionreturnshare s WHERE s.back_id = {key})"


class RetentionReturnQuerySet(models.QuerySet["RetentionReturn"]):
    def visible_to(self, actor: Actor) -> "RetentionReturnQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class RetentionReturn(models.Model):
    """Both sides agreed that so much of a ``release`` was released in error: it is kept back again.

    ``credit_note`` lowers the statement that asked for it. It is a part of its own from then on: ``position`` is beyond
    those of the schedule, and it is released by itself on ``kept_until``, or else when the buyer says so.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="retention_returns", db_index=False)
    release = models.ForeignKey(RetentionRelease, models.PROTECT, related_name="returns")
    credit_note = models.OneToOneField(CreditNote, models.PROTECT, related_name="retention_return")
    position = models.PositiveSmallIntegerField()
    kind = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    kept_until = models.DateField(null=True, blank=True)
    returned_at = models.DateTimeField()

    objects = RetentionReturnQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        ordering = ("contract", "position")
        constraints = [
            models.UniqueConstraint("contract", "position", name="each_return_is_a_part_of_its_own"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_return_is_of_something"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "only_what_was_released_comes_back",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_creditnote n JOIN invoicing_retentionrelease l"
                " ON l.invoice_id = n.invoice_id WHERE n.id = NEW.credit_note_id AND l.id = NEW.release_id"
                " AND (l.contract_id, l.kind, l.currency) = (NEW.contract_id, NEW.kind, NEW.currency)"
                " AND (n.gross, n.issued_at) = (NEW.amount, NEW.returned_at))"
                " OR EXISTS (SELECT 1 FROM invoicing_retentionrelease l WHERE l.contract_id = NEW.contract_id"
                " AND l.position = NEW.position)"
                " OR EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_contractversion v"
                f" ON v.id = c.active_version_id, LATERAL {SCHEDULE} s WHERE c.id = NEW.contract_id"
                " AND s.position = NEW.position)",
            ),
            guards.refused_when(
                "kept_until_a_day_to_come",
                guards.INSERT,
                "NEW.kept_until <= (SELECT (NEW.returned_at AT TIME ZONE o.time_zone)::date FROM contracts_contract c"
                " JOIN parties_organisation o ON o.id = c.seller_id WHERE c.id = NEW.contract_id)",
                only="NEW.kept_until IS NOT NULL",
            ).seeing_all(),
            guards.at_commit(
                "kept_until_the_day_that_both_sides_agreed_on",
                guards.INSERT,
                # What they agreed on is the newest proposal of the dispute that the credit note settles.
                "IF NOT EXISTS (SELECT 1 FROM invoicing_disputedinvoice x JOIN milestones_disputeproposal p"
                " ON p.dispute_id = x.dispute_id WHERE x.credit_note_id = NEW.credit_note_id"
                " AND p.kept_until IS NOT DISTINCT FROM NEW.kept_until AND NOT EXISTS (SELECT 1"
                " FROM milestones_disputeproposal q WHERE q.dispute_id = p.dispute_id AND q.id > p.id))"
                " THEN RAISE EXCEPTION 'nobody agreed that part % is kept back until %', NEW.position, NEW.kept_until"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
            guards.at_commit(
                "what_comes_back_is_shared_out",
                guards.INSERT,
                f"IF NEW.amount <> {AMOUNT.format(key='NEW.id')}"
                " THEN RAISE EXCEPTION 'what comes back of release % differs from its shares', NEW.release_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id}, part {self.position}: {self.amount}"


class RetentionReturnShareQuerySet(models.QuerySet["RetentionReturnShare"]):
    def visible_to(self, actor: Actor) -> "RetentionReturnShareQuerySet":
        return self.filter(back__in=RetentionReturn.objects.visible_to(actor))


class RetentionReturnShare(models.Model):
    """How much of it is kept back again of one invoice: at most what the release had made due of that."""

    back = models.ForeignKey(RetentionReturn, models.PROTECT, related_name="shares", db_index=False)
    retention = models.ForeignKey(Retention, models.PROTECT, related_name="return_shares")
    amount = models.DecimalField(max_digits=18, decimal_places=3)

    objects = RetentionReturnShareQuerySet.as_manager()
    wall = walls.through("invoicing_retentionreturn", "back_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("back", "retention", name="one_share_per_return_and_invoice"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="return_share_positive"),
        ]
        triggers = [
            *guards.append_only(),
            guards.at_commit(
                "no_more_comes_back_than_was_released",
                guards.INSERT,
                "IF NOT EXISTS (SELECT 1 FROM invoicing_retentionreturn b JOIN invoicing_retentionshare s"
                " ON s.release_id = b.release_id AND s.retention_id = NEW.retention_id WHERE b.id = NEW.back_id"
                " AND s.amount >= (SELECT sum(e.amount) FROM invoicing_retentionreturnshare e"
                " JOIN invoicing_retentionreturn o ON o.id = e.back_id WHERE o.release_id = b.release_id"
                " AND e.retention_id = NEW.retention_id))"
                f" OR {AMOUNT.format(key='NEW.back_id')} IS DISTINCT FROM"
                " (SELECT b.amount FROM invoicing_retentionreturn b WHERE b.id = NEW.back_id)"
                " OR (SELECT r.released FROM invoicing_retention r WHERE r.id = NEW.retention_id) IS DISTINCT FROM"
                " (SELECT coalesce(sum(s.amount), 0) FROM invoicing_retentionshare s"
                " WHERE s.retention_id = NEW.retention_id) - (SELECT sum(e.amount)"
                " FROM invoicing_retentionreturnshare e WHERE e.retention_id = NEW.retention_id)"
                " THEN RAISE EXCEPTION 'more comes back of retention % than was released', NEW.retention_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.retention_id}"
