"""Acceptance in part: what is accepted is billed, the rest goes on as the next part of the same line."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Max

from apps.contracts import measure_wording
from apps.contracts.models import Contract, PlanLine
from apps.core import canonical, states
from apps.core.database import in_flight
from apps.core.money import Money
from apps.core.spoken import Said, said
from apps.milestones import rules
from apps.milestones.models import Decision, FirstAcceptance, Milestone, Submission
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.submission import SubmissionState
from apps.milestones.rules import CriterionVerdict, Part
from apps.milestones.services.deciding import compare, decide, needs_proof, record, require_decider
from apps.milestones.services.dispute_course import go_on_with_rest
from apps.milestones.services.holding import lock_submission
from apps.milestones.services.mailboxes import read_steps
from apps.milestones.services.reviewing import check_in_time
from apps.milestones.services.silence import disputed_in, knowing_disputed
from apps.milestones.services.stepping import accept_first, accepts_first, check_part
from apps.parties.actor import Actor


def part_amount(submission: Submission, *, part: Part) -> Decimal:
    """What would be accepted, net of tax; refused when there is no such part."""
    milestone = submission.milestone
    return rules.part_amount(part, whole=Money(milestone.amount, milestone.currency), measured=measured_of(milestone))


def check_undisputed(submission: Submission, *, accepted: Decimal) -> None:
    """Refuse for a page, before anything is signed, what accepting would refuse: a part that reaches into a dispute."""
    read = knowing_disputed(Submission.objects.filter(pk=submission.pk)).first()
    if read is not None:
        milestone = submission.milestone
        agreed, whole = Money(accepted, milestone.currency), Money(milestone.amount, milestone.currency)
        rules.check_undisputed(disputed_in(read), accepted=agreed, whole=whole)


def measured_of(milestone: Milestone) -> rules.Measured | None:
    """How much of it waits, in the unit of its line; None of a lump sum."""
    measure = milestone.line.measure
    if measure is None or milestone.quantity is None:
        return None
    told = measure_wording.Quantity(milestone.quantity, measure.unit)
    return rules.Measured(measure.quantity, milestone.quantity, measure.unit_price, told)


def part_statement(submission: Submission, *, part: Part) -> Said:
    """What the buyer's person agrees to when accepting this part; refused when there is no such part."""
    whole = Money(submission.milestone.amount, submission.milestone.currency)
    accepted = Money(part_amount(submission, part=part), whole.currency)
    return _statement(submission, whole=whole, accepted=accepted, quantity=part.quantity)


