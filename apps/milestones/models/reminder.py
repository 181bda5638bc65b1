from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.milestones.models.submission import Submission
from apps.parties.actor import Actor


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def visible_to(self, actor: Actor) -> "ReminderQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class Reminder(models.Model):
    """That a review was reminded of: each kind at most once for a deadline, and never once it is decided."""

    class Kind(models.TextChoices):
        HALFWAY = "halfway", _("Half of the review is over")
        TWO_DAYS = "two_days", _("Two days are left")
        LAST_DAY = "last_day", _("The last day")
        PASSED = "passed", _("The review is over")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="reminders", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reminded_at = models.DateTimeField()
    review_due_at = models.DateTimeField(null=True)

    objects = ReminderQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "submission", "kind", "review_due_at", name="one_reminder_of_a_kind", nulls_distinct=False
            )
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "only_a_review_that_runs_is_reminded_of",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_submission s WHERE s.id = NEW.submission_id"
                " AND s.contract_id = NEW.contract_id AND s.state = 'submitted' AND s.notified_at IS NOT NULL"
                " AND s.suspended_at IS NULL AND s.review_due_at = NEW.review_due_at)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} {self.kind}"
