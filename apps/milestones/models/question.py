from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.wall import by_sides
from apps.core.database import guards
from apps.core.refs import new_ref
from apps.milestones.models.submission import Submission
from apps.parties.actor import Actor
from apps.parties.models import User


class QuestionQuerySet(models.QuerySet["Question"]):
    def visible_to(self, actor: Actor) -> "QuestionQuerySet":
        """What the two sides ask and answer, for these two: a financier who may read the contract reads none of it."""
        own = Q(contract__seller_id=actor.organisation_id) | Q(contract__buyer_id=actor.organisation_id)
        return self.filter(own, contract__in=Contract.objects.visible_to(actor))


IS_ASKED_OF = (
    "EXISTS (SELECT 1 FROM milestones_submission s WHERE s.id = NEW.submission_id AND s.contract_id = NEW.contract_id"
    " AND s.state = 'submitted')"
)


def _is_of_another(side: str, person: str) -> str:
    """Whether the person who is written down never belonged to this side of the contract."""
    return (
        f"NEW.{person} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM parties_membership m"
        f" JOIN contracts_contract c ON c.{side}_id = m.organisation_id"
        f" WHERE c.id = NEW.contract_id AND m.user_id = NEW.{person})"
    )


class Question(models.Model):
    """What the buyer asks about a submission that waits, and what the seller answers; each written once.

    ``stops_clock``: the review stands still from ``asked_at`` to ``answered_at``. ``due_before`` and ``due_after`` are
    the deadline before it and the one that the answer made; nothing stands there where the clock ran on.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="questions", db_index=False)
    number = models.PositiveSmallIntegerField()
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=160)
    email = models.EmailField(_("e-mail"))
    asked_at = models.DateTimeField()
    text = models.TextField(_("question"), max_length=4_000)
    stops_clock = models.BooleanField(default=False)
    due_before = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    answered_name = models.CharField(max_length=160, blank=True)
    answer = models.TextField(_("answer"), max_length=4_000, blank=True)
    due_after = models.DateTimeField(null=True, blank=True)

    objects = QuestionQuerySet.as_manager()
    wall = by_sides().only("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint("submission", "number", name="questions_are_numbered"),
            models.UniqueConstraint(
                "submission",
                condition=Q(stops_clock=True, answered_at__isnull=True),
                name="one_question_stops_the_clock_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="question_says_something"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True) | Q(user__isnull=True, grant__isnull=False),
                name="asked_by_a_user_or_a_guest",
            ),
            models.CheckConstraint(
                condition=Q(stops_clock=True, due_before__gte=F("asked_at"))
                | Q(stops_clock=False, due_before__isnull=True, due_after__isnull=True),
                name="what_stops_the_clock_says_from_which_deadline",
            ),
            models.CheckConstraint(
                condition=Q(
                    answered_at__isnull=True,
                    answered_by__isnull=True,
                    answered_name="",
                    answer="",
                    due_after__isnull=True,
                )
                | (
                    Q(answered_at__gte=F("asked_at"), answered_by__isnull=False)
                    & ~Q(answer="")
                    & (Q(stops_clock=False) | Q(due_after__gte=F("due_before")))
                ),
                name="an_answer_is_whole_and_never_shortens_the_review",
            ),
        ]
        triggers = [
            guards.never_deleted(),
            guards.frozen_when(
                "TRUE",
                name="what_was_asked_stands",
                allow=("answered_at", "answered_by_id", "answered_name", "answer", "due_after"),
            ),
            guards.frozen_when("OLD.answered_at IS NOT NULL", name="answered_once"),
            guards.refused_when("only_what_waits_is_asked_about", guards.INSERT, f"NOT {IS_ASKED_OF}"),
            guards.refused_when("only_what_waits_is_answered_about", guards.UPDATE, f"NOT {IS_ASKED_OF}"),
            guards.refused_when(
                "no_more_questions_stop_the_clock_than_agreed",
                guards.INSERT,
                "NEW.stops_clock AND (SELECT count(*) FROM milestones_question q"
                " WHERE q.submission_id = NEW.submission_id AND q.stops_clock)"
                " >= (SELECT coalesce(l.question_suspensions, v.question_suspensions) FROM milestones_submission s"
                " JOIN milestones_milestone m ON m.id = s.milestone_id JOIN contracts_planline l ON l.id = m.line_id"
                " JOIN contracts_contractversion v ON v.id = l.version_id WHERE s.id = NEW.submission_id)",
            ),
            # Whoever has left since was a member then: a membership that ended stays.
            guards.refused_when("asked_by_a_person_of_the_buyer", guards.INSERT, _is_of_another("buyer", "user_id")),
            guards.refused_when(
                "answered_by_a_person_of_the_seller", guards.UPDATE, _is_of_another("seller", "answered_by_id")
            ),
            guards.refused_when(
                "link_asks_only_about_its_submission",
                guards.INSERT,
                "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " JOIN milestones_submission s ON s.ref = g.subject_ref WHERE g.id = NEW.grant_id"
                " AND s.id = NEW.submission_id AND g.purpose = 'sign_off')",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} ?{self.number}"
