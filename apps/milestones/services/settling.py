"""A dispute ends by both sides: one proposes an outcome, the other one agrees to exactly that."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from apps.contracts import services as contracts
from apps.contracts.models import Contract
from apps.core import canonical, states
from apps.core.errors import IllegalTransition, NotAllowed, Refused, Stale
from apps.core.money import Money
from apps.milestones import rules
from apps.milestones.models import Dispute, DisputeProposal
from apps.milestones.models.dispute import DisputeState, Side
from apps.milestones.services.dispute_course import end, link_to, lock_dispute, pass_turn, record
from apps.parties.actor import Actor, ActorKind
from apps.parties.models import Organisation
from apps.parties.roles import Action


def propose_outcome(
    *,
    contract: Contract,
    dispute_ref: str,
    actor: Actor,
    outcome: str,
    amount: Decimal | None,
    note: str,
    at: datetime,
    kept_until: date | None = None,
) -> DisputeProposal:
    """One side says how it would settle the dispute; ``amount`` (net of tax) is what a part upheld takes away.

    ``kept_until``: retention that was released in error is kept back again until then, and not until the buyer
    releases it; whether it is about any the caller knows.

    The newest proposal of either side counts. Nothing is settled before the other side agrees.
    """
    dispute = lock_dispute(contract, dispute_ref=dispute_ref)
    side = require_settler(dispute, actor=actor, at=at)
    upheld = rules.upheld_amount(outcome, amount=amount, disputed=Money(dispute.amount, dispute.currency))
    if dispute.proposals.count() >= rules.MOST_POSITIONS:
        raise Refused("{most} outcomes were proposed already. Agree to the last one.", most=rules.MOST_POSITIONS)
    if kept_until is not None and not upheld:
        raise Refused("Nothing is kept back again where nothing is upheld. Leave the day empty.", field="kept_until")
    kept: dict[str, Any] = {"kept_until": kept_until} if kept_until is not None else {}
    why = rules.check_text(note, most=rules.LONGEST_REASON, field="note")
    proposal = DisputeProposal.objects.create(
        contract=contract,
        dispute=dispute,
        number=dispute.proposals.count() + 1,
        side=side,
        outcome=outcome,
        upheld=upheld,
        user_id=actor.user_id,
        grant_id=actor.grant_id,
        name=actor.name,
        proposed_at=at,
        note=why,
        kept_until=kept_until,
    )
    if dispute.state == DisputeState.OPEN:
        states.move(dispute, DisputeState.PROPOSED, Dispute.TRANSITIONS)
    pass_turn(dispute, side=side, at=at)
    dispute.save(update_fields=["state", "awaits", "answer_due_at"])
    record(
        dispute,
        verb="dispute.outcome_proposed",
        actor=actor,
        at=at,
        outcome=outcome,
        upheld=upheld,
        note_sha256=canonical.sha256(why),
        **kept,
    )
    return proposal


def agree_outcome(*, contract: Contract, proposal_ref: str, actor: Actor, at: datetime) -> Dispute:
    """The other side agrees to the outcome that was proposed last; another one by now is :class:`Stale`.

    What follows for an invoice, a credit note or nothing, the caller does in the same transaction.
    """
    proposal = DisputeProposal.objects.filter(ref=proposal_ref, contract=contract).select_related("dispute").first()
    if proposal is None:
        raise Refused("There is no such proposal in this contract.")
    dispute = lock_dispute(contract, dispute_ref=proposal.dispute.ref)
    side = require_settler(dispute, actor=actor, at=at)
    newest = dispute.proposals.order_by("number").last()
    if newest is None or newest.pk != proposal.pk:
        raise Stale("Another outcome was proposed after this page was shown. Read it; nothing was settled.")
    if side == proposal.side:
        raise NotAllowed("Your own side proposed this outcome. The other side agrees, or says something else.")
    if proposal.user_id is not None and proposal.user_id == actor.user_id:
        raise NotAllowed("You proposed this outcome yourself, for the other side. Somebody else has to agree.")
    end(dispute, to=DisputeState(proposal.outcome), upheld=proposal.upheld, side=side, actor=actor, at=at)
    record(
        dispute,
        verb="dispute.settled",
        actor=actor,
        at=at,
        outcome=proposal.outcome,
        upheld=proposal.upheld,
        review_due_at=dispute.due_after,
    )
    return dispute


def proposer_of(dispute: Dispute) -> tuple[int, str] | None:
    """The person of the seller who proposed the outcome that was agreed, by id and name; None if the buyer did."""
    last = dispute.proposals.order_by("number").last()
    return (last.user_id, last.name) if last is not None and last.side == Side.SELLER and last.user_id else None


def contract_of_proposal(*, proposal_ref: str) -> int:
    """The contract to which a proposed outcome belongs, so that a workflow can lock it first."""
    contract = DisputeProposal.objects.filter(ref=proposal_ref).values_list("contract_id", flat=True).first()
    if contract is None:
        raise Refused("There is no such proposal among yours. Open the dispute.")
    return contract


def needs_proof_to_settle(dispute: Dispute, *, organisation: Organisation) -> bool:
    """Whether an organisation wants its people to show once more who they are before they settle something as large."""
    whole = Money(dispute.whole, dispute.currency)
    return rules.needs_proof(whole, above=organisation.step_up_above, above_currency=organisation.currency)


def require_settler(dispute: Dispute, *, actor: Actor, at: datetime) -> str:
    """For which side the person speaks: for the seller one who may credit, for the buyer one who may accept so much.

    As with an acceptance that is withdrawn; limits and proofs are those of all of it, so that nobody settles in slices.
    """
    contract = dispute.contract
    if actor.kind is ActorKind.SYSTEM:
        raise NotAllowed("Only a person can settle a dispute.")
    side = contracts.side_of(contract, actor=actor)
    if side == Side.SELLER:
        contracts.require_seller(contract, actor=actor, action=Action.CREDIT_INVOICE)
        organisation = contract.seller
    else:
        if contract.active_version is None:
            raise IllegalTransition("This contract is not active.")
        limit = contracts.buyer_authority(
            contract,
            actor=actor,
            action=Action.DECIDE_MILESTONE,
            version=contract.active_version,
            at=at,
            **link_to(dispute),
        )
        organisation = contract.buyer
        rules.check_limit(Money(dispute.whole, dispute.currency), limit=limit, limit_currency=contract.buyer.currency)
    if needs_proof_to_settle(dispute, organisation=organisation):
        actor.require_proof(at=at)
    return side
