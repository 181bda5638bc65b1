from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_contract
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.core.states import table
from apps.milestones.models.milestone import Milestone
from apps.milestones.models.nullification import Nullification
from apps.milestones.models.submission import Submission
from apps.parties.actor import Actor
from apps.parties.models import User

Side = Nullification.Side


class DisputeState(models.TextChoices):
    OPEN = "open", _("Disputed")
    PROPOSED = "proposed", _("Disputed, an outcome is proposed")
    UPHELD = "upheld", _("Upheld")
    PARTLY_UPHELD = "partly_upheld", _("Upheld in part")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


LIVE: Final = (DisputeState.OPEN, DisputeState.PROPOSED)
OUTCOMES: Final = (DisputeState.UPHELD, DisputeState.PARTLY_UPHELD, DisputeState.REJECTED)
"""What one side proposes and the other agrees to."""
DEFECT: Final = (DisputeState.UPHELD, DisputeState.PARTLY_UPHELD)
"""Both sides agree that something is not as it should be."""


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def visible_to(self, actor: Actor) -> "DisputeQuerySet":
        return self.filter(contract__in=Contract.objects.visible_to(actor))

    def live(self) -> "DisputeQuerySet":
        """Neither settled nor withdrawn."""
        return self.filter(state__in=LIVE)


STEPS = table(
    open=("proposed", "withdrawn"),
    proposed=("upheld", "partly_upheld", "rejected", "withdrawn"),
    upheld=(),
    partly_upheld=(),
    rejected=(),
    withdrawn=(),
)
ONE_OPEN = "one_open_dispute_per_submission"
_NEWEST: Final = (
    "NOT EXISTS (SELECT 1 FROM milestones_disputeproposal q WHERE q.dispute_id = p.dispute_id AND q.id > p.id)"
)


