"""What the two sides write to each other about a milestone, inside and outside of its cycles."""

from datetime import datetime

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractParty, GuestGrant
from apps.core import canonical
from apps.core.errors import NotAllowed, Refused
from apps.milestones import rules
from apps.milestones.models import Milestone, MilestoneComment
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action

Side = ContractParty.Side


def comment(*, contract: Contract, milestone_ref: str, actor: Actor, text: str, at: datetime) -> MilestoneComment:
    """Write to the other side about a milestone, from the contract's start on; nothing is decided by it.

    For the seller that is whoever submits milestones; for the buyer whoever may ask the seller, and the signatory, or a
    colleague to whom it passed the decision on, by the personal link to one of its submissions, as long as that shows
    what it was for: also after its decision.
    """
    milestone = Milestone.objects.filter(ref=milestone_ref, contract=contract).first()
    if milestone is None:
        raise Refused("There is no such milestone in this contract.")
    side = _side_of(contract, milestone, actor=actor, at=at)
    if milestone.state == MilestoneState.CANCELLED:
        raise Refused("This milestone was taken out of the contract. Nothing was sent.")
    written = MilestoneComment.objects.create(
        contract=contract,
        milestone=milestone,
        side=side,
        organisation_id=actor.organisation_id,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=actor.name,
        email=actor.email,
        written_at=at,
        text=rules.check_words(text, field="text", missing="Write something, or go back."),
    )
    # The words are between the two sides; the chain, which a financier may read later, keeps their hash.
    contracts.record(
        contract,
        verb="milestone.commented",
        subject=f"milestone:{milestone.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        position=milestone.position,
        part=milestone.part,
        title=milestone.title,
        comment_ref=written.ref,
        side=side,
        text_sha256=canonical.sha256(written.text),
    )
    return written


def _side_of(contract: Contract, milestone: Milestone, *, actor: Actor, at: datetime) -> str:
    """For which side somebody writes; refused for whoever may not."""
    if actor.organisation_id == contract.seller_id:
        contracts.require_seller(contract, actor=actor, action=Action.SUBMIT_MILESTONE)
        return Side.SELLER
    if actor.kind is not ActorKind.GUEST:
        contracts.buyer_authority(contract, actor=actor, action=Action.ASK_SELLER, at=at)
        return Side.BUYER
    # Words decide nothing, so a link that was used writes them too: between two cycles there is no other.
    grant = contracts.require_readable(contract, actor=actor, purpose=GuestGrant.Purpose.SIGN_OFF, at=at)
    if not milestone.submissions.filter(ref=grant.subject_ref).exists():
        raise NotAllowed("This link is for something else.")
    version = contract.active_version
    if version is None or grant.email != actor.email or grant.signatory != version.signatory_email:
        raise NotAllowed("The signed contract names somebody else.")
    return Side.BUYER
