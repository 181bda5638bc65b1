"""An invoice of which nobody is reminded for a while."""

from datetime import date

from django.db import models
from django.db.models import Q

from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.invoicing.models.invoice import Invoice
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class ReminderPauseQuerySet(models.QuerySet["ReminderPause"]):
    def visible_to(self, actor: Actor) -> "ReminderPauseQuerySet":
        return self.none() if actor.contract_id is not None else self.filter(seller_id=actor.organisation_id)

    def holding(self, *, today: date) -> "ReminderPauseQuerySet":
        """Those that hold on a day; the last one is ``until`` itself."""
        return self.filter(ended_at__isnull=True, until__gte=today)


class ReminderPause(models.Model):
    """The seller reminds of an invoice no more until a day has passed, and says why: an instalment plan, a talk, an
    outage at the buyer's. It is the seller's own affair. It ends by itself, or earlier because somebody ends it."""

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="reminder_pauses")
    seller = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    until = models.DateField()
    reason = models.CharField(max_length=400)
    paused_by_name = models.CharField(max_length=160)
    paused_at = models.DateTimeField()
    ended_by_name = models.CharField(max_length=160, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ReminderPauseQuerySet.as_manager()
    wall = walls.by_organisation("seller_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "invoice", condition=Q(ended_at__isnull=True), name="one_pause_of_reminders_per_invoice"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="pause_has_a_reason"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by_name="")
                | (Q(ended_at__isnull=False) & ~Q(ended_by_name="")),
                name="pause_ended_by_somebody",
            ),
        ]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when("TRUE", name="only_its_end_is_added", allow=("ended_by_name", "ended_at")),
            guards.frozen_when("OLD.ended_at IS NOT NULL", name="ended_once"),
            guards.refused_when(
                "paused_by_the_seller_of_the_invoice",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM invoicing_invoice i"
                " WHERE i.id = NEW.invoice_id AND i.seller_id = NEW.seller_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} until {self.until}"
