"""Nullification: a defect that was found later withdraws an acceptance, if both sides say so.

Whoever asks names the reason; the other side grants it or does not. The buyer's person is one who could accept this
milestone, the seller's one who may issue the credit note that comes of it; neither side withdraws alone.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, GuestGrant
from apps.contracts.models.contract import ContractState
from apps.core import money, states
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import Milestone, Nullification
from apps.milestones.models.milestone import MilestoneState
from apps.milestones.models.nullification import NullificationState
from apps.milestones.services.holding import lock_milestone
from apps.milestones.services.parts import line_in_force, next_part
from apps.milestones.services.replanning import Deduction
from apps.parties.actor import Actor, ActorKind
from apps.parties.models import Organisation
from apps.parties.roles import Action

LONGEST_REASON = 400
"""Characters of a reason and of an answer."""
Side = Nullification.Side


def contract_of_nullification(*, nullification_ref: str) -> int:
    """The contract to which it belongs, so that a workflow can lock it first."""
    contract = Nullification.objects.filter(ref=nullification_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such request among yours. Open it from its milestone.")
    return contract


def ask_nullification(
    *, contract: Contract, milestone_ref: str, actor: Actor, amount: Decimal, reason: str, at: datetime
) -> Nullification:
    """One side asks the other to withdraw an acceptance, for ``amount`` of it (net of tax), and says why.

    Nothing changes yet. One request for a milestone at a time.
    """
    milestone = lock_milestone(contract, milestone_ref=milestone_ref)
    side = _require_side(milestone, actor=actor, at=at)
    if milestone.state != MilestoneState.ACCEPTED:
        raise IllegalTransition("Only an accepted milestone can be taken back. Reload the page to see what happened.")
    if milestone.nullifications.waiting().exists():
        raise Refused("It was asked already to withdraw this acceptance. Answer that, or withdraw it first.")
    nullification = Nullification.objects.create(
        contract=contract,
        milestone=milestone,
        amount=amount,
        asked_by=side,
        reason=_written(reason, field="reason", missing="Say which defect was found; the other side reads it."),
        asked_at=at,
        asker_id=_person(actor),
        asker_name=actor.name,
    )
    _record(nullification, verb="nullification.asked", actor=actor, at=at, reason=nullification.reason)
    return nullification


def ask_by_change(*, contract: Contract, version: ContractVersion, deduction: Deduction) -> Nullification:
    """What a change order that both sides signed takes back of an acceptance: asked by whoever proposed it, then.

    The other side grants it with its signature, in the same transaction; what would go on is not in the plan any more.
    """
    milestone = lock_milestone(contract, milestone_ref=deduction.milestone.ref)
    if milestone.nullifications.waiting().exists():
        raise Refused(
            "It was asked already to withdraw the acceptance of “{milestone}”. Answer that first.",
            milestone=milestone.title,
        )
    signed, order = version.signatures.get(side=version.author), version.change_order
    if signed.user_id is None or order is None:
        raise NotAllowed("Only a person can withdraw an acceptance.")
    return Nullification.objects.create(
        contract=contract,
        milestone=milestone,
        amount=deduction.amount,
        asked_by=version.author,
        reason=f"Change order {order.number}: {order.title}",
        asked_at=signed.signed_at,
        asker_id=signed.user_id,
        asker_name=signed.name,
    )


def check_may_take_back(milestone: Milestone, *, contract: Contract, actor: Actor, at: datetime) -> None:
    """Refuse whoever may not withdraw this acceptance together with the other side."""
    milestone.contract = contract
    _require_side(milestone, actor=actor, at=at)


def grant_nullification(
    *,
    contract: Contract,
    nullification_ref: str,
    actor: Actor,
    left: Decimal,
    at: datetime,
    signed: ContractVersion | None = None,
    unbilled: Decimal = money.ZERO,
    withheld: Decimal = money.ZERO,
) -> Nullification:
    """The other side agrees: the part is accepted no more and goes on as the next part of the same line.

    ``left`` is what is left of the acceptance, net of tax: not credited on its invoices, or not billed yet. Of that at
    most ``unbilled`` is not billed and is asked for no more; the caller credits the rest in the same transaction. Where
    nothing else of the acceptance is left, the milestone is nullified; what is ``withheld`` beside it for defects that
    are not settled stays accepted.
    """
    nullification = _held(contract, nullification_ref)
    milestone = nullification.milestone
    side = _require_side(milestone, actor=actor, at=at, signed=signed)
    if side == nullification.asked_by:
        raise NotAllowed("Your own side asked for this. The other side grants it or declines.")
    if nullification.amount > left:
        raise Refused(
            "Only {left} net of tax are left to credit on this milestone's invoice, and {amount} were asked for."
            " Decline, and let the other side ask anew.",
            left=Money(left, milestone.currency),
            amount=Money(nullification.amount, milestone.currency),
        )
    if nullification.amount == left and not withheld:
        states.move(milestone, MilestoneState.NULLIFIED, Milestone.TRANSITIONS)
    milestone.nullified += nullification.amount
    milestone.save(update_fields=["state", "nullified"])
    nullification.unbilled = min(nullification.amount, unbilled)
    nullification.rest = _rest_of(milestone, amount=nullification.amount)
    _answer(nullification, to=NullificationState.GRANTED, actor=actor, at=at)
    said = {"unbilled": nullification.unbilled} if nullification.unbilled else {}
    _record(nullification, verb="milestone.nullified", actor=actor, at=at, reason=nullification.reason, **said)
    return nullification


def decline_nullification(
    *, contract: Contract, nullification_ref: str, actor: Actor, reason: str, at: datetime
) -> Nullification:
    """The other side does not agree and says why; the acceptance stands."""
    nullification = _held(contract, nullification_ref)
    side = _require_side(nullification.milestone, actor=actor, at=at)
    if side == nullification.asked_by:
        raise NotAllowed("Your own side asked for this. Withdraw it instead.")
    nullification.answer = _written(
        reason, field="reason", missing="Say why the acceptance stands; the other side reads it."
    )
    _answer(nullification, to=NullificationState.DECLINED, actor=actor, at=at)
    _record(nullification, verb="nullification.declined", actor=actor, at=at, reason=nullification.answer)
    return nullification


def withdraw_nullification(*, contract: Contract, nullification_ref: str, actor: Actor, at: datetime) -> Nullification:
    """Whoever asked does not want it any more."""
    nullification = _held(contract, nullification_ref)
    side = _require_side(nullification.milestone, actor=actor, at=at)
    if side != nullification.asked_by:
        raise NotAllowed("The other side asked for this. Decline it instead.")
    _answer(nullification, to=NullificationState.WITHDRAWN, actor=actor, at=at)
    _record(nullification, verb="nullification.withdrawn", actor=actor, at=at)
    return nullification


def needs_own_proof(milestone: Milestone, *, organisation: Organisation) -> bool:
    """Whether an organisation wants its people to show once more who they are before they withdraw this acceptance."""
    amount = Money(milestone.amount, milestone.currency)
    return rules.needs_proof(amount, above=organisation.step_up_above, above_currency=organisation.currency)


def _require_side(milestone: Milestone, *, actor: Actor, at: datetime, signed: ContractVersion | None = None) -> str:
    """The side for which the person speaks, in a role that may withdraw: for the seller who may credit, for the buyer
    who may accept a milestone of this amount. Refused for anybody else, and for guests, but for what a change order
    takes back that they signed in this transaction (``signed``) by the link to it."""
    contract = milestone.contract
    if contract.state == ContractState.TERMINATED:
        raise IllegalTransition(
            "This contract is terminated, so nothing of it goes on. The seller can lower the price by a credit note."
        )
    if actor.kind is not ActorKind.USER and (actor.kind is not ActorKind.GUEST or signed is None):
        raise NotAllowed(
            "A personal link is for signing one thing. Take your organisation's place here first; then you can withdraw"
            " an acceptance together with the other side."
        )
    side = contracts.side_of(contract, actor=actor)
    if side == Side.SELLER:
        contracts.require_seller(contract, actor=actor, action=Action.CREDIT_INVOICE)
        organisation = contract.seller
    else:
        _require_acceptor(milestone, actor=actor, at=at, signed=signed)
        organisation = contract.buyer
    if needs_own_proof(milestone, organisation=organisation):
        actor.require_proof(at=at)
    return side


def _require_acceptor(milestone: Milestone, *, actor: Actor, at: datetime, signed: ContractVersion | None) -> None:
    contract = milestone.contract
    # A change is signed by whom the contract before it names.
    version = signed.changes if signed is not None else contract.active_version
    if version is None:
        raise IllegalTransition("This contract is not active.")
    limit = contracts.buyer_authority(
        contract,
        actor=actor,
        action=Action.DECIDE_MILESTONE,
        version=version,
        purpose=GuestGrant.Purpose.SIGN_CONTRACT,
        subject_ref=signed.ref if signed is not None else "",
        at=at,
    )
    rules.check_limit(Money(milestone.amount, milestone.currency), limit=limit, limit_currency=contract.buyer.currency)


def _held(contract: Contract, nullification_ref: str) -> Nullification:
    """A request that waits, locked with its milestone before it."""
    known = Nullification.objects.filter(ref=nullification_ref, contract=contract)
    milestone_ref = known.values_list("milestone__ref", flat=True).first()
    if milestone_ref is None:
        raise Refused("There is no such request in this contract.")
    milestone = lock_milestone(contract, milestone_ref=milestone_ref)
    nullification = Nullification.objects.select_for_update(of=("self",)).get(ref=nullification_ref)
    nullification.milestone, nullification.contract = milestone, contract
    if nullification.state != NullificationState.ASKED:
        raise IllegalTransition("This request is answered already. Reload the page to see what happened.")
    return nullification


def _rest_of(milestone: Milestone, *, amount: Decimal) -> Milestone:
    number, line = next_part(milestone), line_in_force(milestone, contract=milestone.contract)
    return Milestone.objects.create(
        contract=milestone.contract,
        line=line,
        position=milestone.position,
        part=number,
        title=rules.title_of_part(line.title, part=number),
        amount=amount,
        quantity=milestone.quantity if line.measure == milestone.line.measure and amount == milestone.amount else None,
        currency=milestone.currency,
        planned_on=line.planned_on,
        state=MilestoneState.CHANGES_REQUESTED,
    )


def _answer(nullification: Nullification, *, to: NullificationState, actor: Actor, at: datetime) -> None:
    states.move(nullification, to, Nullification.TRANSITIONS)
    nullification.answered_at, nullification.answerer_name = at, actor.name
    nullification.answerer_id, nullification.answerer_grant_id = actor.user_id, actor.grant_id
    nullification.save(
        update_fields=[
            *("state", "answered_at", "answerer", "answerer_grant", "answerer_name", "answer"),
            *("rest", "unbilled"),
        ]
    )


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotAllowed("Only a person can withdraw an acceptance.")
    return actor.user_id


def _written(reason: str, *, field: str, missing: str) -> str:
    written = " ".join(rules.check_text(reason, most=LONGEST_REASON, field=field).split())
    if not written:
        raise Refused(missing, field=field)
    return written


def _record(nullification: Nullification, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    """Both sides are told who withdraws an acceptance, and from where."""
    contract, milestone = nullification.contract, nullification.milestone
    contracts.record(
        contract,
        verb=verb,
        subject=f"milestone:{milestone.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        nullification=nullification.ref,
        asked_by=nullification.asked_by,
        amount=nullification.amount,
        currency=milestone.currency,
        rest=nullification.rest.ref if nullification.rest is not None else None,
        **facts,
    )
