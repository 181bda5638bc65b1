from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, Criterion, GuestGrant
from apps.contracts.wall import by_contract
from apps.core.database import guards, walls
from apps.milestones.models.submission import Submission
from apps.parties.actor import Actor
from apps.parties.models import User


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, actor: Actor) -> "DecisionQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class Decision(models.Model):
    """What the buyer decided of one submission, with the evidence of who, when, from where, which text was shown."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        CHANGES_REQUESTED = "changes_requested", _("Changes requested")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    submission = models.OneToOneField(Submission, models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    comment = models.TextField(_("comment"), max_length=4_000, blank=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("e-mail"))
    organisation_name = models.CharField(max_length=160)
    decided_at = models.DateTimeField()
    address = models.CharField(_("network address"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    authenticated_by = models.CharField(max_length=120, blank=True)
    proved_by = models.CharField(_("confirmed by"), max_length=120, blank=True)
    proved_at = models.DateTimeField(_("confirmed at"), null=True)
    statement = models.TextField(_("statement"))
    statement_version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64, help_text=_("of the submission's text that was shown"))

    objects = DecisionQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True) | Q(user__isnull=True, grant__isnull=False),
                name="decided_by_a_user_or_a_guest",
            ),
            models.CheckConstraint(
                condition=Q(proved_at__isnull=True, proved_by="") | (Q(proved_at__isnull=False) & ~Q(proved_by="")),
                name="a_proof_says_how_and_when",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "decision_on_the_text_that_was_shown",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_submission s WHERE s.id = NEW.submission_id"
                " AND s.sha256 = NEW.sha256)",
            ),
            guards.refused_when(
                "large_sign_off_without_proof",
                guards.INSERT,
                "NEW.outcome = 'accepted' AND (NEW.proved_at IS NULL OR NEW.proved_at < NEW.decided_at"
                " - interval '15 minutes') AND EXISTS (SELECT 1 FROM milestones_submission s"
                " JOIN milestones_milestone m ON m.id = s.milestone_id"
                " JOIN contracts_contract c ON c.id = NEW.contract_id"
                " JOIN parties_organisation buyer ON buyer.id = c.buyer_id"
                " WHERE s.id = NEW.submission_id AND buyer.step_up_above IS NOT NULL"
                " AND (m.currency <> buyer.currency OR m.amount > buyer.step_up_above))",
            ),
            guards.refused_when(
                "link_decides_only_its_submission",
                guards.INSERT,
                "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " JOIN milestones_submission s ON s.ref = g.subject_ref WHERE g.id = NEW.grant_id"
                " AND s.id = NEW.submission_id AND g.purpose = 'sign_off')",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} {self.outcome}"


class VerdictQuerySet(models.QuerySet["Verdict"]):
    def visible_to(self, actor: Actor) -> "VerdictQuerySet":
        return self.filter(decision__in=Decision.objects.visible_to(actor))


class Verdict(models.Model):
    """Pass or fail of one criterion in one decision; a fail gives its reason."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="verdicts")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    is_passed = models.BooleanField()
    reason = models.TextField(_("what is missing"), max_length=2_000, blank=True)

    objects = VerdictQuerySet.as_manager()
    wall = walls.through("milestones_decision", "decision_id").only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.UniqueConstraint("decision", "criterion", name="one_verdict_per_criterion"),
            models.CheckConstraint(
                condition=Q(is_passed=True) | ~Q(reason=""),
                name="a_fail_gives_its_reason",
            ),
        ]
        triggers = guards.append_only()

    def __str__(self) -> str:
        return f"{self.criterion}: {self.is_passed}"
