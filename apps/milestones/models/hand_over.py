from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.milestones.models.submission import Submission
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def visible_to(self, actor: Actor) -> "HandOverQuerySet":
        """For the buyer's own people: who decides among them, and what they tell each other, is nobody else's."""
        visible = self.filter(organisation_id=actor.organisation_id)
        return visible if actor.contract_id is None else visible.none()


class HandOver(models.Model):
    """One approver of the buyer passed the decision on a submission to another, with a note. The newest one counts.

    It says who is asked now; what either of them may do stays as it was.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="hand_overs")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(_("passed by"), max_length=160)
    to_user = models.ForeignKey(User, models.PROTECT, related_name="+")
    to_name = models.CharField(_("passed to"), max_length=160)
    note = models.TextField(_("note"), max_length=4_000, blank=True)
    passed_at = models.DateTimeField()

    objects = HandOverQuerySet.as_manager()
    wall = walls.by_organisation("organisation_id").only("SELECT", "INSERT")

    class Meta:
        ordering = ("pk",)
        constraints = [models.CheckConstraint(condition=~Q(user=F("to_user")), name="passed_to_somebody_else")]
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
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} to {self.to_name}"
