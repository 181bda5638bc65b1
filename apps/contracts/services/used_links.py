"""Links by which something was signed: their guest may still ask for the link to what goes on."""

from apps.contracts.models import Contract, GuestGrant
from apps.contracts.services.grants import require_concerned
from apps.parties.actor import Actor


def is_used_to_sign(*, contract: Contract, grant_ref: str, actor: Actor) -> bool:
    """Whether this link signed the contract, or a change of it; refused for whom it does not concern."""
    signs = GuestGrant.Purpose.SIGN_CONTRACT
    grant = contract.grants.filter(ref=grant_ref, purpose=signs, used_at__isnull=False).first()
    if grant is None:
        return False
    require_concerned(contract, grant=grant, actor=actor)
    return True
