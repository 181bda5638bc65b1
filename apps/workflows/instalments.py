"""What is billed without a sign-off: deposits by the signature or on their day, recurring lines period by period."""

from collections.abc import Sequence
from datetime import datetime

from procrastinate.jobs import JobDeferrer

from apps.contracts import drafts
from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import clock, money
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.invoicing import services as invoicing
from apps.invoicing.models import Instalment
from apps.invoicing.services import DueContract
from apps.milestones import services as milestones
from apps.parties.actor import Actor
from apps.workflows import jobs, retention_jobs
from apps.workflows.once import Answer, once


def due(*, at: datetime, contract_refs: list[str] | None = None) -> list[DueContract]:
    """Every contract that has something to bill at this moment."""
    return invoicing.contracts_to_bill(at=at, contract_refs=contract_refs)


def tend(*, contract_ref: str, seller_id: int) -> list[Answer]:
    """Bill what is due of one contract, the earliest first, each in a transaction of its own; once, however often."""
    with walls.asking_for(seller_id):
        actor = Actor.system(organisation_id=seller_id)
        return [
            bill_instalment(actor=actor, key=f"instalment {ref}", instalment_ref=ref)
            for ref in invoicing.to_bill(contract_ref=contract_ref, at=clock.now())
        ]


@once
def bill_instalment(*, actor: Actor, key: str, instalment_ref: str) -> Answer:
    """One deposit or one period becomes an invoice, and the last of a contract completes it: the seller's own work.

    A deposit that what is still to be billed could not give back any more is dropped instead.
    """
    contract = contracts.lock(contract_id=invoicing.contract_of_instalment(instalment_ref=instalment_ref))
    contracts.found(contract if contract.seller_id == actor.organisation_id else None)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    invoice = invoicing.billed(contract=contract, instalment_ref=instalment_ref)
    if invoice is None and invoicing.drop_unrecoverable(
        contract=contract, instalment_ref=instalment_ref, actor=actor, at=at
    ):
        _complete(contract, actor=actor, at=at)
        return {"dropped": instalment_ref}
    if invoice is None:
        invoice_ref = new_ref()
        jobs.defer(_document(invoice_ref, contract=contract))
        invoice = invoicing.issue_instalment(
            invoice_ref, contract=contract, instalment_ref=instalment_ref, actor=actor, at=at
        )
        _complete(contract, actor=actor, at=invoice.issued_at)
    return {"invoice": invoice.ref, "number": invoice.number}


def _complete(contract: Contract, *, actor: Actor, at: datetime) -> None:
    contracts.complete_when_all_billed(
        contract=contract,
        open_milestones=milestones.open_milestones(contract=contract),
        unbilled=invoicing.unbilled(contract=contract),
        actor=actor,
        at=at,
    )
    if following := retention_jobs.after(contract):
        jobs.defer(*following)


def news_of(contract: Contract, *, planned: Sequence[Instalment]) -> tuple[dict[str, Instalment], list[JobDeferrer]]:
    """The deposits that the signature makes due, by the reference of the invoice that each gets, and what follows."""
    signed = [one for one in planned if one.line.kind == drafts.DEPOSIT and one.line.start == drafts.SIGNATURE]
    deposits = {new_ref(): one for one in signed}
    return deposits, [_document(ref, contract=contract) for ref in deposits]


def bill_deposits(
    deposits: dict[str, Instalment], *, contract: Contract, open_milestones: int, actor: Actor, at: datetime
) -> None:
    """The signature bills the deposits that it makes due: in its own transaction, and last in it.

    From the first number on, whatever else this seller bills waits.
    """
    for ref, deposit in deposits.items():
        invoice = invoicing.issue_instalment(ref, contract=contract, instalment_ref=deposit.ref, actor=actor, at=at)
        at = invoice.issued_at
    if deposits and not open_milestones:
        left = invoicing.unbilled(contract=contract)
        contracts.complete_when_all_billed(contract=contract, open_milestones=0, unbilled=left, actor=actor, at=at)


def bill_started(due: Sequence[Instalment], *, contract: Contract, actor: Actor, at: datetime) -> None:
    """Bill what has just fallen due, in the transaction of what made it so; what nothing could give back is dropped."""
    kept: list[Instalment] = []
    for one in due:
        beside = money.total(other.amount for other in kept)
        if not invoicing.drop_unrecoverable(
            contract=contract, instalment_ref=one.ref, actor=actor, at=at, beside=beside
        ):
            kept.append(one)
    refs = {new_ref(): one for one in kept}
    jobs.defer(*(_document(ref, contract=contract) for ref in refs))
    for ref, one in refs.items():
        invoice = invoicing.issue_instalment(ref, contract=contract, instalment_ref=one.ref, actor=actor, at=at)
        at = invoice.issued_at


def _document(invoice_ref: str, *, contract: Contract) -> JobDeferrer:
    return jobs.render_invoice.configure(
        task_kwargs={"invoice_ref": invoice_ref, "organisation_id": contract.seller_id}
    )
