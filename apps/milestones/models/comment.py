from django.db import models
from django.db.models import F, Q

from apps.contracts.models.comment import BY_ONE_PERSON, WrittenBySide, WrittenBySideQuerySet
from apps.core.database import guards
from apps.milestones.models.milestone import Milestone


class MilestoneCommentQuerySet(WrittenBySideQuerySet["MilestoneComment"]):
    pass


class MilestoneComment(WrittenBySide):
    """What one side wrote about a milestone of the signed plan, at any time: before it is submitted, while it is
    reviewed, after it was accepted. Nothing is decided by it.
    """

    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="comments", db_index=False)

    objects = MilestoneCommentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="milestone_comment_says_something"),
            models.CheckConstraint(condition=Q(side__in=["seller", "buyer"]), name="milestone_commented_by_a_side"),
            models.CheckConstraint(condition=BY_ONE_PERSON, name="milestone_commented_by_a_user_or_a_guest"),
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
