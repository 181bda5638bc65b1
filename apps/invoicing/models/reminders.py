"""When a seller's buyers are reminded of what is overdue."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.core.database import guards, walls
from apps.parties.actor import Actor
from apps.parties.models import Organisation


class ReminderScheduleQuerySet(models.QuerySet["ReminderSchedule"]):
    def visible_to(self, actor: Actor) -> "ReminderScheduleQuerySet":
        return self.filter(seller_id=actor.organisation_id)


class ReminderSchedule(models.Model):
    """On which days after the due date a seller reminds, in ascending order; none means that nobody is reminded.

    Without a row it is the same: whoever never asked for reminders sends none.
    """

    seller = models.OneToOneField(Organisation, models.PROTECT, primary_key=True, related_name="+")
    days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    set_by_name = models.CharField(max_length=160)
    set_at = models.DateTimeField()

    objects = ReminderScheduleQuerySet.as_manager()
    wall = walls.by_organisation("seller_id").only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(days__len__lte=5) | Q(days=[]), name="at_most_five_reminders"),
        ]
        triggers = [guards.never_deleted()]

    def __str__(self) -> str:
        return f"{self.seller_id}: {self.days}"
