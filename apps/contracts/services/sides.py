"""Which side of a contract somebody speaks for, who writes for it, and whose turn it is."""

from datetime import datetime

from apps.contracts.models import Contract, ContractParty, ContractVersion
from apps.contracts.models.contract import ContractState
from apps.contracts.services.people import buyer_authority, require_seller
from apps.core.errors import NotAllowed, Refused, Stale
from apps.parties.actor import Actor, ActorKind
from apps.parties.roles import Action

Side = ContractParty.Side


def side_of(contract: Contract, *, actor: Actor) -> str:
    """``seller`` or ``buyer``; refused for whoever is neither."""
    if actor.organisation_id == contract.seller_id:
        return str(Side.SELLER)
    if actor.organisation_id == contract.buyer_id:
        return str(Side.BUYER)
    raise NotAllowed("Only the seller and the buyer of this contract can do this.")


def other_side(side: str) -> str:
    """The side that answers what this one proposes."""
    return str(Side.BUYER if side == Side.SELLER else Side.SELLER)


def organisation_of(contract: Contract, *, side: str) -> int:
    """The id of the organisation that is this side."""
    return contract.seller_id if side == Side.SELLER else contract.buyer_id


def require_writer(contract: Contract, *, actor: Actor, at: datetime) -> str:
    """The side for which the person writes versions; refused for whoever may not.

    For the buyer that is nobody of the seller's, and no guest: a link is for reading, signing and asking for changes.
    """
    side = side_of(contract, actor=actor)
    if side == Side.SELLER:
        require_seller(contract, actor=actor, action=Action.EDIT_CONTRACT)
        return side
    if actor.kind is ActorKind.GUEST:
        raise NotAllowed(
            "A personal link is for reading and signing. Take your organisation's place here first; then you can"
            " propose a version of your own."
        )
    buyer_authority(contract, actor=actor, action=Action.EDIT_CONTRACT, at=at)
    return side


def newest_proposal(contract: Contract) -> ContractVersion:
    """The version that was proposed last, by whichever side; refused when nothing was proposed yet."""
    version = contract.versions.filter(proposed_at__isnull=False).order_by("-number").first()
    if version is None:
        raise Refused("Nothing was proposed in this contract yet.")
    version.contract = contract
    return version


def proposer_of(contract: Contract) -> str:
    """The side whose proposal waits for an answer; nothing where none does."""
    return newest_proposal(contract).author if contract.state == ContractState.PROPOSED else ""


def require_newest(version: ContractVersion) -> None:
    """Refuse what is about a version to which there is a newer proposal."""
    later = version.contract.versions.filter(number__gt=version.number, proposed_at__isnull=False)
    if later.exists():
        raise Stale("There is a newer version of this contract. Read that one.")
