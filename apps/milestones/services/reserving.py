"""The buyer accepts a milestone with reservations: it is accepted and billed, and defects are still to be mended."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from apps.contracts.models import Contract
from apps.contracts.rules import withholds
from apps.core import canonical, money, states
from apps.core.money import Money
from apps.core.spoken import Said, said
from apps.milestones import rules
from apps.milestones.models import Decision, FirstAcceptance, Milestone, Reservation, Submission
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.submission import SubmissionState
from apps.milestones.rules import Defect
from apps.milestones.services.deciding import compare, decide, needs_proof, record, require_decider
from apps.milestones.services.holding import lock_submission
from apps.milestones.services.mailboxes import read_steps
from apps.milestones.services.reviewing import check_in_time
from apps.milestones.services.stepping import accept_first, accepts_first, check_part
from apps.parties.actor import Actor


def checked_defects(submission: Submission, *, defects: Sequence[Defect], at: datetime) -> list[Defect]:
    """The list as it would be written down; refused where the milestone cannot be accepted under it."""
    milestone = submission.milestone
    return rules.checked_defects(
        defects,
        whole=Money(milestone.amount, milestone.currency),
        criteria=dict(milestone.line.criteria.values_list("pk", "text")),
        today=_today(submission, at=at),
    )


def _today(submission: Submission, *, at: datetime) -> date:
    """The buyer's day."""
    return at.astimezone(ZoneInfo(submission.contract.buyer.time_zone)).date()


def reserving_statement(submission: Submission, *, defects: Sequence[Defect]) -> Said:
    """What the buyer's person agrees to when signing this submission off under a list that was checked."""
    milestone = submission.milestone
    return said(
        rules.reserving_statement(
            organisation=submission.contract.buyer.legal_name,
            title=milestone.title,
            cycle=submission.number,
            amount=Money(milestone.amount, milestone.currency),
            count=len(defects),
            withheld=Money(money.total(one.amount for one in defects), milestone.currency),
            by_application=milestone.line.version.is_by_application,
            is_retained=withholds(milestone.line.version.retention, own_rate=milestone.line.retention_rate),
        )
    )


def accept_with_reservations(
    *,
    contract: Contract,
    submission_ref: str,
    actor: Actor,
    seen: str,
    defects: Sequence[Defect],
    comment: str,
    at: datetime,
) -> tuple[Milestone, int, list[Reservation]] | FirstAcceptance:
    """The buyer signs the whole milestone off and reserves its rights from the defects that it lists.

    The milestone is accepted, so the seller may invoice all of it; what is withheld for a defect is not due until that
    is settled. A criterion that a defect names is not met, every other one is. Who may, and above which amount it is
    asked once more who it is, is as for any acceptance. An inspection that found the defects does not stand in the way.
    The answer is the milestone, how many others of the contract are not accepted yet, and the reservations; or, where
    two people accept, what the first of them accepted and listed. The second one adds to that list, and drops nothing.
    """
    held = lock_submission(contract, submission_ref=submission_ref)
    read_steps(held, actor=actor)
    submission, milestone = held.submission, held.submission.milestone
    remark = rules.check_text(comment, most=rules.LONGEST_NOTE, field="comment")
    check_in_time(submission, at=at)
    require_decider(submission, actor=actor, at=at)
    check_part(held, actor=actor)
    whole = Money(milestone.amount, milestone.currency)
    if submission.state == SubmissionState.SUBMITTED:
        rules.check_undisputed(held.disputed, accepted=whole, whole=whole)
    proof = actor.require_proof(at=at) if needs_proof(milestone, contract=contract) else None
    if accepts_first(held, actor=actor, accepted=whole):
        listed = checked_defects(submission, defects=defects, at=at)
        sign = partial(accept_first, held, actor=actor, accepted=whole, comment=remark, seen=seen)
        return sign(at=at, proof=proof, defects=listed)
    states.move(submission, SubmissionState.ACCEPTED, Submission.TRANSITIONS)
    states.move(milestone, MilestoneState.ACCEPTED, Milestone.TRANSITIONS)
    compare(submission, seen=seen)
    listed = checked_defects(submission, defects=defects, at=at)
    if held.first is not None:
        today = _today(submission, at=at)
        rules.check_none_dropped(listed, first=held.first.defects, by=held.first.by, today=today)
    verdicts = rules.verdicts_under(listed, criteria=held.criteria)
    milestone.accepted_at, milestone.accepted_submission = at, submission
    decision = decide(
        submission,
        outcome=Decision.Outcome.ACCEPTED,
        verdicts=verdicts,
        actor=actor,
        comment=remark,
        statement=reserving_statement(submission, defects=listed),
        at=at,
        proof=proof,
    )
    record(
        decision,
        verb="milestone.accepted_with_reservations",
        actor=actor,
        at=at,
        verdicts=verdicts,
        criteria=held.criteria,
        reservations=len(listed),
        withheld=money.total(one.amount for one in listed),
        reservations_sha256=canonical.sha256(rules.defects_text(listed, criteria=held.criteria)),
    )
    return milestone, held.others_open, _listed(decision, milestone=milestone, defects=listed)


def listed_text(reservations: Sequence[Reservation]) -> str:
    """The canonical text of a list of defects as it was made, of which the record keeps the hash."""
    defects = [Defect(one.title, one.due_on, one.amount, one.text, one.criterion_id) for one in reservations]
    named = {one.criterion_id: one.criterion.text for one in reservations if one.criterion is not None}
    return rules.defects_text(defects, criteria={pk: text for pk, text in named.items() if pk is not None})


def _listed(decision: Decision, *, milestone: Milestone, defects: Sequence[Defect]) -> list[Reservation]:
    return Reservation.objects.bulk_create(
        Reservation(
            contract=milestone.contract,
            milestone=milestone,
            decision=decision,
            number=number,
            title=one.title,
            text=one.text,
            criterion_id=one.criterion_id,
            due_on=one.due_on,
            amount=one.amount,
            currency=milestone.currency,
            listed_at=decision.decided_at,
        )
        for number, one in enumerate(defects, start=1)
    )
