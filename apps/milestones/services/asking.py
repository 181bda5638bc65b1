"""Questions about a submission that waits, and their answers, on the same page; and the clock that waits with them."""

from datetime import datetime

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.contracts.rules import moved_deadline
from apps.core import canonical
from apps.core.errors import IllegalTransition, Refused
from apps.milestones import rules
from apps.milestones.models import Question, Submission
from apps.milestones.models.submission import SubmissionState
from apps.milestones.services.holding import HeldSubmission, lock_submission
from apps.milestones.services.reviewing import check_in_time
from apps.parties.actor import Actor
from apps.parties.roles import Action


def ask(*, contract: Contract, submission_ref: str, actor: Actor, text: str, at: datetime) -> Question:
    """Somebody of the buyer asks the seller about a submission that waits.

    Where the contract says so the review clock stands still until the answer: for so many questions of a submission,
    one after the other, and only while it runs. A question beyond these is asked too, and the clock runs on.
    """
    held = lock_submission(contract, submission_ref=submission_ref)
    submission = held.submission
    check_in_time(submission, at=at)
    _require_waiting(held)
    version = contract.active_version
    if version is None:
        raise IllegalTransition("This contract is not active.")
    contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.ASK_SELLER,
        version=version,
        purpose=GuestGrant.Purpose.SIGN_OFF,
        subject_ref=submission.ref,
        at=at,
    )
    words = rules.check_words(text, field="text", missing="Write what you want to know.")
    asked = list(submission.questions.values_list("stops_clock", flat=True))
    if len(asked) >= rules.MOST_QUESTIONS:
        raise Refused(
            "{most} questions about this submission were asked already. Request changes instead.",
            most=rules.MOST_QUESTIONS,
        )
    # A change order that says another number holds of what is submitted from then on.
    agreed = submission.milestone.line.agreed.question_suspensions
    stops = _runs(submission, at=at) and sum(asked) < agreed
    question = Question.objects.create(
        contract=contract,
        submission=submission,
        number=len(asked) + 1,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=actor.name,
        email=actor.email,
        asked_at=at,
        text=words,
        stops_clock=stops,
        due_before=submission.review_due_at if stops else None,
    )
    if stops:
        submission.suspended_at = at
        submission.save(update_fields=["suspended_at"])
    _record(question, verb="question.asked", words=words, actor=actor, at=at)
    return question


def answer(*, contract: Contract, question_ref: str, actor: Actor, text: str, at: datetime) -> Question:
    """Somebody of the seller answers; a clock that stood still for the question runs on, to a later deadline."""
    contracts.require_seller(contract, actor=actor, action=Action.SUBMIT_MILESTONE)
    question = Question.objects.select_related("submission").filter(ref=question_ref, contract=contract).first()
    if question is None:
        raise Refused("There is no such question in this contract.")
    held = lock_submission(contract, submission_ref=question.submission.ref)
    submission = held.submission
    # Read again under the lock: somebody else may have answered meanwhile.
    question = Question.objects.select_for_update(of=("self",)).get(pk=question.pk)
    question.submission = submission
    if question.answered_at is not None:
        raise IllegalTransition("{name} has answered this question already.", name=question.answered_name)
    _require_waiting(held)
    words = rules.check_words(text, field="text", missing="Write what the buyer wants to know.")
    question.answer, question.answered_at = words, at
    question.answered_by_id, question.answered_name = actor.user_id, actor.name
    resumes = question.stops_clock and held.disputed is None
    if question.stops_clock:
        # In a dispute the clock goes on standing still, and the end of the dispute counts all of it.
        question.due_after = _due_after(submission, question=question, at=at) if resumes else question.due_before
    question.save(update_fields=["answer", "answered_at", "answered_by", "answered_name", "due_after"])
    if resumes:
        submission.suspended_at, submission.resumed_at = None, at
        submission.review_due_at = question.due_after
        submission.save(update_fields=["suspended_at", "resumed_at", "review_due_at"])
    _record(question, verb="question.answered", words=words, actor=actor, at=at)
    return question


def contract_of_question(*, question_ref: str) -> int:
    """The id of the contract to which a question belongs."""
    contract_id = Question.objects.filter(ref=question_ref).values_list("contract_id", flat=True).first()
    if contract_id is None:
        raise Refused("There is no such question, or your organisation is no party to its contract.")
    return contract_id


def _runs(submission: Submission, *, at: datetime) -> bool:
    """Whether the review clock runs: it began, does not stand still, and is not over."""
    due = submission.review_due_at
    return submission.notified_at is not None and submission.suspended_at is None and due is not None and at <= due


def _require_waiting(held: HeldSubmission) -> None:
    if held.submission.state != SubmissionState.SUBMITTED:
        raise IllegalTransition(
            "This submission is {state}: nothing is asked about it any more.",
            state=str(held.submission.state).replace("_", " "),
        )


def _due_after(submission: Submission, *, question: Question, at: datetime) -> datetime:
    started = submission.resumed_at or submission.notified_at
    if question.due_before is None or started is None:
        raise IllegalTransition("The clock did not stand still.")
    line = submission.milestone.line
    return moved_deadline(
        question.due_before,
        started_at=started,
        asked_at=question.asked_at,
        answered_at=at,
        terms=contracts.review_terms(line.version, own=line.own),
    )


def _record(question: Question, *, verb: str, words: str, actor: Actor, at: datetime) -> None:
    """The words are between the two sides; the chain, which a financier may read later, keeps their hash."""
    submission = question.submission
    contracts.record(
        submission.contract,
        verb=verb,
        subject=f"submission:{submission.ref}",
        actor=actor,
        at=at,
        told_to=(submission.contract.seller_id, submission.contract.buyer_id),
        milestone=submission.milestone.ref,
        cycle=submission.number,
        question=question.number,
        question_ref=question.ref,
        text_sha256=canonical.sha256(words),
        stops_clock=question.stops_clock,
        review_due_at=submission.review_due_at,
    )
