"""States that follow from dates and sums: asked when shown, kept nowhere. Words for them stand in ``vocabulary``."""

from datetime import date

from apps.contracts.models import Contract, ContractVersion
from apps.invoicing.models import OpenItem


def invoice_state(item: OpenItem, *, today: date) -> str:
    """``paid``, ``overdue``, ``part_paid`` or ``open``; overdue counts more than partly paid."""
    if item.open == 0:
        return "paid"
    if item.due_on < today:
        return "overdue"
    return "part_paid" if item.paid else "open"


def contract_state(contract: Contract) -> str:
    """The contract's state; a draft that follows a proposal was asked for by the buyer."""
    if contract.state == "draft" and contract.was_proposed:
        return "changes_requested"
    return str(contract.state)


def version_state(version: ContractVersion, *, contract: Contract) -> str:
    """``draft``, ``signed`` (by both sides), ``changes_requested``, ``withdrawn`` or ``proposed``."""
    if version.proposed_at is None:
        return "draft"
    if version.pk == contract.active_version_id:
        return "signed"
    if version.changes_asked_at is not None:
        return "changes_requested"
    return "withdrawn" if contract.state == "withdrawn" else "proposed"
