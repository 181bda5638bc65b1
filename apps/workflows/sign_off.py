"""Submission and sign-off: the story by which work becomes an invoice."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.files.base import File
from django.db import transaction
from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.financing import services as financing
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice
from apps.milestones import services as milestones
from apps.milestones.models import FirstAcceptance, Milestone, Reservation
from apps.milestones.services import CriterionAnswer, CriterionVerdict, Link, Part
from apps.parties.actor import Actor
from apps.workflows import applying, before_acceptance, jobs, recourse, retention_jobs, revenue_jobs
from apps.workflows.attaching import with_its_row
from apps.workflows.once import Answer, once, once_asking


@once
def prepare_submission(
    *,
    actor: Actor,
    key: str,
    milestone_ref: str,
    note: str,
    answers: Sequence[CriterionAnswer],
    links: Sequence[Link] = (),
) -> Answer:
    """The seller writes down how each criterion is met; the buyer sees nothing of it until it is submitted."""
    contract = contracts.lock(contract_id=milestones.contract_of_milestone(milestone_ref=milestone_ref))
    now = clock.now()
    submission = milestones.prepare(
        contract=contract, milestone_ref=milestone_ref, actor=actor, note=note, answers=answers, links=links, at=now
    )
    return {"submission": submission.ref}


def attach_evidence(
    *, actor: Actor, milestone_ref: str, upload: "File[Any]", criterion_id: int | None = None
) -> Answer:
    """The seller adds a file to the draft submission. Sent twice, it is there once."""
    stored = milestones.receive(upload, actor=actor)
    with with_its_row(stored.stored_as):
        contract = contracts.lock(contract_id=milestones.contract_of_milestone(milestone_ref=milestone_ref))
        file = milestones.attach(
            contract=contract,
            milestone_ref=milestone_ref,
            actor=actor,
            stored=stored,
            criterion_id=criterion_id,
            at=clock.now(),
        )
    return {"evidence": file.ref}


def remove_evidence(*, actor: Actor, evidence_ref: str) -> Answer:
    """The seller takes a file out of the draft submission; its bytes go when no other cycle has it.

    Asked again, it is done: a file has one row, so no key is needed to know.
    """
    with transaction.atomic(durable=True):
        if milestones.was_removed(evidence_ref=evidence_ref, actor=actor):
            return {"evidence": evidence_ref}
        contract = contracts.lock(contract_id=milestones.contract_of_evidence(evidence_ref=evidence_ref))
        stored_as = milestones.remove(contract=contract, evidence_ref=evidence_ref, actor=actor, at=clock.now())
    if stored_as:
        milestones.discard_unless_known(stored_as)
    return {"evidence": evidence_ref}


@once
def submit_milestone(*, actor: Actor, key: str, milestone_ref: str, seen: str) -> Answer:
    """The seller sends the drafted submission to the buyer: frozen, numbered, with its review deadline.

    ``seen`` is the SHA-256 of the text that the seller was shown on the review page.
    """
    contract = contracts.lock(contract_id=milestones.contract_of_milestone(milestone_ref=milestone_ref))
    at = walls.widen(contract.buyer_id)
    submission = milestones.submit(contract=contract, milestone_ref=milestone_ref, actor=actor, seen=seen, at=at)
    grant = contracts.grant_sign_off(
        contract=contract, submission_ref=submission.ref, actor=actor, at=at, review_due_at=submission.review_due_at
    )
    jobs.defer(
        jobs.send_sign_off_request.configure(
            task_kwargs={"grant_ref": grant.ref, "organisation_id": contract.buyer_id}
        ),
        *before_acceptance.calls_to_inspect(submission, contract=contract),
    )
    return {"submission": submission.ref}


@once
def withdraw_submission(*, actor: Actor, key: str, submission_ref: str) -> Answer:
    """The seller takes a submission back before it is decided; the buyer's links to it die."""
    contract = milestones.lock_contract_of_submission(submission_ref=submission_ref)
    at = clock.now()
    submission = milestones.withdraw(contract=contract, submission_ref=submission_ref, actor=actor, at=at)
    milestones.follow_active_version(submission.milestone)
    contracts.revoke_grants(subject_ref=submission.ref, at=at)
    return {"submission": submission.ref}


@once_asking(milestones.ask_for_contract_of_submission)
def accept_milestone(*, actor: Actor, key: str, submission_ref: str, seen: str, comment: str = "") -> Answer:
    """The buyer signs the milestone off, and the invoice exists: one transaction, nothing in between.

    Where two people accept, the first one's acceptance is kept, and the second one's does all this.
    ``seen`` is the SHA-256 of the submission's text that the buyer was shown; another text is :class:`Stale`.
    """
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    done = milestones.accept(
        contract=contract, submission_ref=submission_ref, actor=actor, seen=seen, comment=comment, at=at
    )
    if isinstance(done, FirstAcceptance):
        return before_acceptance.call_second(done, contract=contract)
    return bill_accepted(done, submission_ref=submission_ref, contract=contract, actor=actor, at=at)


