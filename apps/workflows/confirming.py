"""Events that a contract names: the buyer confirms that one has happened, and what waits for it goes on."""

from apps.contracts import services as contracts
from apps.core.database import walls
from apps.invoicing import services as invoicing
from apps.milestones import services as milestones
from apps.parties.actor import Actor
from apps.workflows import confirming_jobs, going_on, instalments, jobs
from apps.workflows.once import Answer, once


@once
def confirm_event(*, actor: Actor, key: str, contract_ref: str, event: str, note: str = "") -> Answer:
    """Somebody of the buyer says that an event has happened. It accepts no work; the seller is told.

    What is payable for it is billed in the same transaction, as an advance that later invoices give back. Its
    certificate is made by a job.
    """
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    confirmed = milestones.confirm_event(
        contract=contract, event=event, note=note, payable=invoicing.payable_by_event, actor=actor, at=at
    )
    jobs.defer(
        *(
            job.configure(task_kwargs={"event_ref": confirmed.ref, "organisation_id": contract.seller_id})
            for job in (confirming_jobs.send_event_news, confirming_jobs.make_event_certificate)
        ),
        *going_on.link_to_events(contract, actor=actor, at=at),
    )
    due = invoicing.start_lines_of_event(confirmed, contract=contract)
    instalments.bill_started(due, contract=contract, actor=actor, at=at)
    return {"event": confirmed.ref}
