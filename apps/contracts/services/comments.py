"""What the two sides write to each other about a version while it is negotiated."""

from datetime import datetime

from apps.contracts import rules
from apps.contracts.models import Comment, Contract, ContractVersion, GuestGrant
from apps.contracts.models.contract import ContractState
from apps.contracts.services.people import buyer_authority, require_seller
from apps.contracts.services.record import record
from apps.contracts.services.sides import Side, require_newest, side_of
from apps.core import canonical
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.parties.roles import Action

OPEN = (ContractState.DRAFT, ContractState.PROPOSED)


def comment(*, contract: Contract, version: ContractVersion, actor: Actor, text: str, at: datetime) -> Comment:
    """Write to the other side about the newest proposed version, until the contract is signed or withdrawn.

    For the seller that is whoever writes contracts; for the buyer whoever may sign, by personal link too, and nobody
    of the seller's.
    """
    side = side_of(contract, actor=actor)
    if side == Side.SELLER:
        require_seller(contract, actor=actor, action=Action.EDIT_CONTRACT)
    else:
        buyer_authority(
            contract,
            actor=actor,
            action=Action.SIGN_CONTRACT,
            version=version,
            purpose=GuestGrant.Purpose.SIGN_CONTRACT,
            subject_ref=version.ref,
            at=at,
        )
    if contract.state not in OPEN:
        raise Refused(
            "This contract is {state}: there is nothing to negotiate any more. Nothing was sent.",
            state=str(contract.get_state_display()),
        )
    require_newest(version)
    written = Comment.objects.create(
        contract=contract,
        version=version,
        side=side,
        organisation_id=actor.organisation_id,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=actor.name,
        email=actor.email,
        written_at=at,
        text=rules.check_comment(text),
    )
    # The words are between the two sides; the chain, which a financier may read later, keeps their hash.
    record(
        contract,
        verb="contract.commented",
        subject=f"version:{version.ref}",
        actor=actor,
        at=at,
        comment_ref=written.ref,
        side=side,
        version=version.number,
        text_sha256=canonical.sha256(written.text),
    )
    return written
