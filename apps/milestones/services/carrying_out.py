"""A settlement that both sides signed is carried out: valued work is accepted, every rest is cancelled."""

from datetime import datetime
from zoneinfo import ZoneInfo

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import states
from apps.core.database import together
from apps.core.errors import IllegalTransition
from apps.milestones.models import Decision, Milestone, Settlement, SettlementSignature, Submission
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.settlement import Side
from apps.milestones.models.submission import SubmissionState
from apps.milestones.services.submitting import open_or_continue
from apps.parties.actor import Actor


def carry_out(*, settlement: Settlement, contract: Contract, actor: Actor, at: datetime) -> list[Milestone]:
    """Accept the work in progress at the values that both sides signed, and cancel the rest of every open milestone.

    The answer is the accepted milestones, which the caller invoices in the same transaction: the signature of the buyer
    under the settlement is their sign-off, and the text that it signed is what was submitted.
    """
    signatures = {one.side: one for one in settlement.signatures.all()}
    values = {one.milestone_id: one for one in settlement.valuations.all()}
    # Versions apart: the text of one that has thousands of lines would come again with each of them.
    held = Milestone.objects.select_for_update(of=("self",)).select_related("line").prefetch_related("line__version")
    accepted, cancelled = [], []
    # All of the contract's, not those of its valuations: these were written a moment ago, so Postgres would take ten
    # thousand of them for a few and look for each milestone in all of them.
    for milestone in held.filter(contract=contract).order_by("pk"):
        value = values.get(milestone.pk)
        if value is None:
            continue
        milestone.contract = contract
        if not value.amount:
            states.move(milestone, MilestoneState.CANCELLED, Milestone.TRANSITIONS)
            cancelled.append(milestone)
            continue
        submission = _submitted(milestone, settlement=settlement, note=value.note, by=signatures[Side.SELLER], at=at)
        states.move(milestone, MilestoneState.ACCEPTED, Milestone.TRANSITIONS)
        if value.amount != milestone.amount:
            # What was valued is a sum, and no number of units any more.
            milestone.quantity = None
        milestone.amount, milestone.accepted_at, milestone.accepted_submission = value.amount, at, submission
        decision = _decision(submission, by=signatures[Side.BUYER], at=at)
        together.insert(
            decision,
            children=[],
            after=[
                (submission, ["state"]),
                (milestone, ["state", "accepted_at", "accepted_submission", "amount", "quantity"]),
            ],
        )
        contracts.record(
            contract,
            verb="milestone.settled",
            subject=f"milestone:{milestone.ref}",
            actor=actor,
            at=at,
            settlement=settlement.ref,
            submission=submission.ref,
            sha256=submission.sha256,
            amount=milestone.amount,
            whole=value.unbilled,
            currency=milestone.currency,
            accepted_by=decision.name,
            statement=decision.statement,
            statement_version=decision.statement_version,
        )
        accepted.append(milestone)
    Milestone.objects.bulk_update(cancelled, ["state"], batch_size=1_000)
    return sorted(accepted, key=lambda one: (one.position, one.part))


def _submitted(
    milestone: Milestone, *, settlement: Settlement, note: str, by: SettlementSignature, at: datetime
) -> Submission:
    """What stands for the valued work: the draft of the seller with its files, under the text of the settlement."""
    contract = milestone.contract
    version = contract.active_version
    if version is None:
        raise IllegalTransition("This contract is not active.")
    submission = open_or_continue(milestone, at=at)
    states.move(submission, SubmissionState.SUBMITTED, Submission.TRANSITIONS)
    submission.note = note
    submission.canonical_text, submission.sha256 = settlement.canonical_text, settlement.sha256
    submission.submitted_at, submission.submitted_by_id, submission.review_due_at = at, by.user_id, at
    submission.review_zone = str(ZoneInfo(contract.seller.time_zone))
    submission.save()
    states.move(submission, SubmissionState.ACCEPTED, Submission.TRANSITIONS)
    return submission


def _decision(submission: Submission, *, by: SettlementSignature, at: datetime) -> Decision:
    """The buyer's signature as the decision that it is, with all the evidence of it."""
    return Decision(
        contract=submission.contract,
        submission=submission,
        outcome=Decision.Outcome.SETTLED,
        comment=submission.note,
        user_id=by.user_id,
        grant_id=by.grant_id,
        name=by.name,
        email=by.email,
        organisation_name=submission.contract.buyer.legal_name,
        decided_at=at,
        address=by.address,
        agent=by.agent,
        authenticated_by=by.authenticated_by,
        proved_by=by.proved_by,
        proved_at=by.proved_at,
        circumstances=by.circumstances,
        statement=by.statement,
        statement_version=by.statement_version,
        sha256=by.sha256,
    )
