"""What the two sides write to each other about a milestone, at any time."""

from apps.contracts import services as contracts
from apps.core.database import walls
from apps.milestones import services as milestones
from apps.parties.actor import Actor
from apps.workflows import jobs_before_acceptance, limits
from apps.workflows.once import Answer, once


@once
def comment_milestone(*, actor: Actor, key: str, milestone_ref: str, text: str) -> Answer:
    """One side writes to the other about a milestone of the signed plan; the other side gets a mail, and so does
    whoever of the own side wrote about it before."""
    contract = contracts.lock(contract_id=milestones.contract_of_milestone(milestone_ref=milestone_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    limits.spare(limits.COMMENTS, f"{contract.pk} {actor.organisation_id}")
    written = milestones.comment(contract=contract, milestone_ref=milestone_ref, actor=actor, text=text, at=at)
    for organisation in (contract.seller_id, contract.buyer_id):
        jobs_before_acceptance.send_milestone_comment.defer(comment_ref=written.ref, organisation_id=organisation)
    return {"comment": written.ref}