@once
def accept_part(
    *,
    actor: Actor,
    key: str,
    submission_ref: str,
    seen: str,
    part: Part,
    verdicts: Sequence[CriterionVerdict],
    comment: str = "",
) -> Answer:
    """The buyer signs a part of the milestone off: that part is billed now, the rest can be submitted again.

    What of an advance on the milestone the part does not cover stands on for the rest; an advance that is agreed and
    not paid out is on the whole, so it is accepted whole or not at all.
    """
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    financing.require_divisible(submission_ref=submission_ref)
    done = milestones.accept_part(
        contract=contract,
        submission_ref=submission_ref,
        actor=actor,
        seen=seen,
        part=part,
        verdicts=verdicts,
        comment=comment,
        at=at,
    )
    if isinstance(done, FirstAcceptance):
        return before_acceptance.call_second(done, contract=contract)
    rest = milestones.newest_part_of(done[0])
    return bill_accepted(done, submission_ref=submission_ref, contract=contract, actor=actor, at=at, rest=rest)


def bill_accepted(
    accepted: tuple[Milestone, int],
    *,
    submission_ref: str,
    contract: Contract,
    actor: Actor,
    at: datetime,
    reservations: Sequence[Reservation] = (),
    rest: Milestone | None = None,
) -> Answer:
    """What a person accepted is billed, in the same transaction: links die, certificate and news follow.

    ``accepted`` is the milestone, and how many others of the contract are not accepted yet; ``rest`` is the one that
    was made of what was not accepted of it. What is withheld for the
    ``reservations`` is billed with it and not due.
    """
    milestone, open_milestones = accepted
    contracts.spend_grants(subject_ref=submission_ref, actor=actor, at=at)
    invoice_ref = new_ref()
    jobs.defer(
        *news_of(invoice_ref, submission_ref=submission_ref, milestone=milestone, contract=contract),
        certificate(submission_ref, contract=contract),
        *retention_jobs.following(milestone, contract=contract, others=open_milestones),
    )
    if milestone.line.version.is_by_application:
        return applying.apply_for(milestone, contract=contract, actor=actor, at=at, reservations=reservations)
    invoice = bill(
        invoice_ref,
        milestone=milestone,
        contract=contract,
        others=open_milestones,
        actor=actor,
        at=at,
        reservations=reservations,
        rest=rest,
    )
    return {"milestone": milestone.ref, "invoice": invoice.ref, "number": invoice.number}


def bill(
    ref: str,
    *,
    milestone: Milestone,
    contract: Contract,
    others: int,
    actor: Actor,
    at: datetime,
    reservations: Sequence[Reservation] = (),
    rest: Milestone | None = None,
) -> Invoice:
    """What follows an acceptance in the same transaction, whoever or whatever accepted: the invoice, and the end.

    Last in its workflow: from the moment in which the number is taken every other acceptance of this seller waits.
    ``ref`` is the reference that the invoice gets, because jobs that name it are deferred before, by the caller.
    """
    advance, short = recourse.convert(milestone=milestone, rest=rest, actor=actor, at=at)
    invoice, is_more_to_bill = invoicing.issue(
        ref,
        milestone=milestone,
        contract=contract,
        reservations=reservations,
        others=others,
        sale=recourse.sale_of(advance),
        actor=actor,
        at=at,
    )
    recourse.carry_converted(advance, short, rest=rest, at=at)
    contracts.complete_when_all_billed(
        contract=contract,
        open_milestones=others,
        unbilled=is_more_to_bill,
        actor=actor,
        at=invoice.issued_at,
    )
    return invoice


def news_of(invoice_ref: str, *, submission_ref: str, milestone: Milestone, contract: Contract) -> list[JobDeferrer]:
    """What follows it by jobs: the document of its invoice, the mail to the seller, the seller's revenue."""
    seller_id = contract.seller_id
    document = jobs.render_invoice.configure(task_kwargs={"invoice_ref": invoice_ref, "organisation_id": seller_id})
    return [
        *([] if milestone.line.version.is_by_application else [document]),
        jobs.send_acceptance.configure(task_kwargs={"submission_ref": submission_ref, "organisation_id": seller_id}),
        revenue_jobs.following(contract),
    ]


def certificate(submission_ref: str, *, contract: Contract) -> JobDeferrer:
    """The certificate of what a person signed off, or silence accepted."""
    return jobs.make_certificate.configure(
        task_kwargs={"submission_ref": submission_ref, "organisation_id": contract.seller_id}
    )


@once
def request_changes(
    *,
    actor: Actor,
    key: str,
    submission_ref: str,
    seen: str,
    verdicts: Sequence[CriterionVerdict],
    comment: str = "",
    wanted_by: date | None = None,
) -> Answer:
    """The buyer says what is missing, criterion by criterion, and until when it wants it again, as a new cycle."""
    contract, at = milestones.hold_contract_of_submission(submission_ref=submission_ref)
    milestone = milestones.request_changes(
        contract=contract,
        submission_ref=submission_ref,
        actor=actor,
        seen=seen,
        verdicts=verdicts,
        comment=comment,
        wanted_by=wanted_by,
        at=at,
    )
    milestones.follow_active_version(milestone)
    contracts.spend_grants(subject_ref=submission_ref, actor=actor, at=at)
    jobs.send_change_request.defer(submission_ref=submission_ref, organisation_id=contract.seller_id)
    advance = financing.sent_back_on(milestone)
    if advance is not None:
        jobs.send_milestone_sent_back.defer(
            tranche_ref=advance.ref, submission_ref=submission_ref, organisation_id=advance.financier_id
        )
    return {"milestone": milestone.ref}
