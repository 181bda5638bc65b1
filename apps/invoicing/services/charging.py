"""Damages for delay, back-charges and bonuses: claimed, answered, waived and withdrawn, each with its own document.

The buyer claims damages and charges back; the seller claims a bonus. What stands of the buyer's is a credit note to the
milestone's invoice, or to the newest that bills it where applications for payment do, with the tax treatment that the
contract names; a bonus is an invoice of its own. What a milestone costs or earns follows from its planned day and the
day of its acceptance, and from the terms under which it was signed off.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.contracts import services as contracts
from apps.contracts.charges import OUTSIDE
from apps.contracts.models import Contract
from apps.contracts.rules.charges import Reckoned
from apps.core import money, states
from apps.core.errors import IllegalTransition, Refused
from apps.core.money import Money
from apps.invoicing import rules
from apps.invoicing.models import Charge, Invoice
from apps.invoicing.models.charge import ChargeKind, ChargeState
from apps.invoicing.services import charge_notes, facts
from apps.invoicing.services.charge_terms import day_of_acceptance, reckoned, terms_of
from apps.invoicing.services.issuing import issue_for
from apps.milestones import rules as sign_off
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor
from apps.parties.roles import Action

LONGEST_EVIDENCE = 1000
"""Characters of what shows a back-charge."""


def claim_damages(note_ref: str, *, contract: Contract, milestone_ref: str, actor: Actor, at: datetime) -> Charge:
    """The buyer claims what delay costs, as agreed. They stand at once, or once the seller agrees.

    ``note_ref`` is the new reference of the credit note, if there is one by now. The caller holds the contract.
    """
    milestone = _accepted(contract, milestone_ref=milestone_ref)
    contracts.buyer_authority(contract, actor=actor, action=Action.DECIDE_MILESTONE, at=at)
    late, terms = _late(milestone)
    charge = _charged(milestone, kind=ChargeKind.DAMAGES, found=late, actor=actor, at=at)
    if not terms.may_object:
        _stand(charge, note_ref=note_ref, actor=actor, at=at)
    return charge


def waive_damages(*, contract: Contract, milestone_ref: str, actor: Actor, reason: str, at: datetime) -> Charge:
    """The buyer gives up what delay costs, and says why; for good."""
    milestone = _accepted(contract, milestone_ref=milestone_ref)
    contracts.buyer_authority(contract, actor=actor, action=Action.DECIDE_MILESTONE, at=at)
    late, _terms = _late(milestone)
    said = rules.reason_given(reason, missing="Say why you waive them; the seller reads it too.")
    return _charged(
        milestone, kind=ChargeKind.DAMAGES, found=late, actor=actor, at=at, state=ChargeState.WAIVED, reason=said
    )


def charge_back(
    *, contract: Contract, milestone_ref: str, actor: Actor, amount: Decimal, reason: str, evidence: str, at: datetime
) -> Charge:
    """The buyer charges back what it paid for the seller, net of tax: why, and what shows it. The seller answers."""
    milestone = _accepted(contract, milestone_ref=milestone_ref)
    contracts.buyer_authority(contract, actor=actor, action=Action.DECIDE_MILESTONE, at=at)
    terms = terms_of(milestone)
    if terms is None or not terms.back_charges:
        raise Refused("This contract agrees on no back-charges. Raise a dispute instead.")
    said = rules.reason_given(reason, missing="Say what you charge back, and why.")
    shown = " ".join(evidence.split())[:LONGEST_EVIDENCE]
    if not shown:
        raise Refused("Say what shows it: an invoice, a report, a link.", field="evidence")
    asked = money.payable(amount, milestone.currency, field="amount")
    return _created(
        milestone,
        kind=ChargeKind.BACK_CHARGE,
        asked=asked,
        tax=terms.back_charges,
        actor=actor,
        at=at,
        reason=said,
        evidence=shown,
    )


def agree_to_charge(
    note_ref: str, *, contract: Contract, charge_ref: str, actor: Actor, said: str, at: datetime
) -> Charge:
    """The seller agrees, at once or after it objected, and the charge stands by a credit note."""
    charge = _to_answer(contract, charge_ref=charge_ref, actor=actor)
    # It is credited by this: whoever credits so much shows once more who it is.
    seller = contract.seller
    asked = Money(charge.asked, charge.currency)
    if sign_off.needs_proof(asked, above=seller.step_up_above, above_currency=seller.currency):
        actor.require_proof(at=at)
    charge.answered_by_name, charge.answered_at = actor.name, at
    charge.answer = " ".join(said.split())[:400] or charge.answer
    _stand(charge, note_ref=note_ref, actor=actor, at=at)
    return charge


def object_to_charge(*, contract: Contract, charge_ref: str, actor: Actor, reason: str, at: datetime) -> Charge:
    """The seller objects and says why. Nothing stands; the buyer withdraws it, or the seller agrees after all."""
    charge = _to_answer(contract, charge_ref=charge_ref, actor=actor)
    if charge.state == ChargeState.OBJECTED:
        raise IllegalTransition("You objected already. The buyer withdraws it, or you agree after all.")
    charge.answered_by_name, charge.answered_at = actor.name, at
    charge.answer = rules.reason_given(reason, missing="Say why you object; the buyer reads it.")
    states.move(charge, ChargeState.OBJECTED, Charge.TRANSITIONS)
    charge.save(update_fields=["state", "answer", "answered_by_name", "answered_at"])
    _record(charge, verb="charge.objected", actor=actor, at=at, reason=charge.answer)
    return charge


def withdraw_charge(
    note_ref: str, *, contract: Contract, charge_ref: str, actor: Actor, reason: str, at: datetime
) -> Charge:
    """The buyer takes back what it claimed or charged back. What stood is undone by the exact opposite."""
    charge = _locked(contract, charge_ref=charge_ref)
    contracts.buyer_authority(contract, actor=actor, action=Action.DECIDE_MILESTONE, at=at)
    if charge.kind == ChargeKind.BONUS:
        raise Refused("A bonus is the seller's. It is corrected by a credit note of its invoice.")
    said = rules.reason_given(reason, missing="Say why you withdraw it; the seller reads it.")
    _withdraw(charge, note_ref=note_ref, reason=said, actor=actor, at=at)
    return charge


def withdraw_with_acceptance(charge: Charge, *, note_ref: str, reason: str, actor: Actor, at: datetime) -> Charge:
    """What was charged on a milestone ends with its acceptance, whichever side withdrew that."""
    _withdraw(charge, note_ref=note_ref, reason=reason, actor=actor, at=at)
    return charge


def claim_bonus(invoice_ref: str, *, contract: Contract, milestone_ref: str, actor: Actor, at: datetime) -> Charge:
    """The seller bills what being early earns, as agreed, by an invoice of its own: once."""
    milestone = _accepted(contract, milestone_ref=milestone_ref)
    contracts.require_seller(contract, actor=actor, action=Action.RECORD_PAYMENT)
    day = day_of_acceptance(milestone)
    _late_one, early = reckoned(milestone, accepted_on=day) if day is not None else (None, None)
    if early is None:
        raise Refused("This milestone earns no bonus: it was not accepted before its planned day, or none is agreed.")
    charge = _charged(milestone, kind=ChargeKind.BONUS, found=early, actor=actor, at=at)
    cause = facts.of_bonus(milestone, found=early)
    invoice, _beside = issue_for(invoice_ref, cause=cause, contract=contract, actor=actor, at=at)
    # It is written in one statement with its lines, which tells no key.
    charge.invoice, charge.net = Invoice.objects.get(ref=invoice_ref), invoice.net
    states.move(charge, ChargeState.STANDING, Charge.TRANSITIONS)
    charge.save(update_fields=["state", "net", "invoice"])
    _record(charge, verb="charge.stands", actor=actor, at=at, number=invoice.number, net=charge.net)
    return charge


def _late(milestone: Milestone) -> tuple[Reckoned, Any]:
    terms, day = terms_of(milestone), day_of_acceptance(milestone)
    late = reckoned(milestone, accepted_on=day)[0] if day is not None else None
    if terms is None or terms.damages is None or late is None:
        raise Refused("Nothing is owed for delay of this milestone: it was not late, or no damages are agreed.")
    return late, terms.damages


def _accepted(contract: Contract, *, milestone_ref: str) -> Milestone:
    milestone = (
        Milestone.objects.select_related("line__version", "contract__seller")
        .select_for_update(of=("self",))
        .filter(contract=contract, ref=milestone_ref)
        .first()
    )
    if milestone is None:
        raise Refused("There is no such milestone among yours. Open it from its contract.")
    if milestone.state != MilestoneState.ACCEPTED:
        raise IllegalTransition(
            "Only on an accepted milestone something is charged. Reload the page to see what happened."
        )
    return milestone


def _locked(contract: Contract, *, charge_ref: str) -> Charge:
    charges = Charge.objects.select_related("milestone__line__version", "credit_note", "invoice")
    charge = charges.select_for_update(of=("self",)).filter(contract=contract, ref=charge_ref).first()
    if charge is None:
        raise Refused("There is no such charge among yours. Open it from its milestone.")
    return charge


def _to_answer(contract: Contract, *, charge_ref: str, actor: Actor) -> Charge:
    charge = _locked(contract, charge_ref=charge_ref)
    contracts.require_seller(contract, actor=actor, action=Action.CREDIT_INVOICE)
    if charge.kind == ChargeKind.BONUS or charge.state not in (ChargeState.CLAIMED, ChargeState.OBJECTED):
        raise IllegalTransition("This charge does not wait for your answer. Reload the page to see what happened.")
    return charge


def _charged(
    milestone: Milestone,
    *,
    kind: ChargeKind,
    found: Reckoned,
    actor: Actor,
    at: datetime,
    state: ChargeState = ChargeState.CLAIMED,
    reason: str = "",
) -> Charge:
    """What the terms come to, once for a milestone."""
    if Charge.objects.live().filter(milestone=milestone, kind=kind).exists():
        raise Refused("This was claimed or waived already, and is charged once. Reload the page to see it.")
    terms = terms_of(milestone)
    damages = terms.damages if terms is not None and kind == ChargeKind.DAMAGES else None
    tax = damages.tax if damages is not None else ""
    told = {
        "agreed_on": found.agreed_on.isoformat(),
        "accepted_on": found.accepted_on.isoformat(),
        "days": found.days,
        "periods": str(found.periods),
        "uncapped": str(found.uncapped),
        "amount": str(found.amount),
    }
    return _created(
        milestone, kind=kind, asked=found.amount, tax=tax, actor=actor, at=at, state=state, reason=reason, told=told
    )


def _created(
    milestone: Milestone,
    *,
    kind: ChargeKind,
    asked: Decimal,
    tax: str,
    actor: Actor,
    at: datetime,
    state: ChargeState = ChargeState.CLAIMED,
    reason: str = "",
    evidence: str = "",
    told: dict[str, Any] | None = None,
) -> Charge:
    if actor.user_id is None:
        raise Refused("Only a member of the organisation can do this.")
    agreed = milestone.line.agreed
    is_outside = tax == OUTSIDE
    charge = Charge.objects.create(
        contract=milestone.contract,
        milestone=milestone,
        kind=kind,
        state=state,
        currency=milestone.currency,
        asked=asked,
        tax_category=rules.OUTSIDE_SCOPE if is_outside else agreed.tax_category,
        tax_rate=money.ZERO if is_outside else agreed.tax_rate,
        reckoned=told,
        reason=reason,
        evidence=evidence,
        claimed_by_id=actor.user_id,
        claimed_by_name=actor.name,
        claimed_at=at,
    )
    verb = "charge.waived" if state == ChargeState.WAIVED else "charge.claimed"
    _record(charge, verb=verb, actor=actor, at=at, reason=reason, evidence=evidence, reckoned=told)
    return charge


def _stand(charge: Charge, *, note_ref: str, actor: Actor, at: datetime) -> None:
    note = charge_notes.issue(note_ref, charge=charge, actor=actor, at=at)
    charge.credit_note, charge.net = note, note.net
    states.move(charge, ChargeState.STANDING, Charge.TRANSITIONS)
    charge.save(update_fields=["state", "net", "credit_note", "answer", "answered_by_name", "answered_at"])
    _record(charge, verb="charge.stands", actor=actor, at=at, number=note.number, net=note.net, tax=note.tax)


def _withdraw(charge: Charge, *, note_ref: str, reason: str, actor: Actor, at: datetime) -> None:
    states.move(charge, ChargeState.WITHDRAWN, Charge.TRANSITIONS)
    if charge.credit_note is not None:
        charge.undone_by = charge_notes.undo(note_ref, charge=charge, reason=reason, actor=actor, at=at)
    elif charge.invoice is not None:
        charge.undone_by = charge_notes.credit_bonus(note_ref, charge=charge, reason=reason, actor=actor, at=at)
    charge.ended_reason, charge.ended_by_name, charge.ended_at = reason, actor.name, at
    charge.save(update_fields=["state", "undone_by", "ended_reason", "ended_by_name", "ended_at"])
    number = charge.undone_by.number if charge.undone_by is not None else None
    _record(charge, verb="charge.withdrawn", actor=actor, at=at, reason=reason, number=number)


def _record(charge: Charge, *, verb: str, actor: Actor, at: datetime, **told: Any) -> None:
    contract = charge.contract
    contracts.record(
        contract,
        verb=verb,
        subject=f"milestone:{charge.milestone.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        charge=charge.ref,
        kind=charge.kind,
        currency=charge.currency,
        asked=charge.asked,
        **told,
    )
