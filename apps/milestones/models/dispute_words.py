"""What the sides of a dispute say to each other, and with what they show it: for these two, and for nobody else."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_contract, by_sides
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.milestones.models.dispute import OUTCOMES, Dispute, DisputeState, Side
from apps.milestones.models.shown_file import BY_ITS_SIDE, ShownFile, ShownFileQuerySet
from apps.parties.actor import Actor
from apps.parties.models import User

WAITS: Final = (
    "EXISTS (SELECT 1 FROM milestones_dispute d WHERE d.id = NEW.dispute_id AND d.contract_id = NEW.contract_id"
    " AND d.state IN ('open', 'proposed'))"
)


LINK_OF_ANOTHER: Final = (
    "{grant} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g JOIN milestones_dispute d"
    " ON d.contract_id = g.contract_id LEFT JOIN milestones_submission s ON s.id = d.submission_id"
    " WHERE g.id = {grant} AND d.id = {dispute} AND CASE g.purpose WHEN 'dispute' THEN g.subject_ref = d.ref"
    # By this one it is raised, and its first position with it.
    " WHEN 'dispute_invoice' THEN d.grant_id = g.id"
    " WHEN 'sign_off' THEN g.subject_ref = s.ref ELSE FALSE END)"
)
"""A guest's link that is not for this dispute, nor for the submission that is in dispute."""


class DisputePositionQuerySet(models.QuerySet["DisputePosition"]):
    def visible_to(self, actor: Actor) -> "DisputePositionQuerySet":
        """As with questions: a financier who may read the contract reads none of it."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))


class DisputePosition(models.Model):
    """What one side says, written once; the first is the reason for which the dispute was raised."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="positions", db_index=False)
    number = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=6, choices=Side.choices)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    written_at = models.DateTimeField()
    text = models.TextField(_("position"), max_length=4_000)

    objects = DisputePositionQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint("dispute", "number", name="positions_are_numbered"),
            models.CheckConstraint(condition=~Q(text=""), name="position_says_something"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True)
                | Q(user__isnull=True, grant__isnull=False, side="buyer"),
                name="position_of_a_user_or_the_buyers_guest",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when("only_a_dispute_that_waits_is_answered", guards.INSERT, f"NOT {WAITS}"),
            guards.refused_when(
                "link_speaks_only_in_its_dispute",
                guards.INSERT,
                LINK_OF_ANOTHER.format(grant="NEW.grant_id", dispute="NEW.dispute_id"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} · {self.number}"


class DisputeProposalQuerySet(models.QuerySet["DisputeProposal"]):
    def visible_to(self, actor: Actor) -> "DisputeProposalQuerySet":
        """The sides only, as with positions."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))


class DisputeProposal(models.Model):
    """How one side would settle it; the newest counts, and the other side agrees to it or says something else.

    ``upheld`` is the amount, net of tax, that would not be owed or accepted. Of retention that was released in error it
    is kept back again: ``kept_until`` a day, or until the buyer releases it.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="proposals", db_index=False)
    number = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=6, choices=Side.choices)
    outcome = models.CharField(max_length=15, choices=[(one.value, one.label) for one in OUTCOMES])
    upheld = models.DecimalField(max_digits=18, decimal_places=3)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=160)
    proposed_at = models.DateTimeField()
    note = models.TextField(_("why"), max_length=2_000, blank=True)
    kept_until = models.DateField(_("kept back until"), null=True, blank=True)

    objects = DisputeProposalQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint("dispute", "number", name="proposals_are_numbered"),
            models.CheckConstraint(condition=Q(upheld__gte=0), name="nothing_is_upheld_below_nothing"),
            models.CheckConstraint(
                condition=Q(outcome=DisputeState.REJECTED, upheld=0)
                | Q(outcome__in=[DisputeState.UPHELD, DisputeState.PARTLY_UPHELD], upheld__gt=0),
                name="a_proposal_says_how_much",
            ),
            models.CheckConstraint(
                condition=Q(kept_until__isnull=True) | Q(upheld__gt=0), name="only_what_is_upheld_is_kept_back"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True)
                | Q(user__isnull=True, grant__isnull=False, side="buyer"),
                name="proposal_of_a_user_or_the_buyers_guest",
            ),
        ]
        triggers = [
            *guards.append_only(),
            guards.refused_when("only_a_dispute_that_waits_is_settled", guards.INSERT, f"NOT {WAITS}"),
            guards.refused_when(
                "link_proposes_only_in_its_dispute",
                guards.INSERT,
                LINK_OF_ANOTHER.format(grant="NEW.grant_id", dispute="NEW.dispute_id"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id}: {self.outcome} {self.upheld}"


class DisputeFile(ShownFile):
    """What a side shows for what it says in a dispute."""

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="files")

    objects = ShownFileQuerySet["DisputeFile"].as_manager()

    class Meta(ShownFile.Meta):
        constraints = [
            models.CheckConstraint(condition=BY_ITS_SIDE, name="dispute_file_of_a_user_or_the_buyers_guest"),
        ]
        indexes = [models.Index("stored_as", name="dispute_file_by_stored_name")]
        triggers = [
            *guards.append_only(),
            guards.refused_when("no_file_joins_a_settled_dispute", guards.INSERT, f"NOT {WAITS}"),
            guards.refused_when(
                "link_shows_only_in_its_dispute",
                guards.INSERT,
                LINK_OF_ANOTHER.format(grant="NEW.grant_id", dispute="NEW.dispute_id"),
            ),
        ]


class DisputeReminderQuerySet(models.QuerySet["DisputeReminder"]):
    def visible_to(self, actor: Actor) -> "DisputeReminderQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))


class DisputeReminder(models.Model):
    """That a side was reminded of a deadline that it let pass: once for each deadline. It decides nothing."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="reminders", db_index=False)
    due_at = models.DateTimeField()
    reminded_at = models.DateTimeField()

    objects = DisputeReminderQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT")

    class Meta:
        constraints = [models.UniqueConstraint("dispute", "due_at", name="one_reminder_of_a_missed_position")]
        triggers = [
            *guards.append_only(),
            guards.refused_when(
                "only_a_missed_position_is_reminded_of",
                guards.INSERT,
                f"NOT {WAITS} OR NEW.reminded_at <= NEW.due_at OR NOT EXISTS (SELECT 1 FROM milestones_dispute w"
                " WHERE w.id = NEW.dispute_id AND w.answer_due_at = NEW.due_at)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.due_at}"
