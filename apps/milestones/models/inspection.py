from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, Criterion
from apps.contracts.wall import by_sides
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.milestones.models.submission import Submission
from apps.parties.actor import Actor
from apps.parties.models import User


class InspectionQuerySet(models.QuerySet["Inspection"]):
    def visible_to(self, actor: Actor) -> "InspectionQuerySet":
        """For the two sides: a defect that the inspector names is told to the seller, and to nobody else."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))


class Inspection(models.Model):
    """What somebody of the buyer found who looks before anybody accepts. It decides nothing; the newest one counts."""

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="inspections")
    is_passed = models.BooleanField(help_text=_("every criterion is met"))
    comment = models.TextField(_("comment"), max_length=4_000, blank=True)
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("e-mail"))
    inspected_at = models.DateTimeField()
    address = models.CharField(_("network address"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    authenticated_by = models.CharField(max_length=120, blank=True)
    sha256 = models.CharField(max_length=64, help_text=_("of the submission's text that was shown"))

    objects = InspectionQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT")

    class Meta:
        ordering = ("pk",)
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "inspected_is_what_waits_as_it_was_shown",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_submission s WHERE s.id = NEW.submission_id"
                " AND s.contract_id = NEW.contract_id AND s.sha256 = NEW.sha256 AND s.state = 'submitted')",
            ),
            guards.at_commit(
                "inspection_says_what_its_verdicts_say",
                guards.INSERT,
                "IF NEW.is_passed = EXISTS (SELECT 1 FROM milestones_inspectionverdict v"
                " WHERE v.inspection_id = NEW.id AND NOT v.is_passed)"
                " THEN RAISE EXCEPTION 'inspection % contradicts its verdicts', NEW.id"
                " USING ERRCODE = 'check_violation'; END IF;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} by {self.name}"


class InspectionVerdictQuerySet(models.QuerySet["InspectionVerdict"]):
    def visible_to(self, actor: Actor) -> "InspectionVerdictQuerySet":
        return self.filter(inspection__in=Inspection.objects.visible_to(actor))


class InspectionVerdict(models.Model):
    """Pass or fail of one criterion in one inspection; a fail gives its reason."""

    inspection = models.ForeignKey(Inspection, models.PROTECT, related_name="verdicts", db_index=False)
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    is_passed = models.BooleanField()
    reason = models.TextField(_("what is missing"), max_length=2_000, blank=True)

    objects = InspectionVerdictQuerySet.as_manager()
    wall = walls.through("milestones_inspection", "inspection_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("inspection", "criterion", name="one_inspection_verdict_per_criterion"),
            models.CheckConstraint(condition=Q(is_passed=True) | ~Q(reason=""), name="a_found_defect_is_named"),
        ]
        triggers = guards.append_only()

    def __str__(self) -> str:
        return f"{self.criterion}: {self.is_passed}"
