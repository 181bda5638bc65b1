from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.made import Made
from apps.ledger.models.book import Book
from apps.ledger.models.entry import Entry
from apps.ledger.rules import XERO_LINES
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class EntryNumberQuerySet(models.QuerySet["EntryNumber"]):
    def visible_to(self, actor: Actor) -> "EntryNumberQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class EntryNumber(models.Model):
    """The number of an entry in its book: given for good when its period is exported for the first time, without gaps.

    An entry gets none when it is posted, or all postings of a book would wait for each other.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    book = models.ForeignKey(Book, models.PROTECT, related_name="+", db_index=False)
    entry = models.OneToOneField(Entry, models.PROTECT, related_name="numbered")
    number = models.PositiveBigIntegerField()

    objects = EntryNumberQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("book", "number", name="entry_numbers_unique"),
            models.CheckConstraint(condition=Q(number__gt=0), name="entry_numbers_count_from_one"),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_together(
                "number_in_the_book_of_its_entry",
                "SELECT 1 FROM added a LEFT JOIN ledger_entry e ON e.id = a.entry_id"
                " WHERE e.book_id IS DISTINCT FROM a.book_id OR e.organisation_id IS DISTINCT FROM a.organisation_id",
            ),
            guards.refused_together(
                "numbers_have_no_gap",
                "SELECT 1 FROM (SELECT book_id, min(number) AS first, max(number) AS last, count(*) AS many FROM added"
                " GROUP BY book_id) a WHERE a.last - a.first + 1 <> a.many OR a.first - 1 <> coalesce((SELECT"
                " max(n.number) FROM ledger_entrynumber n WHERE n.book_id = a.book_id AND n.number < a.first), 0)",
            ),
        ]

    def __str__(self) -> str:
        return str(self.number)


class Package(models.TextChoices):
    """Accounting programs whose charts are their users' own."""

    DATEV = "datev", "DATEV"
    XERO = "xero", "Xero"
    QUICKBOOKS = "quickbooks", "QuickBooks"


class OwnAccountsQuerySet(models.QuerySet["OwnAccounts"]):
    def visible_to(self, actor: Actor) -> "OwnAccountsQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class OwnAccounts(models.Model):
    """Which account of an organisation's own chart each of ours is, in one program; and what else that program asks."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    package = models.CharField(max_length=12, choices=Package.choices)
    accounts = models.JSONField(default=dict, help_text=_("our code to the organisation's account"))
    details = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    objects = OwnAccountsQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [models.UniqueConstraint("organisation", "package", name="own_accounts_once_per_package")]
        triggers = [guards.never_deleted()]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.package}"


class ExportFormat(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "XLSX"
    DATEV = "datev", "DATEV"
    XERO = "xero", "Xero"
    QUICKBOOKS = "quickbooks", "QuickBooks"


class JournalExportQuerySet(models.QuerySet["JournalExport"]):
    def visible_to(self, actor: Actor) -> "JournalExportQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


FROZEN_LATER: Final = (
    "state", "requested_at", "made_at", "stored_as", "size", "sha256", "failure", "replaced", "done_lines",
)  # fmt: skip


class JournalExport(Made):
    """The journal of one book and period in one format, as it stood when somebody asked for it.

    What makes the bytes is fixed with the row: the entries whose number is at most ``numbered_through``, the accounts
    and the details. ``numbers`` tells their numbers as ranges; ``debit`` and ``credit`` are the totals of all lines and
    equal. ``replaced`` counts characters that the format's encoding lacks.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    book = models.ForeignKey(Book, models.PROTECT, related_name="exports")
    format = models.CharField(max_length=12, choices=ExportFormat.choices)
    starts_on = models.DateField()
    ends_on = models.DateField()
    accounts = models.JSONField(default=dict)
    details = models.JSONField(default=dict)
    numbered_through = models.PositiveBigIntegerField()
    numbers = models.TextField()
    entries = models.PositiveIntegerField()
    lines = models.PositiveIntegerField()
    debit = models.DecimalField(max_digits=24, decimal_places=3)
    credit = models.DecimalField(max_digits=24, decimal_places=3)
    replaced = models.PositiveIntegerField(default=0)
    done_lines = models.PositiveIntegerField(default=0)

    objects = JournalExportQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT", "UPDATE")

    class Meta(Made.Meta):
        constraints = [
            *Made.Meta.constraints,
            models.CheckConstraint(condition=Q(debit=F("credit"), debit__gt=0), name="exports_balance"),
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="export_begins_before_it_ends"),
        ]
        triggers = [
            *Made.Meta.triggers,
            guards.refused_when(
                "an_export_is_of_ones_own_book",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM ledger_book b WHERE b.id = NEW.book_id"
                " AND b.organisation_id = NEW.organisation_id)",
            ),
            guards.frozen_when("TRUE", name="what_is_exported_is_frozen", allow=FROZEN_LATER),
        ]

    def __str__(self) -> str:
        return f"{self.format} {self.starts_on} {self.ends_on}"

    @property
    def ending(self) -> str:
        """Of the file's name; what Xero takes only in several files is a ZIP of them."""
        if self.format == ExportFormat.XERO and self.lines > XERO_LINES:
            return "zip"
        return "xlsx" if self.format == ExportFormat.XLSX else "csv"

    @property
    def file_name(self) -> str:
        """The name of the file: what it is of, and, for DATEV, the beginning that DATEV asks for."""
        first = "EXTF_Buchungsstapel" if self.format == ExportFormat.DATEV else f"journal-{self.format}"
        return f"{first}-{self.book.currency}-{self.starts_on}-{self.ends_on}.{self.ending}"

    def is_dropped(self, *, now: datetime) -> bool:
        """Whether it was there, and its bytes were kept long enough: the same can be made anew."""
        return self.made_at is not None and self.made_at + timedelta(days=settings.PACK_KEPT_DAYS) <= now
