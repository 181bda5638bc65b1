"""The end of a contract: everything is accepted and billed, until an acceptance is withdrawn."""

from datetime import datetime

from apps.contracts.models import Contract
from apps.contracts.models.contract import ContractState
from apps.contracts.services.record import record
from apps.contracts.services.terminating import lapse_notice
from apps.core import states
from apps.parties.actor import Actor


def complete_when_all_billed(
    *, contract: Contract, open_milestones: int, unbilled: int, actor: Actor, at: datetime
) -> None:
    """The contract is completed with the last milestone and the last instalment; nothing happens while some are open.

    ``unbilled`` are the deposits and periods that are still to be billed.
    """
    if open_milestones or unbilled:
        return
    states.move(contract, ContractState.COMPLETED, Contract.TRANSITIONS)
    contract.completed_at = at
    contract.save(update_fields=["state", "completed_at"])
    record(contract, verb="contract.completed", subject=f"contract:{contract.ref}", actor=actor, at=at)


def reopen(*, contract: Contract, actor: Actor, at: datetime) -> None:
    """A completed contract is active again, because an acceptance was withdrawn; nothing happens to an active one.

    A notice of termination that stood when it was completed has been overtaken, and ends no work that is done again.
    """
    if contract.state != ContractState.COMPLETED:
        return
    states.move(contract, ContractState.ACTIVE, Contract.TRANSITIONS)
    contract.completed_at = None
    contract.save(update_fields=["state", "completed_at"])
    record(contract, verb="contract.reopened", subject=f"contract:{contract.ref}", actor=actor, at=at)
    lapse_notice(contract, actor=actor, at=at)