class Dispute(models.Model):
    """One side says that an amount is not to be accepted, or not owed: of a submission, an invoice, or a defect.

    ``amount`` is in dispute, of ``whole``; both net of tax. What the sides say to each other stands in positions,
    proposals and files that belong to it, which no financier reads; this row a financier may see. ``awaits`` is
    the side whose turn it is to say something, ``answer_due_at`` until when: a missed deadline is shown and reminded
    of, and decides nothing. ``upheld`` is what both sides agreed not to be owed or accepted. Without a submission it is
    about an invoice, which points here; or about what is withheld for a defect (``reservation``) that was mended and at
    which nobody looked in time: its seller disputes that anything may be withheld any longer. ``milestone`` is the
    submission's; once the rest was accepted as a part, the part that goes on.

    ``stopped_at``: since then the review clock of the submission stands still; ``due_before`` and ``due_after`` are its
    deadline before that and the one that the end of the dispute made.
    """

    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = STEPS

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, models.PROTECT, null=True, blank=True, related_name="disputes")
    milestone = models.ForeignKey(Milestone, models.PROTECT, null=True, blank=True, related_name="disputes")
    reservation = models.ForeignKey(
        "milestones.Reservation", models.PROTECT, null=True, blank=True, related_name="disputes"
    )
    state = models.CharField(max_length=15, choices=DisputeState.choices, default=DisputeState.OPEN)
    amount = models.DecimalField(_("amount in dispute, net of tax"), max_digits=18, decimal_places=3)
    whole = models.DecimalField(max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    raised_by = models.CharField(max_length=6, choices=Side.choices)
    raised_at = models.DateTimeField()
    raiser = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    raiser_name = models.CharField(max_length=160)
    answer_days = models.PositiveSmallIntegerField(_("days to answer"))
    awaits = models.CharField(max_length=6, choices=Side.choices, blank=True)
    answer_due_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    due_before = models.DateTimeField(null=True, blank=True)
    due_after = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=6, choices=Side.choices, blank=True)
    settler = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    settler_grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    settler_name = models.CharField(max_length=160, blank=True)
    upheld = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)

    objects = DisputeQuerySet.as_manager()
    wall = by_contract().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint("submission", condition=Q(state__in=["open", "proposed"]), name=ONE_OPEN),
            models.UniqueConstraint(
                "reservation", condition=Q(state__in=["open", "proposed"]), name="one_open_dispute_per_defect"
            ),
            models.CheckConstraint(
                condition=Q(reservation__isnull=True)
                | Q(submission__isnull=True, milestone__isnull=True, raised_by="seller", amount=F("whole")),
                name="a_seller_disputes_all_that_is_withheld_for_a_defect",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lte=F("whole")), name="disputed_is_a_part"),
            models.CheckConstraint(
                condition=Q(raiser__isnull=False, grant__isnull=True)
                | Q(raiser__isnull=True, grant__isnull=False, raised_by="buyer", reservation__isnull=True),
                name="disputed_by_a_user_or_the_buyers_guest",
            ),
            models.CheckConstraint(
                condition=Q(submission__isnull=True, milestone__isnull=True)
                | Q(submission__isnull=False, milestone__isnull=False),
                name="a_disputed_submission_has_its_milestone",
            ),
            models.CheckConstraint(
                condition=Q(answer_days__gte=1, answer_days__lte=90), name="a_position_has_a_day_to_ninety"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["open", "proposed"],
                    settled_at__isnull=True,
                    settled_by="",
                    settler__isnull=True,
                    settler_grant__isnull=True,
                    settler_name="",
                    upheld__isnull=True,
                    due_after__isnull=True,
                    answer_due_at__isnull=False,
                    awaits__in=Side.values,
                )
                | (
                    ~Q(state__in=["open", "proposed"])
                    & Q(settled_at__gte=F("raised_at"), settled_by__in=Side.values, upheld__isnull=False, awaits="")
                    & ~Q(settler_name="")
                ),
                name="a_dispute_waits_or_is_settled",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "proposed"])
                | Q(state="upheld", upheld=F("amount"))
                | Q(state="partly_upheld", upheld__gt=0, upheld__lt=F("amount"))
                | Q(state="rejected", upheld=0)
                | Q(state="withdrawn", upheld=0, settled_by=F("raised_by")),
                name="an_outcome_says_how_much",
            ),
            models.CheckConstraint(
                condition=Q(
                    settler__isnull=True, settler_grant__isnull=True, state__in=["open", "proposed", "withdrawn"]
                )
                | Q(settler__isnull=False, settler_grant__isnull=True)
                | Q(settler__isnull=True, settler_grant__isnull=False, settled_by="buyer"),
                name="settled_by_a_user_or_the_buyers_guest",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True, due_before__isnull=True, due_after__isnull=True)
                | (
                    Q(submission__isnull=False, stopped_at__lte=F("raised_at"), due_before__gte=F("stopped_at"))
                    & (Q(due_after__isnull=True) | Q(due_after__gte=F("due_before")))
                ),
                name="a_dispute_never_shortens_the_review",
            ),
        ]
        indexes = [
            models.Index("contract", "state", name="dispute_by_state"),
            models.Index("answer_due_at", condition=Q(state__in=["open", "proposed"]), name="dispute_that_waits"),
        ]
        triggers = [
            guards.legal_steps(STEPS),
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="what_is_disputed_stands",
                allow=(
                    "milestone_id",
                    "state",
                    "awaits",
                    "answer_due_at",
                    "due_after",
                    "settled_at",
                    "settled_by",
                    "settler_id",
                    "settler_grant_id",
                    "settler_name",
                    "upheld",
                ),
            ),
            guards.frozen_when("OLD.state NOT IN ('open', 'proposed')", name="settled_once"),
            guards.refused_when(
                "only_what_was_submitted_is_disputed",
                guards.INSERT,
                "NEW.state <> 'open' OR (NEW.submission_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM"
                " milestones_submission s JOIN milestones_milestone m ON m.id = s.milestone_id"
                " WHERE s.id = NEW.submission_id AND s.contract_id = NEW.contract_id"
                " AND s.state IN ('submitted', 'changes_requested') AND NEW.whole = m.amount"
                " AND NEW.milestone_id = m.id))",
            ),
            guards.refused_when(
                "only_what_nobody_looked_at_in_time_is_disputed",
                guards.INSERT,
                "NEW.reservation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM milestones_reservation r"
                " WHERE r.id = NEW.reservation_id AND r.contract_id = NEW.contract_id AND r.state = 'mended'"
                " AND r.answer_due_at < NEW.raised_at AND (r.amount, r.currency) = (NEW.whole, NEW.currency))",
            ),
            guards.refused_when(
                "a_dispute_goes_on_with_what_is_not_accepted",
                guards.UPDATE,
                "NEW.milestone_id IS DISTINCT FROM OLD.milestone_id AND NOT EXISTS"
                " (SELECT 1 FROM milestones_milestone m JOIN milestones_milestone r"
                " ON r.contract_id = m.contract_id AND r.position = m.position"
                " AND r.part > m.part WHERE m.id = OLD.milestone_id AND r.id = NEW.milestone_id"
                " AND m.state = 'accepted')",
            ),
            guards.refused_when(
                "settled_by_both_sides",
                guards.UPDATE,
                "NEW.state IN ('upheld', 'partly_upheld', 'rejected') AND OLD.state <> NEW.state AND NOT EXISTS"
                " (SELECT 1 FROM milestones_disputeproposal p WHERE p.dispute_id = NEW.id AND p.outcome = NEW.state"
                " AND p.upheld = NEW.upheld AND p.side <> NEW.settled_by AND p.user_id IS DISTINCT FROM NEW.settler_id"
                f" AND {_NEWEST})",
            ),
            guards.refused_when(
                "link_settles_only_its_dispute",
                guards.UPDATE,
                "NEW.settler_grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " LEFT JOIN milestones_submission s ON s.id = NEW.submission_id WHERE g.id = NEW.settler_grant_id"
                " AND g.contract_id = NEW.contract_id AND CASE g.purpose WHEN 'dispute' THEN g.subject_ref = NEW.ref"
                " WHEN 'sign_off' THEN g.subject_ref = s.ref ELSE FALSE END)",
            ),
            guards.refused_when(
                "link_disputes_only_its_submission",
                guards.INSERT,
                # Which invoice a link without a submission disputes is asked where that is kept (DisputedInvoice).
                "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " LEFT JOIN milestones_submission s ON s.id = NEW.submission_id WHERE g.id = NEW.grant_id"
                " AND g.contract_id = NEW.contract_id AND CASE g.purpose WHEN 'sign_off' THEN g.subject_ref = s.ref"
                " WHEN 'dispute_invoice' THEN NEW.submission_id IS NULL ELSE FALSE END)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id}: {self.amount} {self.state}"

    @property
    def is_live(self) -> bool:
        """Neither settled nor withdrawn."""
        return self.state in LIVE
