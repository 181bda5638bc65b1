"""What the end of a review does to one submission, and what has to be known of it to say so."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
)
from django.db.models.functions import Cast, JSONObject
from django.db.models.lookups import IsNull

from apps.contracts.models.version import Silence
from apps.core.database.kept import Argument, Read
from apps.milestones import rules
from apps.milestones.models import Dispute, FirstAcceptance, Inspection, Milestone, Submission
from apps.milestones.models.dispute import DEFECT, LIVE
from apps.milestones.models.milestone import ENDED
from apps.milestones.models.submission import Proof, SubmissionState

Bar = Literal["dispute", "came_back", "defect", "above"]
"""What is in the way of silence: something is in dispute, the notice came back, a defect is named, or a milestone above
is not accepted in time."""
MOST_TOLD: Final = 6
"""Enough for a refusal to name five and say that there are more."""


def knowing(submissions: "QuerySet[Submission, Submission]") -> "QuerySet[Submission, Submission]":
    """The same with what :func:`silence_of` needs: the newest inspection, which milestones above are not accepted, and
    what is in dispute, or was and was found to be so, what the first of two people accepted, and whether defects were
    listed by it in time.

    Only of a cumulative milestone is anything told of those above. ``is_above_late`` says that one of them was accepted
    after the deadline, so that silence could not accept at it; ``is_above_open`` that one is not accepted, nor will be
    by silence at the deadline or before.
    """
    newest = Inspection.objects.filter(submission_id=OuterRef("pk")).order_by("-pk")
    found = newest.values(json=JSONObject(by="name", email="email", user_id="user_id", is_passed="is_passed"))[:1]
    above = (
        Milestone.objects.filter(contract_id=OuterRef("contract_id"), position__lt=OuterRef("milestone__position"))
        .annotate(asked=ExpressionWrapper(OuterRef("milestone__line__is_cumulative"), output_field=BooleanField()))
        .filter(asked=True)
        .order_by("position", "part")
    )
    is_open = above.exclude(state__in=ENDED)
    disputes = Dispute.objects.filter(submission_id=OuterRef("pk")).order_by()
    accepted = FirstAcceptance.objects.filter(submission_id=OuterRef("pk")).order_by()
    listed = accepted.filter(defects__isnull=False)
    exact = {name: Cast(name, TextField()) for name in ("amount", "quantity")}
    first = JSONObject(by="name", email="email", user_id="user_id", defects="defects", **exact)
    return knowing_disputed(submissions).annotate(
        first=Subquery(accepted.values(json=first)[:1]),
        has_listed_defects=Exists(listed.filter(accepted_at__lte=OuterRef("review_due_at"))),
        has_upheld_dispute=Exists(disputes.filter(state__in=DEFECT)),
        found=Subquery(found),
        waits_for=ArraySubquery(is_open.values("title")[:MOST_TOLD]),
        is_above_late=Exists(above.filter(accepted_at__gt=OuterRef("review_due_at")).order_by()),
        is_above_open=Exists(is_open.exclude(Exists(_accepted_by_silence())).order_by()),
    )


def _accepted_by_silence() -> "QuerySet[Submission, Submission]":
    """What waits of a milestone above the one that is asked of, if silence accepts it, written down or not, at the
    deadline of the submission that is asked of or before.

    The outer query is of milestones, in one of submissions. What silence does here is what :func:`silence_of` says. A
    milestone above may build on others itself: those are above the one that is asked of as well and looked at on their
    own, so here it matters only that none of them is accepted after its deadline. Before the notice of the submission
    that is asked of, those above may wait for theirs too.
    """
    due = OuterRef("review_due_at")
    lasting = Q(accepted_at__gt=due) | Q(
        submissions__state=SubmissionState.SUBMITTED, submissions__review_due_at__gt=due
    )
    late = Milestone.objects.filter(
        lasting, contract_id=OuterRef("contract_id"), position__lt=OuterRef("milestone__position")
    )
    inspections = Inspection.objects.filter(submission_id=OuterRef("pk")).order_by("-pk")
    disputes = Dispute.objects.filter(submission_id=OuterRef("pk"), state__in=(*LIVE, *DEFECT))
    listed = FirstAcceptance.objects.filter(submission_id=OuterRef("pk"), defects__isnull=False, accepted_at__lte=due)
    outer_notice = ExpressionWrapper(OuterRef(OuterRef("notified_at")), output_field=DateTimeField())
    line = "milestone__line__"
    return (
        Submission.objects.annotate(is_passed=Subquery(inspections.values("is_passed")[:1]))
        .filter(
            Q(notified_at__isnull=False) | IsNull(outer_notice, True),
            Q(**{f"{line}silence": Silence.ACCEPTED})
            | Q(**{f"{line}silence": "", f"{line}version__silence": Silence.ACCEPTED}),
            Q(is_passed__isnull=True) | Q(is_passed=True),
            Q(**{f"{line}is_cumulative": False}) | ~Exists(late.order_by()),
            ~Exists(disputes.order_by()),
            ~Exists(listed.order_by()),
            milestone_id=OuterRef("pk"),
            state=SubmissionState.SUBMITTED,
            review_due_at__lte=OuterRef(OuterRef("review_due_at")),
            suspended_at__isnull=True,
            came_back_at__isnull=True,
        )
        .order_by()
    )


def knowing_disputed(submissions: "QuerySet[Submission, Submission]") -> "QuerySet[Submission, Submission]":
    """The same with what is in dispute alone. The rest is asked for when somebody wants to know it."""
    live = Dispute.objects.filter(submission_id=OuterRef("pk"), state__in=LIVE).order_by()
    return submissions.annotate(
        disputed=Subquery(live.values(json=JSONObject(amount=Cast("amount", TextField()), by="raised_by"))[:1])
    )


def known(submission_id: int | Argument) -> "QuerySet[Submission, Submission]":
    """What :func:`tell` is given: what :func:`knowing` tells of one submission."""
    return knowing(Submission.objects.filter(pk=submission_id).only("pk").order_by())


@Read
def _known() -> "QuerySet[Submission, Submission]":
    return known(Argument("submission_id"))


def tell(submission: Submission, *, known: Submission | None) -> None:
    """Of a submission that was read without it, what is told by one that was read knowing it."""
    if known is None:
        raise LookupError(f"submission {submission.pk} cannot be seen: nobody asks for it")
    told = vars(submission)
    told.update({name: value for name, value in vars(known).items() if name not in told})


def _told(submission: Submission) -> dict[str, Any]:
    """What :func:`knowing` tells of a submission; asked for now where it was not read along.

    Most sign-offs come in time and under a contract without steps, and want none of it; setting up these subqueries
    would be a third of what reading the submission takes. Whoever may change the answer waits for the contract.
    """
    if "found" not in vars(submission):
        tell(submission, known=_known.first(submission_id=submission.pk))
    return vars(submission)


def found_in(submission: Submission) -> rules.Found | None:
    """The newest inspection of a submission."""
    told: dict[str, Any] | None = _told(submission)["found"]
    return rules.Found(**told) if told is not None else None


def first_in(submission: Submission) -> rules.First | None:
    """What the first of two people accepted of a submission."""
    told: dict[str, Any] | None = _told(submission)["first"]
    if told is None:
        return None
    quantity = Decimal(told["quantity"]) if told["quantity"] is not None else None
    defects = rules.defects_of(told["defects"] or ())
    return rules.First(**{**told, "amount": Decimal(told["amount"]), "quantity": quantity, "defects": defects})


def disputed_in(submission: Submission) -> rules.Disputed | None:
    """What is in dispute of a submission that was read :func:`knowing` it, or :func:`knowing_disputed`."""
    told: dict[str, Any] | None = vars(submission)["disputed"]
    return rules.Disputed(Decimal(told["amount"]), told["by"]) if told is not None else None


def waits_for(submission: Submission) -> list[str]:
    """The titles of the milestones above that are not accepted, where this one builds on them.

    ``milestone__line`` is read already.
    """
    return list(_told(submission)["waits_for"]) if submission.milestone.line.is_cumulative else []


def silence_of(submission: Submission) -> str:
    """What silence does: as the milestone says, else the contract; but a named defect, or a milestone above that was
    not accepted in time, or a dispute, leaves nothing for it to accept, and then it decides nothing. Nor does it when
    the notice came back and no other proof is there.

    A milestone above that silence itself accepts in time is in nobody's way, written down or not; but what silence
    accepts is written down after those above (:func:`waits_for`). ``milestone__line__version`` is read already.
    """
    agreed = agreed_silence(submission)
    return str(Silence.ESCALATES) if _barred_by(submission, agreed=agreed) else agreed


def _barred_by(submission: Submission, *, agreed: str) -> Bar | None:
    if disputed_in(submission) is not None:
        return "dispute"
    if submission.came_back_at is not None:
        return "came_back"
    if agreed not in (Silence.ACCEPTED, Silence.INTEREST):
        return None
    found = found_in(submission)
    told = _told(submission)
    is_listed = told["has_upheld_dispute"] or told["has_listed_defects"]
    if (found is not None and not found.is_passed) or is_listed:
        return "defect"
    return "above" if told["is_above_open"] or told["is_above_late"] else None


@dataclass(frozen=True, slots=True)
class SilenceAhead:
    """What silence does to a submission that waits, and what the contract says of it: they differ where something is in
    the way, and ``barred_by`` says what."""

    does: str
    agreed: str
    barred_by: Bar | None = None


def silence_ahead(submission: Submission) -> SilenceAhead:
    """The same for a page. ``submission`` was read :func:`knowing` what silence does, with its line and version."""
    agreed, does = agreed_silence(submission), silence_of(submission)
    return SilenceAhead(does, agreed, _barred_by(submission, agreed=agreed) if does != agreed else None)


def silence_for(submission_pk: int) -> SilenceAhead:
    """The same of a submission that was not, in one question."""
    rows = Submission.objects.filter(pk=submission_pk).select_related("milestone__line__version")
    return silence_ahead(knowing(rows).defer("canonical_text", "milestone__line__version__canonical_text").get())


def accepted_for_interest_at(submission: Submission, *, at: datetime) -> datetime | None:
    """When what is accepted now counts as accepted for computing interest alone: at the deadline that went by.

    None where the contract does not say so, where it is in time, or where something was in the way of acceptance then:
    a dispute, a defect that was named, a clock that stood still. The submission was read :func:`knowing` that.
    """
    due_at, decides_at = submission.review_due_at, decides_after(submission)
    if due_at is None or decides_at is None or submission.suspended_at is not None or at <= decides_at:
        return None
    return due_at if silence_of(submission) == Silence.INTEREST else None


def decides_after(submission: Submission) -> datetime | None:
    """After which instant silence has decided; None while nobody is known to have been notified."""
    if submission.review_due_at is None or submission.notified_at is None:
        return None
    mailed_at = submission.notified_at if submission.notified_by == Proof.MAIL else None
    return rules.decides_after(due_at=submission.review_due_at, mailed_at=mailed_at)


def agreed_silence(submission: Submission) -> str:
    """What the milestone says of silence, else the version under which it was submitted: what a change order says of it
    holds from the next submission on."""
    line = submission.milestone.line
    return str(line.silence or line.version.silence)
