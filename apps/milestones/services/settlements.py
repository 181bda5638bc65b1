"""Settlements: what is owed at the end of a contract. One side proposes and signs, the other one signs or answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant, Termination
from apps.core import money, states
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.core.money import Money
from apps.core.spoken import Said
from apps.milestones import rules
from apps.milestones.models import Milestone, Settlement, SettlementSignature, Valuation
from apps.milestones.models.settlement import SettlementState, Side
from apps.milestones.rules import AppliedFor, GivenValue, NotBilled
from apps.milestones.services.settlement_texts import draft_settlement, signable
from apps.parties.actor import Actor, ActorKind, Proof, evidence_of
from apps.parties.models import Organisation
from apps.parties.roles import Action


def propose_settlement(
    *,
    contract: Contract,
    notice: Termination,
    actor: Actor,
    given: Sequence[GivenValue],
    not_billed: Sequence[NotBilled],
    note: str,
    seen: str,
    at: datetime,
    applied_for: AppliedFor | None = None,
) -> Settlement:
    """A side signs what it holds to be owed and sends it to the other one; what waited until now is answered by it.

    ``seen`` is the SHA-256 of :func:`draft_settlement` on the review page; another text is :class:`Stale`.
    """
    side = contracts.require_terminator(contract, actor=actor, at=at, notice=notice)
    draft = draft_settlement(
        contract, notice=notice, side=side, given=given, not_billed=not_billed, note=note, applied_for=applied_for
    )
    proof = _require_signer(notice, side=side, at_stake=draft.at_stake, actor=actor, at=at)
    if draft.sha256 != seen:
        raise Stale("Something changed after this page was shown. Read it again; nothing was signed.")
    _close_waiting(contract, side=side, at=at)
    settlement = Settlement.objects.create(
        contract=contract,
        termination=notice,
        number=draft.number,
        side=side,
        note=draft.note,
        currency=contract.currency,
        valued=draft.valued,
        cancelled=draft.cancelled,
        unbilled=money.total(one.amount for one in not_billed),
        canonical_text=draft.text,
        sha256=draft.sha256,
        proposed_at=at,
        proposed_by_name=actor.name,
    )
    refs = [one.milestone_ref for one in draft.values]
    milestones = {one.ref: one for one in Milestone.objects.filter(contract=contract, ref__in=refs)}
    Valuation.objects.bulk_create(
        Valuation(
            settlement=settlement,
            milestone=milestones[one.milestone_ref],
            unbilled=one.unbilled,
            amount=one.amount,
            note=one.note,
        )
        for one in draft.values
    )
    signature = put_signature(settlement, side=side, statement=draft.statement, proof=proof, actor=actor, at=at)
    record(settlement, verb="settlement.proposed", actor=actor, at=at, private=signature.circumstances)
    return settlement


def withdraw_settlement(*, contract: Contract, settlement_ref: str, actor: Actor, at: datetime) -> Settlement:
    """The side that proposed a settlement takes it back; the notice stands."""
    settlement = waiting_settlement(contract, settlement_ref=settlement_ref)
    notice = contracts.live_notice(contract)
    if contracts.require_terminator(contract, actor=actor, at=at, notice=notice) != settlement.side:
        raise NotAllowed("Only the side that proposed this settlement can withdraw it. Answer with other figures.")
    _close(settlement, to=SettlementState.WITHDRAWN, at=at)
    record(settlement, verb="settlement.withdrawn", actor=actor, at=at)
    return settlement


def end_settlements(*, contract: Contract, at: datetime) -> None:
    """A notice that is withdrawn takes with it what was proposed to settle it."""
    for settlement in Settlement.objects.filter(contract=contract, state=SettlementState.PROPOSED):
        _close(settlement, to=SettlementState.WITHDRAWN, at=at)


def end_overtaken_settlements(*, contract: Contract, at: datetime) -> None:
    """What was proposed to settle a notice that is over, because the contract was completed before, is over too."""
    if not contract.terminations.live().exists():
        end_settlements(contract=contract, at=at)


def sign_settlement(
    *,
    contract: Contract,
    notice: Termination,
    settlement_ref: str,
    actor: Actor,
    not_billed: Sequence[NotBilled],
    seen: str,
    at: datetime,
    applied_for: AppliedFor | None = None,
) -> Settlement:
    """The other side signs the settlement as it was proposed; what follows is :func:`carry_out` and the caller's.

    Only from the day on which the notice takes effect, and while everything is as it was when it was proposed: what was
    accepted, changed or billed since makes it :class:`Stale`.
    """
    settlement = waiting_settlement(contract, settlement_ref=settlement_ref)
    side = contracts.require_terminator(contract, actor=actor, at=at, notice=notice)
    if side == settlement.side:
        raise NotAllowed("Your own side proposed this settlement. The other side signs it, or answers.")
    if actor.user_id is not None and settlement.signatures.filter(user_id=actor.user_id).exists():
        raise NotAllowed("You signed this settlement yourself, for the other side. Somebody else has to sign.")
    if not contracts.is_effective(notice, at=at):
        raise Refused(
            "The notice takes effect on {day}. Until then work goes on, so the settlement can be signed from that day"
            " on.",
            day=notice.effective_on,
        )
    draft = signable(settlement, notice=notice, side=side, not_billed=not_billed, applied_for=applied_for)
    proof = _require_signer(notice, side=side, at_stake=draft.at_stake, actor=actor, at=at)
    if not seen == draft.sha256 == settlement.sha256:
        raise Stale(
            "Something was accepted, changed or billed since this settlement was proposed. Ask for a new one; nothing"
            " was signed."
        )
    signature = put_signature(settlement, side=side, statement=draft.statement, proof=proof, actor=actor, at=at)
    _close(settlement, to=SettlementState.SIGNED, at=at)
    record(settlement, verb="settlement.signed", actor=actor, at=at, private=signature.circumstances)
    return settlement


def waiting_settlement(contract: Contract, *, settlement_ref: str) -> Settlement:
    """A settlement of a locked contract that waits for the other side; refused when it was answered already."""
    settlement = Settlement.objects.filter(ref=settlement_ref, contract=contract).first()
    if settlement is None:
        raise Refused("There is no such settlement in this contract.")
    settlement.contract = contract
    if settlement.state != SettlementState.PROPOSED:
        raise IllegalTransition(
            "This settlement is already “{state}”. Reload the page to see what happened.",
            state=str(settlement.get_state_display()),
        )
    return settlement


def contract_of_settlement(*, settlement_ref: str) -> "QuerySet[Any, int]":
    """The id of the contract that a settlement ends: a query, for ``contracts.lock`` to ask while it locks."""
    return Settlement.objects.filter(ref=settlement_ref).order_by().values_list("contract_id", flat=True)[:1]


def needs_proof_to_end(at_stake: Decimal, *, currency: str, organisation: Organisation) -> bool:
    """Whether an organisation wants its people to show once more who they are before they sign for so much."""
    return rules.needs_proof(
        Money(at_stake, currency), above=organisation.step_up_above, above_currency=organisation.currency
    )


def put_signature(
    settlement: Settlement, *, side: str, statement: Said, proof: Proof | None, actor: Actor, at: datetime
) -> SettlementSignature:
    """Keep that a person signed a settlement for a side; the caller has asked whether it may be so."""
    if actor.kind is ActorKind.SYSTEM:
        raise NotAllowed("Only a person signs a settlement.")
    return SettlementSignature.objects.create(
        settlement=settlement,
        side=side,
        organisation_id=actor.organisation_id,
        grant_id=actor.grant_id,
        **actor.evidence(),
        **evidence_of(proof),
        # A seller's people have no limit to sign off within.
        circumstances=actor.circumstances(
            **({"is_within_limit": True} if side == Side.BUYER else {}), statement=statement.kept()
        ),
        signed_at=at,
        statement=statement.text,
        statement_version=statement.version,
        sha256=settlement.sha256,
    )


def record(
    settlement: Settlement, *, verb: str, actor: Actor, at: datetime, private: Mapping[str, Any] | None = None
) -> None:
    """Both sides are told from where somebody signed; the text stays between them, and the chain keeps its hash."""
    contract = settlement.contract
    contracts.record(
        contract,
        verb=verb,
        subject=f"settlement:{settlement.ref}",
        actor=actor,
        at=at,
        told_to=(contract.seller_id, contract.buyer_id),
        private=private,
        number=settlement.number,
        side=contracts.side_of(contract, actor=actor),
        sha256=settlement.sha256,
        currency=settlement.currency,
        valued=settlement.valued,
        cancelled=settlement.cancelled,
        billed_no_more=settlement.unbilled,
    )


def _require_signer(notice: Termination, *, side: str, at_stake: Decimal, actor: Actor, at: datetime) -> Proof | None:
    """The buyer's signature is a sign-off: by whoever may sign off as much. The answer is the proof that was asked."""
    contract = notice.contract
    if side == Side.SELLER:
        organisation = contract.seller
    else:
        organisation, version = contract.buyer, contract.active_version
        if version is None:
            raise IllegalTransition("This contract is not active.")
        limit = contracts.buyer_authority(
            contract,
            actor=actor,
            action=Action.DECIDE_MILESTONE,
            version=version,
            purpose=GuestGrant.Purpose.SETTLE,
            subject_ref=notice.ref,
            at=at,
        )
        rules.check_limit(Money(at_stake, contract.currency), limit=limit, limit_currency=organisation.currency)
    if needs_proof_to_end(at_stake, currency=contract.currency, organisation=organisation):
        return actor.require_proof(at=at)
    return None


def _close_waiting(contract: Contract, *, side: str, at: datetime) -> None:
    for waiting in Settlement.objects.filter(contract=contract, state=SettlementState.PROPOSED):
        is_own = waiting.side == side
        _close(waiting, to=SettlementState.WITHDRAWN if is_own else SettlementState.ANSWERED, at=at)


def _close(settlement: Settlement, *, to: SettlementState, at: datetime) -> None:
    states.move(settlement, to, Settlement.TRANSITIONS)
    settlement.closed_at = at
    settlement.save(update_fields=["state", "closed_at"])
