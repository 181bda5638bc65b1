"""The buyer's own order number, which its accounts payable ask for on every invoice."""

from datetime import datetime

from apps.contracts.models import Contract
from apps.contracts.models.contract import ContractState
from apps.contracts.services.record import record
from apps.core.errors import IllegalTransition
from apps.parties import electronic
from apps.parties.actor import Actor
from apps.parties.roles import Action


def set_order_number(*, contract: Contract, actor: Actor, number: str, at: datetime) -> None:
    """Invoices issued from now on bear this number of the buyer's order (EN 16931, BT-13); an empty one, none.

    It is no term of the contract and changes nothing that was issued.
    """
    actor.require(Action.SET_ORDER_NUMBER, organisation_id=contract.buyer_id)
    if contract.state not in (ContractState.ACTIVE, ContractState.COMPLETED):
        raise IllegalTransition("No more invoices are issued under this contract, so no order number is kept.")
    written = electronic.order_number(number)
    if written == contract.order_number:
        return
    contract.order_number = written
    contract.save(update_fields=["order_number"])
    record(
        contract,
        verb="contract.order_number_set",
        subject=f"contract:{contract.ref}",
        actor=actor,
        at=at,
        number=written,
    )
