"""What proves a deal to others: contracts on paper, certificates, evidence packs; asked for by people, made by jobs."""

from apps.contracts import documents
from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.milestones import certificates, event_certificates, settlement_papers
from apps.milestones import services as milestones
from apps.parties.actor import Actor, ActorKind
from apps.workflows import confirming_jobs, jobs, termination_jobs
from apps.workflows.once import Answer, once
from apps.workflows.packs import asking


@once
def retry_certificate(*, actor: Actor, key: str, submission_ref: str) -> Answer:
    """Make a certificate of acceptance again after it failed; one that exists is never made anew."""
    contract = milestones.lock_contract_of_submission(submission_ref=submission_ref)
    certificates.retry(submission_ref=submission_ref, actor=actor, at=clock.now())
    jobs.make_certificate.defer(submission_ref=submission_ref, organisation_id=contract.seller_id)
    return {"submission": submission_ref}


@once
def retry_event_certificate(*, actor: Actor, key: str, event_ref: str) -> Answer:
    """Make the certificate of a confirmed event again after it failed; one that exists is never made anew."""
    contract = contracts.lock(contract_id=milestones.contract_of_event(event_ref=event_ref))
    event_certificates.retry(event_ref=event_ref, actor=actor, at=clock.now())
    confirming_jobs.make_event_certificate.defer(event_ref=event_ref, organisation_id=contract.seller_id)
    return {"event": event_ref}


@once
def retry_contract_document(*, actor: Actor, key: str, version_ref: str, kind: str) -> Answer:
    """Make the PDF of a version again after it failed; one that exists is never made anew."""
    contract = contracts.lock_of_version(version_ref=version_ref)
    documents.retry(version_ref=version_ref, kind=kind, actor=actor, at=clock.now())
    jobs.make_contract_document.defer(version_ref=version_ref, kind=kind, organisation_id=contract.seller_id)
    return {"version": version_ref, "kind": kind}


@once
def retry_settlement_paper(*, actor: Actor, key: str, settlement_ref: str) -> Answer:
    """Make the PDF of a settlement again after it failed; one that exists is never made anew."""
    contract = contracts.lock(contract_id=milestones.contract_of_settlement(settlement_ref=settlement_ref))
    settlement_papers.retry(settlement_ref=settlement_ref, actor=actor, at=clock.now())
    termination_jobs.make_settlement_paper.defer(settlement_ref=settlement_ref, organisation_id=contract.seller_id)
    return {"settlement": settlement_ref}


@once
def request_pack(*, actor: Actor, key: str, contract_ref: str, milestone_ref: str = "") -> Answer:
    """Seller or buyer asks for everything that proves a contract, or one milestone of it.

    A pack of the same that is being made, or that nothing was recorded since, is the answer; else a new one. So does
    the buyer's guest, of the milestone that the link shows.
    """
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.buyer_id) if actor.kind is ActorKind.GUEST else clock.now()
    pack, is_new = asking.ask(contract=contract, milestone_ref=milestone_ref, actor=actor, at=at)
    if is_new:
        jobs.make_pack.defer(pack_ref=pack.ref, organisation_id=actor.organisation_id)
    return {"pack": pack.ref}
