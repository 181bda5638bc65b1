"""Asking for a pack: one that is being made, or that nothing happened since, is the answer; else a new one."""

from datetime import datetime

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.core.errors import NotAllowed, Refused
from apps.core.made import MadeState
from apps.milestones.models import Milestone
from apps.parties.actor import Actor, ActorKind
from apps.workflows.models import EvidencePack


def ask(*, contract: Contract, milestone_ref: str, actor: Actor, at: datetime) -> tuple[EvidencePack, bool]:
    """The pack of a locked contract, or of one of its milestones, for the side that asks; and whether it is new.

    A guest has that of the milestone whose submission the link lets decide, as long as the link shows it.
    """
    if actor.organisation_id not in (contract.seller_id, contract.buyer_id):
        raise NotAllowed("Only the seller and the buyer can have an evidence pack.")
    if not contract.was_proposed:
        raise Refused("Nothing was signed yet, so there is nothing to prove. Propose the contract first.")
    milestone = Milestone.objects.filter(contract=contract, ref=milestone_ref).first() if milestone_ref else None
    if milestone_ref and milestone is None:
        raise Refused("There is no such milestone in this contract.")
    if actor.kind is ActorKind.GUEST:
        _require_shown(contract, milestone=milestone, actor=actor, at=at)
    if milestone is not None and not milestone.submissions.exclude(state="draft").exists():
        raise Refused("Nothing was submitted for this milestone yet. Ask for the pack of the whole contract.")
    mine = EvidencePack.objects.filter(
        organisation_id=actor.organisation_id, contract=contract, milestone=milestone, grant_id=actor.grant_id
    )
    last = mine.select_related("contract").order_by("-pk").first()
    if last is not None and (_is_being_made(last, at=at) or is_current(last, at=at)):
        return last, False
    pack = EvidencePack.objects.create(
        organisation_id=actor.organisation_id,
        contract=contract,
        milestone=milestone,
        grant_id=actor.grant_id,
        requested_at=at,
    )
    return pack, True


def _require_shown(contract: Contract, *, milestone: Milestone | None, actor: Actor, at: datetime) -> None:
    grant = contracts.require_readable(contract, actor=actor, purpose=GuestGrant.Purpose.SIGN_OFF, at=at)
    if milestone is None or not milestone.submissions.filter(ref=grant.subject_ref).exists():
        raise NotAllowed("This link is for something else.")


def is_current(pack: EvidencePack, *, at: datetime) -> bool:
    """Whether the pack is still there, lacked nothing, and nothing was recorded of the contract since."""
    is_whole = pack.state == MadeState.READY and pack.lacks == 0 and not pack.is_dropped(now=at)
    return is_whole and pack.position == contracts.recorded(pack.contract)


def _is_being_made(pack: EvidencePack, *, at: datetime) -> bool:
    return pack.state == MadeState.MAKING and not pack.is_given_up(now=at)
