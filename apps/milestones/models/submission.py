from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, Criterion, SentMail
from apps.contracts.wall import own_paper
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.core.states import table
from apps.milestones.models.clock import CLOCK_GUARDS
from apps.milestones.models.conditions import SUBMITTED_ONCE_MET
from apps.milestones.models.links import LINKS_ARE_HTTPS
from apps.milestones.models.milestone import Milestone
from apps.milestones.models.notice import NOTICE_GUARDS
from apps.milestones.models.settled import NOTHING_IS_SENT
from apps.parties.actor import Actor
from apps.parties.models import User


class SubmissionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Waiting for sign-off")
    ACCEPTED = "accepted", _("Accepted")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Proof(models.TextChoices):
    """How it is known that the buyer was notified of a submission."""

    MAIL = "mail", _("The mail was handed to the mail server")
    VIEW = "view", _("The personal link was opened")
    DISPUTE = "dispute", _("The buyer raised a dispute of it")


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, actor: Actor) -> "SubmissionQuerySet":
        """Sent submissions of visible contracts; drafts only for the seller, whose paper they are."""
        visible = self.filter(contract__in=Contract.objects.visible_to(actor))
        return visible.filter(Q(contract__seller_id=actor.organisation_id) | ~Q(state=SubmissionState.DRAFT))


STEPS = table(
    draft=("submitted",),
    submitted=("accepted", "changes_requested", "withdrawn"),
    accepted=(),
    changes_requested=(),
    withdrawn=(),
)


class Submission(models.Model):
    """One numbered cycle: the seller says that a milestone is complete and shows why. Frozen once sent.

    ``canonical_text`` is what the buyer is shown (criteria, notes, links, hashes of the files, amount); a decision
    names its SHA-256. ``links`` (each with ``title`` and ``url``) are those to the whole.
    ``notified_at`` is when the notice provably reached the buyer (``notified_by``: how), and from then on
    ``review_due_at`` is the deadline that was told and stands; before, it is the earliest that it can be. It ends a day
    of ``review_zone``. ``notice`` is the mail that proves it; one that comes back within 24 hours (``came_back_at``)
    proves nothing, so the clock begins anew with the next proof, and silence decides nothing before it. Where
    questions stop the clock, it stands still since ``suspended_at``, and ran on last at ``resumed_at``; then
    ``review_due_at`` is what the last answer made of it.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    milestone = models.ForeignKey(Milestone, models.PROTECT, related_name="submissions", db_index=False)
    number = models.PositiveIntegerField(_("cycle"))
    state = models.CharField(max_length=20, choices=SubmissionState.choices, default=SubmissionState.DRAFT)
    note = models.TextField(_("note to the buyer"), max_length=4_000, blank=True)
    links = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    review_due_at = models.DateTimeField(null=True, blank=True)
    review_zone = models.CharField(max_length=40, blank=True)
    notified_at = models.DateTimeField(null=True, blank=True)
    notified_by = models.CharField(max_length=10, choices=Proof.choices, blank=True)
    notice = models.ForeignKey(SentMail, models.PROTECT, null=True, blank=True, related_name="+")
    came_back_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    resumed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    canonical_text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    objects = SubmissionQuerySet.as_manager()
    wall = own_paper("state <> 'draft'")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint("milestone", "number", name="cycle_numbers_unique"),
            models.UniqueConstraint(
                "milestone",
                condition=Q(state__in=["draft", "submitted"]),
                name="one_open_submission_per_milestone",
            ),
            models.CheckConstraint(
                condition=Q(state="draft", submitted_at__isnull=True)
                | (~Q(state="draft") & Q(submitted_at__isnull=False, review_due_at__isnull=False) & ~Q(sha256="")),
                name="sent_submission_has_its_text",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False)
                | (~Q(state="withdrawn") & Q(withdrawn_at__isnull=True)),
                name="withdrawn_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(notified_at__isnull=True, notified_by="")
                | (
                    Q(notified_at__gte=F("submitted_at"), review_due_at__gt=F("notified_at"))
                    & Q(notified_by__in=Proof.values)
                    & ~Q(review_zone="")
                ),
                name="notified_after_sending_and_before_the_deadline",
            ),
            models.CheckConstraint(
                condition=Q(notice__isnull=True) | Q(notified_by=Proof.MAIL), name="a_mail_is_the_notice_it_proves"
            ),
            models.CheckConstraint(
                condition=Q(suspended_at__isnull=True, resumed_at__isnull=True) | Q(notified_at__isnull=False),
                name="only_a_clock_that_runs_stands_still",
            ),
        ]
        indexes = [models.Index("review_due_at", condition=Q(state="submitted"), name="submission_that_waits")]
        triggers = [
            guards.legal_steps(STEPS),
            guards.frozen_when(
                "OLD.state <> 'draft'",
                allow=(
                    "state",
                    "withdrawn_at",
                    "notified_at",
                    "notified_by",
                    "notice_id",
                    "came_back_at",
                    "review_due_at",
                    "review_zone",
                    "suspended_at",
                    "resumed_at",
                ),
                is_hot=True,
            ),
            guards.frozen_when(
                "OLD.notified_at IS NOT NULL",
                name="the_deadline_told_stands",
                is_hot=True,
                allow=(
                    "state",
                    "withdrawn_at",
                    "review_due_at",
                    "suspended_at",
                    "resumed_at",
                    "notified_at",
                    "notified_by",
                    "notice_id",
                    "came_back_at",
                ),
            ),
            *NOTICE_GUARDS,
            *CLOCK_GUARDS,
            NOTHING_IS_SENT,
            LINKS_ARE_HTTPS,
            SUBMITTED_ONCE_MET,
            guards.refused_when(
                "a_deadline_moves_only_with_its_notice",
                guards.UPDATE,
                only="OLD.state <> 'draft' AND NEW.notified_at IS NULL"
                " AND (NEW.review_due_at, NEW.review_zone) IS DISTINCT FROM (OLD.review_due_at, OLD.review_zone)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone} · {self.number}"


class CriterionNoteQuerySet(models.QuerySet["CriterionNote"]):
    def visible_to(self, actor: Actor) -> "CriterionNoteQuerySet":
        return self.filter(submission__in=Submission.objects.visible_to(actor))


SENT = "EXISTS (SELECT 1 FROM milestones_submission s WHERE s.id = {row}.submission_id AND s.state <> 'draft')"


class CriterionNote(models.Model):
    """What the seller says of one acceptance criterion in one cycle, and the ``links`` that show it."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="notes", db_index=False)
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+")
    is_met = models.BooleanField(_("met"), default=False)
    note = models.TextField(_("how it is met"), max_length=2_000, blank=True)
    links = models.JSONField(default=list, blank=True)

    objects = CriterionNoteQuerySet.as_manager()
    wall = walls.through("milestones_submission", "submission_id")

    class Meta:
        constraints = [models.UniqueConstraint("submission", "criterion", name="one_note_per_criterion")]
        triggers = [
            guards.frozen_when(SENT.format(row="OLD")),
            guards.refused_when("no_note_joins_a_sent_submission", guards.INSERT, SENT.format(row="NEW")),
            LINKS_ARE_HTTPS,
        ]

    def __str__(self) -> str:
        return f"{self.criterion}"
