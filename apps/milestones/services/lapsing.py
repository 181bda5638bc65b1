"""What silence decides: written down by the clock, effective at the deadline."""

from datetime import datetime

from apps.contracts.models import Contract
from apps.contracts.models.version import Silence
from apps.contracts.rules.review import DECIDES
from apps.core import canonical, states
from apps.core.errors import IllegalTransition, NotAllowed
from apps.milestones import rules
from apps.milestones.models import Decision, Milestone, Submission
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.submission import SubmissionState
from apps.milestones.services.deciding import record, write
from apps.milestones.services.holding import lock_submission
from apps.milestones.services.lapse_record import lapse_text
from apps.milestones.services.silence import decides_after, silence_of
from apps.parties.actor import Actor, ActorKind


def decide_by_silence(
    *, contract: Contract, submission_ref: str, actor: Actor, at: datetime
) -> tuple[Decision, int] | None:
    """Write down what the contract says of silence, effective at the deadline, whenever this runs after it.

    Only a submission that still waits, of which the buyer was notified, and only by the clock: no person may call it.
    None when there is nothing to decide. The answer is the decision, and how many other milestones are not accepted.
    An acceptance is refused while one above that it builds on is not accepted: it is asked for again after that one.
    """
    if actor.kind is not ActorKind.SYSTEM:
        raise NotAllowed("Only the end of the review period decides for somebody who said nothing.")
    held = lock_submission(contract, submission_ref=submission_ref)
    submission, milestone = held.submission, held.submission.milestone
    due_at, silence, decides_at = submission.review_due_at, silence_of(submission), decides_after(submission)
    waits = submission.state == SubmissionState.SUBMITTED
    if (
        due_at is None
        or decides_at is None
        or not waits
        or submission.suspended_at is not None
        or silence not in DECIDES
    ):
        return None
    if at <= decides_at:
        raise IllegalTransition("This review still runs.")
    is_accepted = silence == Silence.ACCEPTED
    if is_accepted:
        # Silence accepted those above as well, and nobody has written it down yet: they come first.
        rules.check_above(held.waits_for)
        states.move(submission, SubmissionState.ACCEPTED, Submission.TRANSITIONS)
        states.move(milestone, MilestoneState.ACCEPTED, Milestone.TRANSITIONS)
        milestone.accepted_at, milestone.accepted_submission = due_at, submission
    else:
        states.move(submission, SubmissionState.CHANGES_REQUESTED, Submission.TRANSITIONS)
        states.move(milestone, MilestoneState.CHANGES_REQUESTED, Milestone.TRANSITIONS)
    statement = rules.silence_statement(
        organisation=contract.buyer.legal_name,
        title=milestone.title,
        cycle=submission.number,
        due_at=due_at,
        zone=submission.review_zone,
        silence=silence,
    )
    decision = Decision(
        contract=contract,
        submission=submission,
        outcome=Decision.Outcome.DEEMED_ACCEPTED if is_accepted else Decision.Outcome.DEEMED_REJECTED,
        rule=Decision.Rule.SILENCE,
        organisation_name=contract.buyer.legal_name,
        decided_at=due_at,
        recorded_at=at,
        statement=str(statement),
        statement_version=statement.version,
        sha256=submission.sha256,
    )
    decision.lapse_text = lapse_text(submission, contract=contract, silence=silence, outcome=decision.outcome, at=at)
    # Nobody looked at the criteria one by one, so there are no verdicts.
    write(decision, verdicts=[])
    verb = "milestone.deemed_accepted" if is_accepted else "milestone.deemed_rejected"
    record(
        decision,
        verb=verb,
        actor=actor,
        at=at,
        verdicts=[],
        criteria=held.criteria,
        lapse_sha256=canonical.sha256(decision.lapse_text),
    )
    return decision, held.others_open
