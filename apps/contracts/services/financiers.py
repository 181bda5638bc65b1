"""Financiers become parties to a contract when its seller asks them for money."""

from datetime import datetime

from apps.contracts.models import Contract, ContractParty
from apps.contracts.services.people import require_seller
from apps.contracts.services.record import record
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.parties.roles import Action


def admit_financier(*, contract: Contract, financier_id: int, actor: Actor, at: datetime) -> None:
    """Let a financier see a contract that both sides signed and whose receivables may be assigned. Once is enough."""
    require_seller(contract, actor=actor, action=Action.REQUEST_FUNDING)
    version = contract.active_version
    if version is None:
        raise Refused("Only a contract that both sides signed can be financed.")
    if not version.is_assignable:
        raise Refused("This contract does not allow its receivables to be assigned, so it cannot be financed.")
    if financier_id in (contract.seller_id, contract.buyer_id):
        raise Refused("A party to the contract cannot finance it.")
    _party, is_new = ContractParty.objects.get_or_create(
        contract=contract, organisation_id=financier_id, defaults={"side": ContractParty.Side.FINANCIER}
    )
    if is_new:
        record(
            contract,
            verb="contract.financier_admitted",
            subject=f"contract:{contract.ref}",
            actor=actor,
            at=at,
            readers=[financier_id],
            financier=financier_id,
        )
