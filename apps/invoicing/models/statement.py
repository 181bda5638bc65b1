from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import BankAccount, Organisation, User


class StatementFileQuerySet(models.QuerySet["StatementFile"]):
    def visible_to(self, actor: Actor) -> "StatementFileQuerySet":
        """Those of the actor's organisation; a guest sees none."""
        return self.none() if actor.contract_id is not None else self.filter(organisation_id=actor.organisation_id)


class StatementFile(models.Model):
    """A file of bank statements that was imported, whole: once, however often it is uploaded.

    What was in it is kept, the file itself is not; ``sha256`` knows it again. ``account`` is the one that was chosen
    for a file that names none. ``brought`` transactions were new, ``known`` ones were there already.
    """

    class Format(models.TextChoices):
        CAMT = "camt.053", "camt.053"
        MT940 = "MT940", "MT940"
        CSV = "CSV", "CSV"

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(BankAccount, models.PROTECT, null=True, blank=True, related_name="+")
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    format = models.CharField(max_length=10, choices=Format.choices)
    brought = models.PositiveIntegerField()
    known = models.PositiveIntegerField()
    left_out = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    objects = StatementFileQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organisation", "sha256", "account", name="statement_file_imported_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="statement_file_names_its_hash"),
        ]
        indexes = [models.Index(fields=["organisation", "-id"], name="statement_file_of")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "a_statement_is_of_an_own_account",
                guards.INSERT,
                "NEW.account_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM parties_bankaccount a"
                " WHERE a.id = NEW.account_id AND a.organisation_id = NEW.organisation_id)",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class BankStatementQuerySet(models.QuerySet["BankStatement"]):
    def visible_to(self, actor: Actor) -> "BankStatementQuerySet":
        return self.none() if actor.contract_id is not None else self.filter(organisation_id=actor.organisation_id)


class BankStatement(models.Model):
    """One statement of one own account, as the bank made it: it adds up, or it was not imported.

    ``entries`` is the sum of all its transactions, also of those that another statement had brought before. A statement
    from a CSV file may have no balances.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    file = models.ForeignKey(StatementFile, models.PROTECT, related_name="statements")
    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="+")
    number = models.CharField(max_length=70, blank=True)
    currency = models.CharField(max_length=3)
    opened_on = models.DateField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    opening = models.DecimalField(_("opening balance"), max_digits=18, decimal_places=3, null=True, blank=True)
    closing = models.DecimalField(_("closing balance"), max_digits=18, decimal_places=3, null=True, blank=True)
    entries = models.DecimalField(max_digits=18, decimal_places=3)
    count = models.PositiveIntegerField()

    objects = BankStatementQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(opening__isnull=True, closing__isnull=True) | Q(closing=F("opening") + F("entries")),
                name="statement_adds_up",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "a_statement_is_of_its_file_and_account",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_statementfile f JOIN parties_bankaccount a"
                " ON a.organisation_id = f.organisation_id WHERE f.id = NEW.file_id"
                " AND f.organisation_id = NEW.organisation_id AND a.id = NEW.account_id"
                " AND a.currency = NEW.currency)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.number}"
