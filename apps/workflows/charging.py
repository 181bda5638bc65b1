"""What is charged beside the price: damages for delay, back-charges and bonuses, and what becomes of them."""

from decimal import Decimal

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.invoicing import services as invoicing
from apps.invoicing.models import Charge
from apps.invoicing.services import charge_terms
from apps.invoicing.services.charging import object_to_charge
from apps.milestones import services as milestones
from apps.parties.actor import Actor
from apps.workflows import charge_jobs, crediting, jobs, recourse, revenue_jobs
from apps.workflows.once import Answer, once


@once
def claim_damages(*, actor: Actor, key: str, milestone_ref: str) -> Answer:
    """The buyer claims what delay of an accepted milestone costs, as agreed; a credit note makes them stand.

    Where the seller may object they wait for its answer. Refused for what is assigned and not paid for yet; of what is
    sold the seller bears them.
    """
    contract = contracts.lock(contract_id=milestones.contract_of_milestone(milestone_ref=milestone_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    ref = new_ref()
    bought = recourse.hold_bought(charge_terms.milestone_to_charge(milestone_ref=milestone_ref))
    charge = invoicing.claim_damages(ref, contract=contract, milestone_ref=milestone_ref, actor=actor, at=at)
    if charge.credit_note is not None:
        recourse.follow_credit(bought, note_ref=ref, reason=charge.credit_note.reason, actor=actor, at=at)
    return _told(charge, contract=contract, actor=actor)


@once
def waive_damages(*, actor: Actor, key: str, milestone_ref: str, reason: str) -> Answer:
    """The buyer gives up what delay of a milestone costs, for good."""
    contract = contracts.lock(contract_id=milestones.contract_of_milestone(milestone_ref=milestone_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    charge = invoicing.waive_damages(contract=contract, milestone_ref=milestone_ref, actor=actor, reason=reason, at=at)
    return _told(charge, contract=contract, actor=actor)


@once
def charge_back(*, actor: Actor, key: str, milestone_ref: str, amount: Decimal, reason: str, evidence: str) -> Answer:
    """The buyer charges back what it paid for the seller, with a reason and what shows it; the seller answers."""
    contract = contracts.lock(contract_id=milestones.contract_of_milestone(milestone_ref=milestone_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    charge = invoicing.charge_back(
        contract=contract,
        milestone_ref=milestone_ref,
        actor=actor,
        amount=amount,
        reason=reason,
        evidence=evidence,
        at=at,
    )
    return _told(charge, contract=contract, actor=actor)


@once
def answer_charge(*, actor: Actor, key: str, charge_ref: str, agrees: bool, reason: str = "") -> Answer:
    """The seller agrees to what is charged, and a credit note makes it stand; or objects, and nothing does."""
    contract = contracts.lock(contract_id=charge_terms.contract_of_charge(charge_ref=charge_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    ref = new_ref()
    bought = recourse.hold_bought(charge_terms.milestone_of_charge(charge_ref=charge_ref)) if agrees else None
    if agrees:
        charge = invoicing.agree_to_charge(
            ref, contract=contract, charge_ref=charge_ref, actor=actor, said=reason, at=at
        )
    else:
        charge = object_to_charge(contract=contract, charge_ref=charge_ref, actor=actor, reason=reason, at=at)
    if charge.credit_note is not None:
        recourse.follow_credit(bought, note_ref=ref, reason=charge.credit_note.reason, actor=actor, at=at)
    return _told(charge, contract=contract, actor=actor)


@once
def withdraw_charge(*, actor: Actor, key: str, charge_ref: str, reason: str) -> Answer:
    """The buyer takes back what it charged; what stood is owed again."""
    contract = contracts.lock(contract_id=charge_terms.contract_of_charge(charge_ref=charge_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    charge = invoicing.withdraw_charge(
        new_ref(), contract=contract, charge_ref=charge_ref, actor=actor, reason=reason, at=at
    )
    return _told(charge, contract=contract, actor=actor)


@once
def claim_bonus(*, actor: Actor, key: str, milestone_ref: str) -> Answer:
    """The seller bills what an early milestone earns, as agreed, by an invoice of its own."""
    contract = contracts.lock(contract_id=milestones.contract_of_milestone(milestone_ref=milestone_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    ref = new_ref()
    charge = invoicing.claim_bonus(ref, contract=contract, milestone_ref=milestone_ref, actor=actor, at=at)
    rendering = jobs.render_invoice.configure(task_kwargs={"invoice_ref": ref, "organisation_id": contract.seller_id})
    jobs.defer(rendering, revenue_jobs.following(contract))
    return {"charge": charge.ref, "invoice": ref}


def _told(charge: Charge, *, contract: Contract, actor: Actor) -> Answer:
    """What follows: the document where there is one, the revenue, and a letter to the other side."""
    note = charge.undone_by or charge.credit_note
    if note is not None:
        jobs.defer(crediting.document(note.ref, seller_id=contract.seller_id), revenue_jobs.following(contract))
    other = contract.buyer_id if actor.organisation_id == contract.seller_id else contract.seller_id
    charge_jobs.send_charge_news.defer(charge_ref=charge.ref, state=charge.state, organisation_id=other)
    return {"charge": charge.ref, "credit_note": note.ref if note is not None else ""}
