"""What happens between a proposal and a signature: comments, answers with another version, and no answer in time."""

from datetime import datetime

from apps.contracts import services as contracts
from apps.contracts.services import OverdueProposal
from apps.core.database import walls
from apps.parties.actor import Actor
from apps.workflows import jobs, limits
from apps.workflows.once import Answer, once


@once
def comment_contract(*, actor: Actor, key: str, version_ref: str, text: str) -> Answer:
    """One side writes to the other about the version that was proposed; the other side gets a mail."""
    contract = contracts.lock_of_version(version_ref=version_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    version = contracts.version_of(contract, version_ref=version_ref)
    limits.spare(limits.COMMENTS, f"{contract.pk} {actor.organisation_id}")
    written = contracts.comment(contract=contract, version=version, actor=actor, text=text, at=at)
    reader = contracts.organisation_of(contract, side=contracts.other_side(written.side))
    jobs.send_contract_comment.defer(comment_ref=written.ref, organisation_id=reader)
    return {"comment": written.ref}


@once
def answer_proposal(*, actor: Actor, key: str, version_ref: str) -> Answer:
    """The other side begins a version of its own from the proposed one, which can be signed until this one is sent."""
    contract = contracts.lock_of_version(version_ref=version_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    draft = contracts.answer(contract=contract, version_ref=version_ref, actor=actor, at=at)
    return {"contract": contract.ref, "version": draft.ref}


def overdue(*, at: datetime, contract_refs: list[str] | None = None) -> list[OverdueProposal]:
    """Every proposal whose last day is over at this moment."""
    return contracts.proposals_overdue(at=at, contract_refs=contract_refs)


def tend(*, version_ref: str, organisation_id: int) -> Answer:
    """Note that one proposal ran out, in a transaction of its own; done once, however often it is asked for."""
    with walls.asking_for(organisation_id):
        return expire_proposal(
            actor=Actor.system(organisation_id=organisation_id),
            key=f"last day of {version_ref}",
            version_ref=version_ref,
        )


@once
def expire_proposal(*, actor: Actor, key: str, version_ref: str) -> Answer:
    """Nobody signed by the last day: the contract is its proposer's draft again, and the proposer is told; one in
    force, which an order would have changed, stays as it is."""
    contract = contracts.lock_of_version(version_ref=version_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    expired = contracts.expire(contract=contract, version_ref=version_ref, actor=actor, at=at)
    if expired is None:
        return {}
    proposer = contracts.organisation_of(contract, side=expired.author)
    if expired.change_order is not None:
        jobs.send_change_news.defer(order_ref=expired.change_order.ref, what="expired", organisation_id=proposer)
    else:
        jobs.send_proposal_expired.defer(version_ref=version_ref, organisation_id=proposer)
    return {"version": version_ref}
