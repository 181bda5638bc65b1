import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.ledger.models.book import Book
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, actor: Actor) -> "AccountQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class Account(models.Model):
    """A control account of a book. ``one_sided`` accounts never change sign per sub-ledger key (bold in the chart)."""

    class Kind(models.TextChoices):
        ASSET = "asset", _("Asset")
        LIABILITY = "liability", _("Liability")
        INCOME = "income", _("Income")
        EXPENSE = "expense", _("Expense")

    class OneSided(models.TextChoices):
        NO = "", _("either sign")
        DEBIT = "debit", _("never in credit")
        CREDIT = "credit", _("never in debit")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    book = models.ForeignKey(Book, models.PROTECT, related_name="accounts", db_index=False)
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    one_sided = models.CharField(max_length=6, choices=OneSided.choices, default="", blank=True)

    objects = AccountQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("code",)
        constraints = [models.UniqueConstraint("book", "code", name="account_codes_unique")]
        triggers = [guards.never_deleted()]

    def __str__(self) -> str:
        return f"{self.code} {self.label}"

    @property
    def label(self) -> str:
        """What the account is called, in the reader's language."""
        return gettext(self.name)


class BalanceQuerySet(models.QuerySet["Balance"]):
    def visible_to(self, actor: Actor) -> "BalanceQuerySet":
        return self.filter(organisation_id=actor.organisation_id)

    def standing(self) -> "BalanceQuerySet":
        """What is not zero: found by an index of its own, because most keys come to nothing in the end."""
        return self.exclude(amount=0)


class Balance(models.Model):
    """The sum of all lines of an account for one sub-ledger key (an invoice, a contract, a tranche), kept as it grows.

    Positive is debit. A trigger holds the account's ``one_sided`` rule per row, at every posting: a CHECK cannot,
    because it would look at the increment that an upsert proposes and not at the balance that comes of it.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, related_name="balances", db_index=False)
    key = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=20, decimal_places=3)

    objects = BalanceQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint("account", "key", name="one_balance_per_key"),
        ]
        indexes = [models.Index("account", condition=~Q(amount=0), name="balances_that_stand")]
        triggers = [
            guards.never_deleted(),
            guards.Guard(
                name="one_sided_balance_keeps_its_sign",
                operation=guards.INSERT_OR_UPDATE,
                when=pgtrigger.After,
                func=(
                    "IF EXISTS (SELECT 1 FROM ledger_account a WHERE a.id = NEW.account_id"
                    " AND ((a.one_sided = 'debit' AND NEW.amount < 0) OR (a.one_sided = 'credit' AND NEW.amount > 0)))"
                    " THEN RAISE EXCEPTION 'account % would change its sign for %', NEW.account_id, NEW.key"
                    " USING ERRCODE = 'check_violation'; END IF; RETURN NULL;"
                ),
            ).seeing_all(),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.key}"
