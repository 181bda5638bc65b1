"""Termination: one side gives notice, both value the work in progress, and their signatures end the contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from procrastinate.jobs import JobDeferrer

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant, Termination
from apps.core import clock
from apps.core.database import walls
from apps.core.refs import new_ref
from apps.financing import services as financing
from apps.invoicing import services as invoicing
from apps.invoicing.services import held_back, recovery
from apps.milestones import services as milestones
from apps.milestones.models import Milestone, Settlement
from apps.milestones.services import GivenValue, SettlementDraft
from apps.parties.actor import Actor
from apps.workflows import (
    crediting,
    ending_applications,
    going_on,
    jobs,
    limits,
    recourse,
    retention_jobs,
    revenue_jobs,
    sign_off,
    termination_jobs,
)
from apps.workflows.once import Answer, once
from apps.workflows.termination_jobs import NOTICED, PROPOSED, TAKEN_BACK, TERMINATED, WITHDRAWN


@dataclass(frozen=True, slots=True)
class SettlementPreview:
    """A settlement as it would be signed now, and what it does to the sums of the contract; all net of tax.

    ``held`` is what the buyer keeps back of invoices until it is released as agreed; ``returned`` what of deposits is
    credited, because no invoice is to come that could give it back; ``financed`` are the milestones on which a
    financier advances money, by name.
    """

    draft: SettlementDraft
    billed: Decimal
    unbilled: Decimal
    held: Decimal
    returned: Decimal
    financed: Sequence[str]

    @property
    def billed_after(self) -> Decimal:
        """What the contract comes to in the end."""
        return self.billed + self.draft.valued + self.draft.certified


def preview_settlement(
    contract: Contract, *, side: str, given: Sequence[GivenValue], note: str = ""
) -> SettlementPreview:
    """What the review page shows before a settlement is proposed; refused where it cannot be."""
    notice = contracts.live_notice(contract)
    draft = milestones.draft_settlement(
        contract,
        notice=notice,
        side=side,
        given=given,
        not_billed=invoicing.billed_no_more(contract, notice=notice),
        note=note,
        applied_for=held_back.standing_at_end(contract),
    )
    _require_unbound(contract, draft=draft)
    return _shown(contract, draft=draft)


def effect_of(settlement: Settlement, *, side: str) -> SettlementPreview:
    """What a proposed settlement would do if ``side`` signed it now; refused where it cannot be signed."""
    contract = settlement.contract
    notice = contracts.live_notice(contract)
    draft = milestones.signable(
        settlement,
        notice=notice,
        side=side,
        not_billed=invoicing.billed_no_more(contract, notice=notice),
        applied_for=held_back.standing_at_end(contract),
    )
    _require_unbound(contract, draft=draft)
    return _shown(contract, draft=draft)


@once
def give_notice(*, actor: Actor, key: str, contract_ref: str, ground: str, reason: str, effective_on: date) -> Answer:
    """One side gives notice that the contract ends on a day; the other side and financiers are told."""
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    limits.spare(limits.CHANGES, f"{contract.pk} {actor.organisation_id}")
    notice = contracts.give_notice(
        contract=contract, actor=actor, ground=ground, reason=reason, effective_on=effective_on, at=at
    )
    jobs.defer(_told(notice, NOTICED, actor=actor), *_told_to_financiers(notice, NOTICED))
    return {"contract": contract.ref, "termination": notice.ref}


@once
def withdraw_notice(*, actor: Actor, key: str, termination_ref: str) -> Answer:
    """The side that gave notice takes it back before it takes effect; what was proposed to settle it is over."""
    contract = contracts.lock(contract_id=contracts.contract_of_notice(termination_ref=termination_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    notice = contracts.withdraw_notice(contract=contract, actor=actor, at=at)
    milestones.end_settlements(contract=contract, at=at)
    jobs.defer(_told(notice, WITHDRAWN, actor=actor), *_told_to_financiers(notice, WITHDRAWN))
    return {"contract": contract.ref, "termination": notice.ref}


@once
def propose_settlement(
    *, actor: Actor, key: str, contract_ref: str, values: Sequence[GivenValue], seen: str, note: str = ""
) -> Answer:
    """A side signs what it holds to be owed for the work in progress; it takes the place of what was proposed before.

    ``seen`` is the SHA-256 of the text on the review page. What is under review, in dispute or financed refuses to be
    settled already here, and again when the other side signs.
    """
    contract = contracts.lock_by_ref(contract_ref=contract_ref)
    at = walls.widen(contract.seller_id, contract.buyer_id)
    limits.spare(limits.CHANGES, f"{contract.pk} {actor.organisation_id}")
    notice = contracts.live_notice(contract)
    not_billed = invoicing.billed_no_more(contract, notice=notice)
    applied_for = held_back.standing_at_end(contract)
    settlement = milestones.propose_settlement(
        contract=contract,
        notice=notice,
        actor=actor,
        given=values,
        not_billed=not_billed,
        note=note,
        seen=seen,
        at=at,
        applied_for=applied_for,
    )
    side = contracts.side_of(contract, actor=actor)
    draft = milestones.signable(settlement, notice=notice, side=side, not_billed=not_billed, applied_for=applied_for)
    _require_unbound(contract, draft=draft)
    jobs.defer(_told(notice, PROPOSED, actor=actor, number=settlement.number))
    return {"contract": contract.ref, "settlement": settlement.ref}


@once
def withdraw_settlement(*, actor: Actor, key: str, settlement_ref: str) -> Answer:
    """The side that proposed a settlement takes it back; the notice stands."""
    contract = contracts.lock(contract_id=milestones.contract_of_settlement(settlement_ref=settlement_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    settlement = milestones.withdraw_settlement(contract=contract, settlement_ref=settlement_ref, actor=actor, at=at)
    jobs.defer(_told(settlement.termination, TAKEN_BACK, actor=actor, number=settlement.number))
    return {"contract": contract.ref, "settlement": settlement.ref}


@once
def sign_settlement(*, actor: Actor, key: str, settlement_ref: str, seen: str) -> Answer:
    """The other side signs: valued work is accepted and invoiced, every rest is cancelled, the contract is terminated.

    What stands in an application for payment that collects is certified and invoiced first, at the figures that both
    signed, while the plan is whole: so its sheet ties out, and what it gives back of deposits is that of its share.
    All of it in one transaction or nothing. ``seen`` is the SHA-256 of the text that was shown; if anything changed
    since it was proposed, nothing is signed.
    """
    contract = contracts.lock(contract_id=milestones.contract_of_settlement(settlement_ref=settlement_ref))
    at = walls.widen(contract.seller_id, contract.buyer_id)
    notice = contracts.live_notice(contract)
    not_billed = invoicing.billed_no_more(contract, notice=notice)
    applied_for = held_back.standing_at_end(contract)
    settlement = milestones.sign_settlement(
        contract=contract,
        notice=notice,
        settlement_ref=settlement_ref,
        actor=actor,
        not_billed=not_billed,
        seen=seen,
        at=at,
        applied_for=applied_for,
    )
    draft = milestones.signable(
        settlement, notice=notice, side=settlement.side, not_billed=not_billed, applied_for=applied_for
    )
    _require_unbound(contract, draft=draft)
    certified = ending_applications.certify(settlement, contract=contract, actor=actor, at=at) if applied_for else None
    accepted = milestones.carry_out(settlement=settlement, contract=contract, actor=actor, at=at)
    recourse.hold_financed(contract)
    recourse.follow_plan(contract, source=f"settlement:{settlement.ref}", actor=actor, at=at)
    invoicing.cancel_instalments(contract=contract, notice=notice, at=at)
    bills = {new_ref(): milestone for milestone in accepted}
    jobs.defer(
        *_documents(list(bills), contract=contract),
        termination_jobs.make_settlement_paper.configure(
            task_kwargs={"settlement_ref": settlement.ref, "organisation_id": contract.seller_id}
        ),
        _told(notice, TERMINATED, actor=actor, number=settlement.number),
        *_told_to_financiers(notice, TERMINATED),
        revenue_jobs.following(contract),
        retention_jobs.release_retentions.configure(
            task_kwargs={"contract_ref": contract.ref, "organisation_id": contract.seller_id}
        ),
    )
    first = [certified.number] if certified is not None else []
    at = certified.issued_at if certified is not None else at
    numbers = [*first, *_bill(bills, contract=contract, actor=actor, at=at)]
    returned = crediting.return_excess(contract=contract, actor=actor, at=at)
    contracts.terminate(
        contract=contract,
        notice=notice,
        actor=actor,
        at=at,
        settlement=settlement.ref,
        sha256=settlement.sha256,
        invoices=numbers,
        credit_notes=[note.number for note in returned],
        valued=settlement.valued,
        cancelled=settlement.cancelled,
        billed_no_more=settlement.unbilled,
        currency=contract.currency,
    )
    return {"contract": contract.ref, "settlement": settlement.ref, "invoices": ", ".join(numbers)}


def _bill(bills: dict[str, Milestone], *, contract: Contract, actor: Actor, at: datetime) -> list[str]:
    """The invoices of what was valued: from the first number on, whatever else this seller bills waits."""
    numbers = []
    for ref, milestone in bills.items():
        # As if others were open: it is not by being billed that this contract ends.
        invoice = sign_off.bill(ref, milestone=milestone, contract=contract, others=1, actor=actor, at=at)
        at = invoice.issued_at
        numbers.append(invoice.number)
    return numbers


def _require_unbound(contract: Contract, *, draft: SettlementDraft) -> None:
    financing.require_unbound(contract, owed={one.milestone_ref: (one.amount, one.unbilled) for one in draft.values})


def _shown(contract: Contract, *, draft: SettlementDraft) -> SettlementPreview:
    retention = invoicing.retention_state(contract)
    left = sum((one.left for one in invoicing.deposits(contract)), Decimal(0))
    if certified := draft.certified:
        # Billed while the plan is whole, so it gives back what it would have given back anyway.
        given = recovery.given_back_by(amount=certified, contract=contract, milestone=None, standing=certified)
        left -= sum((one.amount for one in given), Decimal(0))
    pledged = financing.pledged(contract=contract)
    unfinished = Milestone.objects.unfinished().filter(contract=contract, pk__in=pledged)
    return SettlementPreview(
        draft=draft,
        billed=invoicing.billed_of(contract),
        unbilled=sum((one.amount for one in draft.not_billed), Decimal(0)),
        held=retention.held if retention is not None else Decimal(0),
        returned=max(left - draft.valued, Decimal(0)),
        financed=list(unfinished.values_list("title", flat=True)),
    )


def _documents(invoice_refs: Sequence[str], *, contract: Contract) -> list[JobDeferrer]:
    return [
        jobs.render_invoice.configure(task_kwargs={"invoice_ref": ref, "organisation_id": contract.seller_id})
        for ref in invoice_refs
    ]


def _told(notice: Termination, what: str, *, actor: Actor, number: int = 0) -> JobDeferrer:
    """The other side hears of what was done, with a personal link where nobody of the buyer is a member."""
    contract = notice.contract
    if what in (NOTICED, PROPOSED) and actor.organisation_id == contract.seller_id:
        going_on.keep_link(contract, GuestGrant.Purpose.SETTLE, notice.ref, actor=actor, at=clock.now())
    reader = contract.buyer_id if actor.organisation_id == contract.seller_id else contract.seller_id
    return termination_jobs.send_termination_news.configure(
        task_kwargs={"termination_ref": notice.ref, "what": what, "number": number, "organisation_id": reader}
    )


def _told_to_financiers(notice: Termination, what: str) -> list[JobDeferrer]:
    """Who advances money on this contract hears when it is to end, and when it has."""
    return [
        termination_jobs.send_termination_to_financier.configure(
            task_kwargs={
                "termination_ref": notice.ref,
                "what": what,
                "tranche_ref": tranche.ref,
                "organisation_id": tranche.financier_id,
            }
        )
        for tranche in financing.bound_by_contract(notice.contract)
    ]
