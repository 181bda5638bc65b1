from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.milestones.models.submission import Submission
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def visible_to(self, actor: Actor) -> "HandOverQuerySet":
        """For the buyer's own people: who decides among them, and what they tell each other, is nobody else's. A guest
        sees what went from link to link."""
        visible = self.filter(organisation_id=actor.organisation_id)
        return visible if actor.contract_id is None else visible.filter(contract=actor.contract_id, user=None)


class HandOver(models.Model):
    """One approver of the buyer passed the decision on a submission to another, with a note. The newest one counts.

    It says who is asked now; what either of them may do stays as it was. Where nobody of the buyer has an account, the
    guest of one personal link (``grant``) passed it on to a colleague, by another (``to_grant``).
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="hand_overs")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("passed by"), max_length=160)
    to_user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    to_grant = models.OneToOneField(GuestGrant, models.PROTECT, null=True, related_name="+")
    to_name = models.CharField(_("passed to"), max_length=160)
    proved_by = models.CharField(_("confirmed by"), max_length=120, blank=True, default="", db_default="")
    proved_at = models.DateTimeField(_("confirmed at"), null=True)
    note = models.TextField(_("note"), max_length=4_000, blank=True)
    passed_at = models.DateTimeField()

    objects = HandOverQuerySet.as_manager()
    wall = (
        walls.by_organisation("organisation_id")
        .or_when(f"user_id IS NULL AND contract_id = {walls.CONTRACT} AND organisation_id = ANY ({walls.ORGS})")
        .only("SELECT", "INSERT")
    )

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(condition=~Q(user=F("to_user")), name="passed_to_somebody_else"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, to_user__isnull=False, grant__isnull=True, to_grant__isnull=True)
                | Q(user__isnull=True, to_user__isnull=True, grant__isnull=False, to_grant__isnull=False),
                name="passed_among_members_or_among_guests",
            ),
            models.CheckConstraint(
                condition=Q(proved_at__isnull=True, proved_by="") | (Q(proved_at__isnull=False) & ~Q(proved_by="")),
                name="a_proof_to_pass_on_says_how_and_when",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "passed_among_the_buyers_deciders",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_submission s JOIN contracts_contract c ON c.id = s.contract_id"
                " WHERE s.id = NEW.submission_id AND s.state = 'submitted' AND c.id = NEW.contract_id"
                " AND c.buyer_id = NEW.organisation_id)"
                " OR 2 > (SELECT count(DISTINCT m.user_id) FROM parties_membership m"
                " WHERE m.organisation_id = NEW.organisation_id AND m.user_id IN (NEW.user_id, NEW.to_user_id)"
                " AND m.ended_at IS NULL AND m.roles::text[] && ARRAY['owner', 'approver'])",
                only="NEW.user_id IS NOT NULL",
            ),
            guards.refused_when(
                "passed_on_by_the_link_to_what_waits",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_submission s"
                " JOIN contracts_guestgrant own ON own.id = NEW.grant_id"
                " JOIN contracts_guestgrant g ON g.id = NEW.to_grant_id"
                " WHERE s.id = NEW.submission_id AND s.state = 'submitted' AND s.contract_id = NEW.contract_id"
                " AND own.organisation_id = NEW.organisation_id AND own.subject_ref = s.ref AND own.used_at IS NULL"
                " AND own.revoked_at IS NULL AND g.passed_from_id = own.id AND g.name = NEW.to_name)"
                # Who accepts as the second of two has an account: the first brings in nobody by link.
                " OR EXISTS (SELECT 1 FROM milestones_firstacceptance f WHERE f.submission_id = NEW.submission_id)",
                only="NEW.grant_id IS NOT NULL",
            ),
            guards.refused_when(
                "large_hand_over_without_proof",
                guards.INSERT,
                "EXISTS (SELECT 1 FROM milestones_submission s JOIN milestones_milestone m ON m.id = s.milestone_id"
                " JOIN parties_organisation buyer ON buyer.id = NEW.organisation_id"
                " WHERE s.id = NEW.submission_id AND buyer.step_up_above IS NOT NULL"
                " AND (m.currency <> buyer.currency OR m.amount > buyer.step_up_above))",
                only="NEW.grant_id IS NOT NULL"
                " AND (NEW.proved_at IS NULL OR NEW.proved_at < NEW.passed_at - interval '15 minutes')",
            ).seeing_all(),
        ]

    def __str__(self) -> str:
        return f"{self.submission} to {self.to_name}"
