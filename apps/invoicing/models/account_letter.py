"""Statements of account that were written down: one letter to a buyer, as PDF; and who gets one every month."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, IntegerField, Q

from apps.core.database import guards, walls
from apps.core.made import Made
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class AccountLetterQuerySet(models.QuerySet["AccountLetter"]):
    def visible_to(self, actor: Actor) -> "AccountLetterQuerySet":
        """The two whose account it is; no guest, who stands inside one contract."""
        if actor.contract_id is not None:
            return self.none()
        return self.filter(Q(seller_id=actor.organisation_id) | Q(buyer_id=actor.organisation_id))


class AccountLetter(Made):
    """A statement of account between a seller and a buyer, from ``since`` to ``until`` (both included), in a currency.

    ``snapshot`` is the canonical text of all that it says, as it was read when it was asked for: what happens later
    stands in the next one. ``asked_by`` is empty for the one that the seller's schedule writes every month.
    ``again_at`` are the instants at which somebody asked to mail it once more, ``sent_again`` how many of these went.
    """

    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    buyer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    since = models.DateField()
    until = models.DateField()
    asked_by = models.CharField(max_length=160, blank=True)
    snapshot = models.TextField()
    snapshot_sha256 = models.CharField(max_length=64)
    recipients = ArrayField(models.EmailField(), default=list)
    message_id = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    again_at = ArrayField(models.DateTimeField(), default=list)
    sent_again = models.PositiveSmallIntegerField(default=0, db_default=0)

    objects = AccountLetterQuerySet.as_manager()
    wall = walls.by_organisation("seller_id", "buyer_id").only("SELECT", "INSERT", "UPDATE")

    class Meta(Made.Meta):
        constraints = [
            *Made.Meta.constraints,
            models.UniqueConstraint(
                "seller",
                "buyer",
                "currency",
                "until",
                condition=Q(asked_by=""),
                name="each_month_of_an_account_is_written_once",
            ),
            models.CheckConstraint(condition=Q(since__lte=F("until")), name="account_letter_has_days"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, recipients=[], message_id="")
                | (Q(sent_at__isnull=False, state="ready") & ~Q(recipients=[]) & ~Q(message_id="")),
                name="account_letter_sent_to_somebody",
            ),
            models.CheckConstraint(
                condition=Q(sent_again__lte=Func(F("again_at"), function="cardinality", output_field=IntegerField())),
                name="sent_again_as_often_as_asked",
            ),
        ]
        indexes = [models.Index(fields=["seller", "buyer", "-id"], name="letters_of_an_account")]
        triggers = [
            guards.legal_steps(Made.TRANSITIONS),
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="what_it_says_is_frozen",
                allow=(
                    *("state", "requested_at", "made_at", "stored_as", "size", "sha256", "failure"),
                    *("recipients", "message_id", "sent_at", "again_at", "sent_again"),
                ),
            ),
            guards.frozen_when(
                "OLD.state = 'ready'",
                name="made_once",
                allow=("recipients", "message_id", "sent_at", "again_at", "sent_again"),
            ),
            guards.frozen_when("OLD.sent_at IS NOT NULL", name="sent_once", allow=("again_at", "sent_again")),
            guards.refused_when(
                "an_account_is_between_parties_of_a_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c WHERE c.seller_id = NEW.seller_id"
                " AND c.buyer_id = NEW.buyer_id AND c.currency = NEW.currency AND c.active_version_id IS NOT NULL)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.buyer_id} owes {self.seller_id}, {self.since} to {self.until}"


class AccountLetterScheduleQuerySet(models.QuerySet["AccountLetterSchedule"]):
    def visible_to(self, actor: Actor) -> "AccountLetterScheduleQuerySet":
        if actor.contract_id is not None:
            return self.none()
        return self.filter(seller_id=actor.organisation_id)


class AccountLetterSchedule(models.Model):
    """Whether a seller's buyers get a statement every month; without a row they get none.

    ``through`` is the last day up to which this is done: the months after it are written as soon as they are over.
    """

    seller = models.OneToOneField(Organisation, models.PROTECT, primary_key=True, related_name="+")
    is_on = models.BooleanField()
    through = models.DateField()
    set_by_name = models.CharField(max_length=160)
    set_at = models.DateTimeField()

    objects = AccountLetterScheduleQuerySet.as_manager()
    wall = walls.by_organisation("seller_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        triggers = [
            guards.never_deleted(),
            guards.refused_when("months_are_written_in_order", guards.UPDATE, "NEW.through < OLD.through"),
        ]

    def __str__(self) -> str:
        return f"{self.seller_id} {'monthly' if self.is_on else 'never'}"
