"""Cash before the buyer pays, or before the milestone is accepted: from the seller's request to the settled advance."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from apps.contracts import services as contracts
from apps.core import clock
from apps.core.database import walls
from apps.financing import assignment_proofs
from apps.financing import services as financing
from apps.financing.rules import OfferTerms
from apps.financing.services import FacilityTerms
from apps.invoicing import services as invoicing
from apps.milestones import services as milestones
from apps.parties.actor import Actor
from apps.workflows import assignment_jobs, jobs, payouts
from apps.workflows.collecting import cancel, collect
from apps.workflows.once import Answer, once


@once
def open_facility(*, actor: Actor, key: str, seller_ref: str, terms: FacilityTerms) -> Answer:
    """A financier opens a line for a seller; from then on the seller can ask for funding."""
    facility = financing.open_facility(actor=actor, seller_ref=seller_ref, terms=terms, at=clock.now())
    return {"facility": facility.ref}


@once
def change_facility(*, actor: Actor, key: str, facility_ref: str, terms: FacilityTerms, reason: str) -> Answer:
    """The financier changes a limit or the usual terms, for what is offered from now on."""
    changed = financing.change_facility(
        facility_ref=facility_ref, actor=actor, terms=terms, reason=reason, at=clock.now()
    )
    return {"facility": changed.ref}


@once
def close_facility(*, actor: Actor, key: str, facility_ref: str, reason: str) -> Answer:
    """The financier advances nothing more under a facility; what is out stays out until it is repaid."""
    closed = financing.close_facility(facility_ref=facility_ref, actor=actor, reason=reason, at=clock.now())
    return {"facility": closed.ref}


@once
def request_funding(
    *, actor: Actor, key: str, milestone_refs: Sequence[str], facility_ref: str, note: str = ""
) -> Answer:
    """The seller asks for the whole of one or several milestones of a contract, accepted and invoiced or not yet.

    The financier becomes a party to the contract.
    """
    contract = contracts.lock(
        contract_id=milestones.contract_of_milestone(milestone_ref=next(iter(milestone_refs), ""))
    )
    at = clock.now()
    claims = invoicing.claims(contract=contract, milestone_refs=milestone_refs)
    financing.require_undisputed(milestone_refs, disputed=invoicing.disputed_milestones(contract=contract))
    facility = financing.lock_facility(facility_ref=facility_ref)
    walls.widen(facility.financier_id)
    request = financing.request(facility=facility, contract=contract, claims=claims, actor=actor, note=note, at=at)
    contracts.admit_financier(contract=contract, financier_id=facility.financier_id, actor=actor, at=at)
    jobs.send_funding_requested.defer(request_ref=request.ref, organisation_id=request.financier_id)
    return {"request": request.ref}


@once
def withdraw_request(*, actor: Actor, key: str, request_ref: str) -> Answer:
    """The seller takes a request back before an offer is accepted."""
    request = financing.withdraw_request(request_ref=request_ref, actor=actor, at=clock.now())
    return {"request": request.ref}


@once
def decline_request(*, actor: Actor, key: str, request_ref: str, reason: str, code: str = "other") -> Answer:
    """The financier says no, with a code to count by and a reason that the seller reads."""
    request = financing.decline_request(request_ref=request_ref, actor=actor, reason=reason, code=code, at=clock.now())
    jobs.send_funding_news.defer(request_ref=request.ref, organisation_id=request.seller_id)
    return {"request": request.ref}


@once
def price_offer(*, actor: Actor, key: str, request_ref: str, terms: OfferTerms) -> Answer:
    """An analyst prices a request; a second person has to approve before the seller sees it."""
    contracts.lock(contract_id=financing.contract_of_request(request_ref=request_ref))
    offer = financing.price(request_ref=request_ref, actor=actor, terms=terms, at=clock.now())
    jobs.send_offer_waiting.defer(offer_ref=offer.ref, organisation_id=offer.financier_id)
    return {"offer": offer.ref}


@once
def approve_offer(*, actor: Actor, key: str, offer_ref: str) -> Answer:
    """A second person approves; the offer is issued to the seller."""
    offer = financing.approve(offer_ref=offer_ref, actor=actor, at=clock.now())
    jobs.send_funding_news.defer(request_ref=offer.request.ref, organisation_id=offer.seller_id)
    return {"offer": offer.ref}


@once
def revoke_offer(*, actor: Actor, key: str, offer_ref: str) -> Answer:
    """The financier takes an offer back before it is accepted; the request can be priced again."""
    offer = financing.revoke(offer_ref=offer_ref, actor=actor, at=clock.now())
    return {"offer": offer.ref}


@once
def decline_offer(*, actor: Actor, key: str, offer_ref: str) -> Answer:
    """The seller says no to an offer; the request can be priced again."""
    offer = financing.decline_offer(offer_ref=offer_ref, actor=actor, at=clock.now())
    jobs.send_offer_answered.defer(offer_ref=offer.ref, organisation_id=offer.financier_id)
    return {"offer": offer.ref}


@once
def accept_offer(*, actor: Actor, key: str, offer_ref: str, seen: str) -> Answer:
    """The seller signs the disclosure: the receivables are assigned and the buyer is told whom to pay.

    ``seen`` is the SHA-256 of the disclosure on the page; what was signed is what is funded.
    """
    contract = contracts.lock(contract_id=financing.contract_of_offer(offer_ref=offer_ref))
    at = clock.now()
    walls.widen(contract.buyer_id, financing.financier_of_offer(offer_ref=offer_ref))
    financing.require_undisputed(
        financing.milestones_of_offer(offer_ref=offer_ref), disputed=invoicing.disputed_milestones(contract=contract)
    )
    tranches = financing.accept(offer_ref=offer_ref, actor=actor, seen=seen, at=at)
    for tranche in tranches:
        assignment = financing.assign(tranche=tranche, actor=actor, at=at)
        invoicing.direct_payment(
            milestone=tranche.milestone,
            payee_id=tranche.financier_id,
            account=financing.collection_account(tranche),
            at=at,
        )
        grant = contracts.grant_acknowledgement(contract=contract, assignment_ref=assignment.ref, actor=actor, at=at)
        jobs.send_assignment_notice.defer(grant_ref=grant.ref, organisation_id=contract.buyer_id)
    jobs.send_offer_answered.defer(offer_ref=offer_ref, organisation_id=tranches[0].financier_id)
    return {"offer": offer_ref, "tranche": tranches[0].ref}


@once
def acknowledge_assignment(*, actor: Actor, key: str, assignment_ref: str, seen: str) -> Answer:
    """The buyer confirms having read whom to pay: a member of the buyer, or its signatory by personal link."""
    contract = contracts.lock(contract_id=financing.contract_of_assignment(assignment_ref=assignment_ref))
    at = clock.now()
    walls.widen(contract.seller_id, contract.buyer_id)
    assignment = financing.acknowledge(contract=contract, assignment_ref=assignment_ref, actor=actor, seen=seen, at=at)
    contracts.spend_grants(subject_ref=assignment_ref, actor=actor, at=at)
    jobs.send_notice_acknowledged.defer(assignment_ref=assignment.ref, organisation_id=assignment.financier_id)
    return {"assignment": assignment.ref}


@once
def ask_assignment_proof(*, actor: Actor, key: str, assignment_ref: str) -> Answer:
    """The buyer asks for proof that what it owes was assigned, before it pays somebody else than its seller."""
    contract = contracts.lock(contract_id=financing.contract_of_assignment(assignment_ref=assignment_ref))
    walls.widen(contract.seller_id, contract.buyer_id)
    proof = assignment_proofs.ask(contract=contract, assignment_ref=assignment_ref, actor=actor, at=clock.now())
    assignment_jobs.make_assignment_proof.defer(proof_ref=proof.ref, organisation_id=contract.seller_id)
    return {"proof": proof.ref}


@once
def waive_notice(*, actor: Actor, key: str, assignment_ref: str, reason: str) -> Answer:
    """A second person of the financier goes without the buyer's acknowledgement, and says why."""
    assignment = financing.waive_notice(assignment_ref=assignment_ref, actor=actor, reason=reason, at=clock.now())
    return {"assignment": assignment.ref}


