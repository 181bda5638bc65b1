"""Retention that becomes due: what was withheld of invoices is asked for, by itself as agreed or by a side's word."""

from collections.abc import Sequence
from datetime import datetime

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.invoicing import services as invoicing
from apps.parties.actor import Actor
from apps.workflows import jobs
from apps.workflows.once import Answer, once


def due(*, at: datetime, contract_refs: Sequence[str] | None = None) -> list[invoicing.DueRelease]:
    """Every part of a retention that should have been released by itself at this moment and was not."""
    return invoicing.releases_due(at=at, contract_refs=contract_refs)


def tend(*, contract_ref: str, seller_id: int, position: int) -> Answer:
    """Release one part that is due, in a transaction of its own; done once, however often it is asked for."""
    with walls.asking_for(seller_id):
        return release_retention(
            actor=Actor.system(organisation_id=seller_id),
            # Of this moment: a part of which nothing was withheld yet is looked at again later.
            key=f"retention {contract_ref} {position} {clock.now().isoformat()}",
            contract_ref=contract_ref,
            position=position,
        )


def tend_contract(*, contract_ref: str) -> None:
    """Release every part of one contract's retention that is due by now."""
    for part in due(at=clock.now(), contract_refs=[contract_ref]):
        tend(contract_ref=part.contract_ref, seller_id=part.seller_id, position=part.position)


@once
def release_retention(*, actor: Actor, key: str, contract_ref: str, position: int) -> Answer:
    """A part of what the buyer withheld becomes due: it is a receivable from now on, and a statement asks for it.

    Empty for the system where there is nothing to release, because it was released or is not due.
    """
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    invoice_ref = new_ref()
    released = invoicing.release(invoice_ref, contract=contract, position=position, actor=actor, at=at)
    if released is None:
        return {}
    jobs.render_invoice.defer(invoice_ref=invoice_ref, organisation_id=contract.seller_id)
    return {"release": released.ref, "invoice": invoice_ref, "number": released.invoice.number}