def accept_part(
    *,
    contract: Contract,
    submission_ref: str,
    actor: Actor,
    seen: str,
    part: Part,
    verdicts: Sequence[CriterionVerdict],
    comment: str,
    at: datetime,
) -> tuple[Milestone, int] | FirstAcceptance:
    """The buyer accepts a part of what waits: the milestone keeps that part and may be invoiced, the rest stays open.

    Where the contract does not provide for acceptance in part, it is what of it is not in dispute. The rest is a new
    milestone of the same line with changes requested, so it can be submitted, and accepted in part,
    as often as it takes. Limits and proofs are those of all that waits, so that nobody accepts in slices what is too
    much at once. The answer is the milestone, and how many others of the contract are not accepted, with the rest.
    """
    held = lock_submission(contract, submission_ref=submission_ref)
    read_steps(held, actor=actor)
    submission, milestone = held.submission, held.submission.milestone
    remark = rules.check_text(comment, most=rules.LONGEST_NOTE, field="comment")
    check_in_time(submission, at=at)
    require_decider(submission, actor=actor, at=at)
    check_part(held, actor=actor)
    proof = actor.require_proof(at=at) if needs_proof(milestone, contract=contract) else None
    whole = Money(milestone.amount, milestone.currency)
    given = rules.checked_part_verdicts(verdicts, remark, criteria=held.criteria)
    accepted = rules.part_amount(part, whole=whole, measured=measured_of(milestone))
    agreed = Money(accepted, whole.currency)
    rules.check_undisputed(held.disputed, accepted=agreed, whole=whole)
    # What the first of two accepted while the rest was in dispute the second accepts, also once that dispute is over.
    is_second = held.first is not None and held.first.amount == accepted
    if not milestone.line.agreed.partial_acceptance and not is_second:
        rules.check_in_dispute(held.disputed, accepted=agreed, whole=whole)
    if accepts_first(held, actor=actor, accepted=agreed):
        return accept_first(
            held,
            actor=actor,
            accepted=agreed,
            comment=remark,
            seen=seen,
            at=at,
            proof=proof,
            quantity=part.quantity,
        )
    # Two people accept exactly what the first of them said: a quantity or an amount, whichever the second types.
    quantity = held.first.quantity if held.first is not None and held.first.amount == accepted else part.quantity
    states.move(submission, SubmissionState.ACCEPTED, Submission.TRANSITIONS)
    states.move(milestone, MilestoneState.ACCEPTED, Milestone.TRANSITIONS)
    compare(submission, seen=seen)
    rest = _rest_of(milestone, contract=contract, accepted=agreed, quantity=quantity)
    milestone.quantity = quantity
    milestone.amount, milestone.accepted_at, milestone.accepted_submission = accepted, at, submission
    decision = decide(
        submission,
        outcome=Decision.Outcome.PARTLY_ACCEPTED,
        verdicts=given,
        actor=actor,
        comment=remark,
        statement=_statement(submission, whole=whole, accepted=agreed, quantity=part.quantity),
        at=at,
        proof=proof,
        rest=rest,
    )
    record(
        decision,
        verb="milestone.partly_accepted",
        actor=actor,
        at=at,
        verdicts=given,
        criteria=held.criteria,
        whole=whole.amount,
    )
    if held.disputed is not None:
        go_on_with_rest(submission, part=rest.part)
    return milestone, held.others_open + 1


def amount_submitted(submission: Submission) -> Decimal:
    """How much, net of tax, was submitted: of what was accepted in part, all that waited then."""
    return Decimal(canonical.read(submission.canonical_text)["milestone"]["amount"])


def next_part(milestone: Milestone) -> int:
    """The number of the part that is made next of the milestone's line, which its versions share."""
    parts = Milestone.objects.filter(contract_id=milestone.contract_id, position=milestone.position)
    return 1 + (parts.aggregate(last=Max("part"))["last"] or milestone.part)


def newest_part_of(milestone: Milestone) -> Milestone:
    """What is left of a milestone that was just accepted in part: the last part of its line."""
    in_flight.land()
    parts = Milestone.objects.filter(contract_id=milestone.contract_id, position=milestone.position)
    return parts.select_related("line__version", "contract").latest("part")


def line_in_force(milestone: Milestone, *, contract: Contract) -> PlanLine:
    """By what goes on of a milestone is judged, also when a change order was signed since it was submitted."""
    version, line = contract.active_version, milestone.line
    if version is None or version.pk == line.version_id:
        return line
    return version.lines.get(position=milestone.position)


def _rest_of(milestone: Milestone, *, contract: Contract, accepted: Money, quantity: Decimal | None) -> Milestone:
    number, line = next_part(milestone), line_in_force(milestone, contract=contract)
    return Milestone(
        contract=contract,
        line=line,
        position=milestone.position,
        part=number,
        title=rules.title_of_part(line.title, part=number),
        amount=milestone.amount - accepted.amount,
        quantity=milestone.quantity - quantity if milestone.quantity is not None and quantity is not None else None,
        currency=milestone.currency,
        planned_on=milestone.planned_on,
        state=MilestoneState.CHANGES_REQUESTED,
    )


def _statement(submission: Submission, *, whole: Money, accepted: Money, quantity: Decimal | None) -> Said:
    return said(
        rules.part_statement(
            organisation=submission.contract.buyer.legal_name,
            title=submission.milestone.title,
            cycle=submission.number,
            accepted=accepted,
            rest=Money(whole.amount - accepted.amount, whole.currency),
            measured=measure_wording.stated(quantity, submission.milestone.line.unit),
            by_application=submission.milestone.line.version.is_by_application,
        )
    )
