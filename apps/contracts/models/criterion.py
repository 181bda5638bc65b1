from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.criteria import NATURES, OBJECTIVE, SUBJECTIVE
from apps.contracts.models import dues
from apps.contracts.models.plan_line import PlanLine
from apps.core.database import guards, walls
from apps.parties.actor import Actor


class CriterionQuerySet(models.QuerySet["Criterion"]):
    def visible_to(self, actor: Actor) -> "CriterionQuerySet":
        return self.filter(line__in=PlanLine.objects.visible_to(actor))


class Nature(models.TextChoices):
    """Whether anybody can tell that it is met."""

    OBJECTIVE = OBJECTIVE, _("Objective")
    SUBJECTIVE = SUBJECTIVE, _("Subjective")


class Criterion(models.Model):
    """One sentence by which the buyer can tell that a milestone is complete."""

    line = models.ForeignKey(PlanLine, models.PROTECT, related_name="criteria", db_index=False)
    position = models.PositiveIntegerField()
    text = models.CharField(_("acceptance criterion"), max_length=500)
    needs_evidence = models.BooleanField(_("needs evidence"), default=False)
    nature = models.CharField(
        _("objective or subjective"), max_length=10, choices=Nature.choices, blank=True, default="", db_default=""
    )

    objects = CriterionQuerySet.as_manager()
    wall = walls.through("contracts_planline", "line_id")

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(
                fields=["line", "position"], name="criterion_positions_unique", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(condition=Q(nature__in=["", *NATURES]), name="criterion_is_of_a_nature"),
        ]
        triggers = [
            guards.frozen_when(
                "EXISTS (SELECT 1 FROM contracts_planline l JOIN contracts_contractversion v ON v.id = l.version_id"
                " WHERE l.id = OLD.line_id AND v.proposed_at IS NOT NULL)"
            ),
            guards.refused_when(
                "no_criterion_joins_a_proposed_version",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM contracts_planline l JOIN contracts_contractversion v ON v.id = l.version_id"
                " WHERE l.id = NEW.line_id AND v.proposed_at IS NOT NULL)",
            ),
            dues.ONLY_MILESTONES_HAVE_CRITERIA,
        ]

    def __str__(self) -> str:
        return self.text
