"""What happens between a submission and its acceptance: questions and answers, inspections, hand-overs."""

from collections.abc import Sequence
from datetime import datetime

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core.database import walls
from apps.milestones import services as milestones
from apps.milestones.models import FirstAcceptance, Submission
from apps.milestones.services import CriterionVerdict
from apps.parties.actor import Actor
from apps.workflows import jobs, jobs_before_acceptance, limits
from apps.workflows.once import Answer, once


@once
def ask_question(*, actor: Actor, key: str, submission_ref: str, text: str) -> Answer:
    """The buyer asks the seller about a submission; where the contract says so, the review clock stands still."""
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    question = milestones.ask(contract=contract, submission_ref=submission_ref, actor=actor, text=text, at=at)
    jobs_before_acceptance.send_question.defer(question_ref=question.ref, organisation_id=contract.seller_id)
    return {"question": question.ref}


@once
def answer_question(*, actor: Actor, key: str, question_ref: str, text: str) -> Answer:
    """The seller answers; a clock that stood still runs on, and a link that would die before its end is replaced."""
    contract = contracts.lock(contract_id=milestones.contract_of_question(question_ref=question_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    question = milestones.answer(contract=contract, question_ref=question_ref, actor=actor, text=text, at=at)
    news = [
        jobs_before_acceptance.send_answer.configure(
            task_kwargs={"question_ref": question.ref, "organisation_id": contract.buyer_id}
        ),
        *longer_link(question.submission.ref, until=question.due_after, contract=contract, actor=actor, at=at),
    ]
    jobs.defer(*news)
    return {"question": question.ref}


@once
def inspect_milestone(
    *, actor: Actor, key: str, submission_ref: str, seen: str, verdicts: Sequence[CriterionVerdict], comment: str = ""
) -> Answer:
    """Somebody of the buyer looks at a submission before anybody accepts it; both sides read what was found."""
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    inspection = milestones.inspect(
        contract=contract,
        submission_ref=submission_ref,
        actor=actor,
        seen=seen,
        verdicts=verdicts,
        comment=comment,
        at=at,
    )
    told = [contract.buyer_id] if inspection.is_passed else [contract.buyer_id, contract.seller_id]
    jobs.defer(
        *(
            jobs_before_acceptance.send_inspection.configure(
                task_kwargs={"inspection_ref": inspection.ref, "organisation_id": organisation_id}
            )
            for organisation_id in told
        )
    )
    return {"inspection": inspection.ref}


@once
def pass_milestone(*, actor: Actor, key: str, submission_ref: str, membership_ref: str, note: str = "") -> Answer:
    """An approver passes the decision to a colleague of the buyer, who gets a mail."""
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    handed = milestones.pass_to(
        contract=contract,
        submission_ref=submission_ref,
        actor=actor,
        membership_ref=membership_ref,
        note=note,
        at=at,
    )
    jobs_before_acceptance.send_passed_on.defer(hand_over_ref=handed.ref, organisation_id=contract.buyer_id)
    return {"hand_over": handed.ref}


@once
def pass_by_link(*, actor: Actor, key: str, submission_ref: str, name: str, email: str, note: str = "") -> Answer:
    """The signatory passes the decision on to a colleague's mailbox, which gets a link; the signatory is told."""
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    limits.spare(limits.HAND_OVERS, str(contract.pk))
    handed = milestones.pass_by_link(
        contract=contract, submission_ref=submission_ref, actor=actor, name=name, email=email, note=note, at=at
    )
    jobs.defer(
        *(
            task.configure(task_kwargs={"hand_over_ref": handed.ref, "organisation_id": contract.buyer_id})
            for task in (jobs_before_acceptance.send_passed_on, jobs_before_acceptance.send_told_of_passing)
        )
    )
    return {"hand_over": handed.ref}


@once
def take_back_milestone(*, actor: Actor, key: str, submission_ref: str) -> Answer:
    """The signatory takes back what it passed on by link."""
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    submission = milestones.take_back(contract=contract, submission_ref=submission_ref, actor=actor, at=at)
    return {"submission": submission.ref}


def calls_to_inspect(submission: Submission, *, contract: Contract) -> list[JobDeferrer]:
    """Where the contract asks for an inspection, the buyer's inspectors hear of what was submitted."""
    if not submission.milestone.line.agreed.needs_inspection:
        return []
    return [
        jobs_before_acceptance.send_inspection_wanted.configure(
            task_kwargs={"submission_ref": submission.ref, "organisation_id": contract.buyer_id}
        )
    ]


def call_second(first: FirstAcceptance, *, contract: Contract) -> Answer:
    """The first of two people accepted: the others who may are asked, and nothing else happens yet."""
    jobs_before_acceptance.send_second_wanted.defer(
        submission_ref=first.submission.ref, organisation_id=contract.buyer_id
    )
    return {"milestone": first.submission.milestone.ref, "first_acceptance": first.ref}


def longer_link(
    submission_ref: str, *, until: datetime | None, contract: Contract, actor: Actor, at: datetime
) -> list[JobDeferrer]:
    """Nobody's silence may count while the link is dead: one that ends before the new deadline is replaced."""
    if until is None:
        return []
    prolonged = contracts.prolong_sign_off(
        contract=contract, submission_ref=submission_ref, until=until, actor=actor, at=at
    )
    return [
        jobs.send_sign_off_request.configure(task_kwargs={"grant_ref": grant.ref, "organisation_id": contract.buyer_id})
        for grant in prolonged
    ]
