from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.ledger.models.account import Account
from apps.ledger.models.book import Book
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, actor: Actor) -> "EntryQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class Entry(models.Model):
    """A balanced set of lines with one cause. Append-only; corrected by an entry that reverses it, once.

    ``cause`` is unique in the book and so is the idempotency key of posting: the same event posts once.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    book = models.ForeignKey(Book, models.PROTECT, related_name="entries", db_index=False)
    cause = models.CharField(max_length=80)
    description = models.CharField(_("description"), max_length=200)
    booked_on = models.DateField(_("business date"))
    posted_at = models.DateTimeField()
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")

    objects = EntryQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [models.UniqueConstraint("book", "cause", name="cause_unique_per_book")]
        indexes = [models.Index("book", "booked_on", "id", name="entry_by_date")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "closed_period_refuses",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM ledger_book b WHERE b.id = NEW.book_id AND NEW.booked_on <= b.closed_through)",
            ).seeing_all(),
            guards.at_commit(
                "entry_has_lines",
                guards.INSERT,
                "IF (SELECT count(*) FROM ledger_line l WHERE l.entry_id = NEW.id) < 2"
                " THEN RAISE EXCEPTION 'entry % has fewer than two lines', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ).seeing_all(),
            guards.at_commit(
                "reversal_is_the_exact_negation",
                guards.INSERT,
                "IF EXISTS (SELECT 1 FROM ledger_line l"
                " WHERE l.entry_id IN (NEW.id, NEW.reverses_id) GROUP BY l.account_id, l.key HAVING sum(l.amount) <> 0)"
                " OR NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = NEW.reverses_id"
                " AND e.book_id = NEW.book_id)"
                " THEN RAISE EXCEPTION 'entry % does not reverse entry % exactly', NEW.id, NEW.reverses_id"
                " USING ERRCODE = 'check_violation'; END IF;",
                only="NEW.reverses_id IS NOT NULL",
            ),
        ]

    def __str__(self) -> str:
        return self.cause


class LineQuerySet(models.QuerySet["Line"]):
    def visible_to(self, actor: Actor) -> "LineQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class Line(models.Model):
    """One leg of an entry. ``amount`` is positive for debit, negative for credit, never zero.

    ``key`` names the sub-ledger: ``invoice:<ref>``, ``contract:<ref>``, ``tranche:<ref>``; empty where there is none.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="lines")
    account = models.ForeignKey(Account, models.PROTECT, related_name="lines")
    key = models.CharField(max_length=40, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=3)

    objects = LineQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="line_amount_not_zero")]
        indexes = [models.Index("account", "key", name="line_by_account_and_key")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "line_in_the_book_of_its_entry",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM ledger_entry e JOIN ledger_account a ON a.book_id = e.book_id"
                " WHERE e.id = NEW.entry_id AND a.id = NEW.account_id AND e.organisation_id = NEW.organisation_id)",
            ).seeing_all(),
            guards.at_commit(
                "entry_balances",
                guards.INSERT,
                "IF (SELECT sum(l.amount) FROM ledger_line l WHERE l.entry_id = NEW.entry_id) IS DISTINCT FROM 0"
                " THEN RAISE EXCEPTION 'entry % does not balance', NEW.entry_id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ).seeing_all(),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount}"
