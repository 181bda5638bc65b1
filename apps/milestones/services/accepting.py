"""The buyer signs a milestone off: after the steps that were agreed, alone or as the second of two people."""

from datetime import datetime

from apps.contracts.models import Contract
from apps.core import states
from apps.core.database import in_flight
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import Decision, FirstAcceptance, Milestone, Submission
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.submission import SubmissionState
from apps.milestones.rules import CriterionVerdict
from apps.milestones.services.deciding import (
    acceptance_statement,
    compare,
    decide,
    needs_proof,
    record,
    require_decider,
)
from apps.milestones.services.holding import lock_submission
from apps.milestones.services.mailboxes import read_steps
from apps.milestones.services.reviewing import check_in_time
from apps.milestones.services.stepping import accept_first, accepts_first, check_whole
from apps.parties.actor import Actor


def accept(
    *, contract: Contract, submission_ref: str, actor: Actor, seen: str, comment: str, at: datetime
) -> tuple[Milestone, int] | FirstAcceptance:
    """The buyer signs the milestone off, every criterion passed. From here on the seller may invoice it.

    Only by somebody who may decide for the buyer, up to the person's limit, and only on the text that was shown:
    ``seen`` is its SHA-256, another one is :class:`Stale`. The answer is the milestone, and how many others of the
    contract are not accepted yet; or, where two people accept, what the first of them accepted.
    """
    held = lock_submission(contract, submission_ref=submission_ref, decider=actor)
    read_steps(held, actor=actor)
    submission, milestone = held.submission, held.submission.milestone
    remark = rules.check_text(comment, most=rules.LONGEST_NOTE, field="comment")
    check_in_time(submission, at=at)
    require_decider(submission, actor=actor, at=at)
    check_whole(held, actor=actor)
    proof = actor.require_proof(at=at) if needs_proof(milestone, contract=contract) else None
    whole = Money(milestone.amount, milestone.currency)
    if accepts_first(held, actor=actor, accepted=whole):
        return accept_first(held, actor=actor, accepted=whole, comment=remark, seen=seen, at=at, proof=proof)
    rules.check_unreserved(held.first)
    states.move(submission, SubmissionState.ACCEPTED, Submission.TRANSITIONS)
    states.move(milestone, MilestoneState.ACCEPTED, Milestone.TRANSITIONS)
    compare(submission, seen=seen)
    milestone.accepted_at = at
    milestone.accepted_submission = submission
    verdicts = [CriterionVerdict(criterion_id, is_passed=True) for criterion_id in held.criteria]
    with in_flight.nobody_waits():
        decision = decide(
            submission,
            outcome=Decision.Outcome.ACCEPTED,
            verdicts=verdicts,
            actor=actor,
            comment=remark,
            statement=acceptance_statement(submission),
            at=at,
            proof=proof,
        )
    record(decision, verb="milestone.accepted", actor=actor, at=at, verdicts=verdicts, criteria=held.criteria)
    return milestone, held.others_open