@once
def cancel_tranche(*, actor: Actor, key: str, tranche_ref: str, reason: str) -> Answer:
    """Either side ends an advance that is not paid out: the buyer pays the seller again, and is told so."""
    contract = contracts.lock(contract_id=financing.contract_of_tranche(tranche_ref=tranche_ref))
    at = clock.now()
    walls.widen(contract.seller_id, contract.buyer_id, financing.financier_of_tranche(tranche_ref=tranche_ref))
    return {"tranche": cancel(tranche_ref, actor=actor, reason=reason, at=at).ref}


@once
def fund_tranche(*, actor: Actor, key: str, tranche_ref: str, value_on: date, bank_reference: str) -> Answer:
    """Treasury pays an advance: booked with the financier, and with the seller as the sale of the receivable.

    Before acceptance there is no receivable yet, and the seller books what it owes.
    """
    contract = contracts.lock(contract_id=financing.contract_of_tranche(tranche_ref=tranche_ref))
    walls.widen(contract.seller_id)
    transfer = financing.Transfer(value_on, bank_reference)
    tranche = payouts.funded(tranche_ref, contract=contract, actor=actor, transfer=transfer, at=clock.now())
    jobs.send_funding_news.defer(request_ref=tranche.offer.request.ref, organisation_id=tranche.seller_id)
    return {"tranche": tranche.ref}


