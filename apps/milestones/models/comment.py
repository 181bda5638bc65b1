from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, ContractParty, GuestGrant
from apps.contracts.wall import by_sides
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.milestones.models.milestone import Milestone
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class MilestoneCommentQuerySet(models.QuerySet["MilestoneComment"]):
    def visible_to(self, actor: Actor) -> "MilestoneCommentQuerySet":
        """What the two sides wrote to each other, for these two: a financier who may read the contract reads none."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))


class MilestoneComment(models.Model):
    """What one side wrote about a milestone of the signed plan, at any time: before it is submitted, while it is
    reviewed, after it was accepted. Written once; the other side reads it, and nothing is decided by it.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="comments", db_index=False)
    side = models.CharField(max_length=10, choices=ContractParty.Side.choices)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("e-mail"))
    written_at = models.DateTimeField()
    text = models.TextField(_("comment"), max_length=4_000)

    objects = MilestoneCommentQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="milestone_comment_says_something"),
            models.CheckConstraint(condition=Q(side__in=["seller", "buyer"]), name="milestone_commented_by_a_side"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True) | Q(user__isnull=True, grant__isnull=False),
                name="milestone_commented_by_a_user_or_a_guest",
            ),
        ]
        indexes = [models.Index(F("milestone"), F("id"), name="comment_by_milestone")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "comment_of_a_side_on_what_was_agreed",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM milestones_milestone m JOIN contracts_contract c ON c.id = m.contract_id"
                " WHERE m.id = NEW.milestone_id AND c.id = NEW.contract_id AND m.state <> 'cancelled'"
                " AND ((NEW.side = 'seller' AND c.seller_id = NEW.organisation_id)"
                " OR (NEW.side = 'buyer' AND c.buyer_id = NEW.organisation_id)))",
            ),
            # Whoever has left since was a member then: a membership that ended stays.
            guards.refused_when(
                "commented_by_a_person_of_the_side",
                guards.INSERT,
                "NEW.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM parties_membership p"
                " WHERE p.organisation_id = NEW.organisation_id AND p.user_id = NEW.user_id)",
            ),
            guards.refused_when(
                "link_comments_only_on_its_milestone",
                guards.INSERT,
                "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " JOIN milestones_submission s ON s.ref = g.subject_ref WHERE g.id = NEW.grant_id"
                " AND s.milestone_id = NEW.milestone_id AND g.purpose = 'sign_off' AND NEW.side = 'buyer')",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} for {self.side}"
