"""Interest and fees for late payment are claimed: by the seller, or with a reminder where the contract says so."""

from datetime import datetime

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor
from apps.workflows import jobs
from apps.workflows.once import Answer, once


@once
def claim_late_payment(*, actor: Actor, key: str, contract_ref: str, seen: str) -> Answer:
    """The seller asks for all interest and fees that have run on a contract's invoices until today, by one document.

    ``seen`` is the SHA-256 of what was shown. What it waives later is a credit note of that document.
    """
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    return claim(contract, actor=actor, seen=seen, at=at)


def claim(contract: Contract, *, actor: Actor, at: datetime, seen: str = "") -> Answer:
    """The same in a transaction that holds the contract; empty for the system where there is nothing to claim."""
    ref = new_ref()
    claimed = invoicing.claim_late_payment(ref, contract=contract, actor=actor, seen=seen, at=at)
    if claimed is None:
        return {}
    jobs.render_invoice.defer(invoice_ref=ref, organisation_id=contract.seller_id)
    return {"claim": ref, "number": claimed.number}