@once
def fund_offer(*, actor: Actor, key: str, offer_ref: str, seen: str, value_on: date, bank_reference: str) -> Answer:
    """Treasury pays everything of an offer that waits for it in one transfer: all of it is booked, or nothing.

    ``seen`` is the SHA-256 of the advances and amounts on the page; what was paid is what is booked.
    """
    contract = contracts.lock(contract_id=financing.contract_of_offer(offer_ref=offer_ref))
    walls.widen(contract.seller_id)
    financing.require_undisputed(
        financing.milestones_of_offer(offer_ref=offer_ref), disputed=invoicing.disputed_milestones(contract=contract)
    )
    refs = financing.to_fund(offer_ref=offer_ref, seen=seen)
    at = clock.now()
    tranches = [
        payouts.fund(ref, actor=actor, transfer=financing.Transfer(value_on, bank_reference, part, len(refs)), at=at)
        for part, ref in enumerate(refs, start=1)
    ]
    jobs.send_funding_news.defer(request_ref=tranches[0].offer.request.ref, organisation_id=contract.seller_id)
    return {"offer": offer_ref, "tranches": str(len(tranches))}


@once
def collect_payment(
    *, actor: Actor, key: str, tranche_ref: str, amount: Decimal, received_on: date, bank_reference: str
) -> Answer:
    """The buyer's money arrived on the collection account: the invoice is settled and the waterfall runs.

    Before the advance is paid out there is none to repay: it is cancelled, and the money is passed on to the seller.
    """
    contract = contracts.lock(contract_id=financing.contract_of_tranche(tranche_ref=tranche_ref))
    at = clock.now()
    walls.widen(contract.seller_id, contract.buyer_id)
    return collect(
        tranche_ref=tranche_ref,
        actor=actor,
        amount=amount,
        received_on=received_on,
        bank_reference=bank_reference,
        at=at,
    )


@once
def pay_reserve(*, actor: Actor, key: str, tranche_ref: str, value_on: date, bank_reference: str) -> Answer:
    """Treasury pays the released reserve to the seller; nothing while something of it is in dispute."""
    contract = contracts.lock(contract_id=financing.contract_of_tranche(tranche_ref=tranche_ref))
    at = clock.now()
    walls.widen(contract.seller_id)
    payout = payouts.reserve_paid(
        tranche_ref, contract=contract, actor=actor, value_on=value_on, bank_reference=bank_reference, at=at
    )
    return {"payout": payout.ref}


@once
def expire_offers(*, actor: Actor, key: str) -> Answer:
    """Close the offers that sellers did not answer in time; their requests can be priced again; a job, daily."""
    count = financing.expire_offers(financier_id=actor.organisation_id, at=clock.now())
    return {"offers": str(count)}


@once
def accrue_income(*, actor: Actor, key: str, through: date) -> Answer:
    """Recognise discount and fee earned up to a date on every outstanding tranche of the financier; a job, daily."""
    count = financing.accrue_all(financier_id=actor.organisation_id, through=through, at=clock.now())
    return {"tranches": str(count)}
