"""Change orders in tests: written, proposed and signed by the workflows, as the pages do."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangedLine, ChangeDraft, DraftCriterion, DraftLine
from apps.contracts.models import Contract, ContractVersion
from apps.parties.actor import Actor
from apps.workflows import changing
from apps.workflows.once import Answer
from tests import scenarios
from tests.scenarios import acting, key

TRAINING = DraftLine(
    title="Training",
    scope="Two days at the buyer's.",
    amount=Decimal("3000.00"),
    planned_on=date(2026, 10, 15),
    criteria=(DraftCriterion("Ten users passed the exam.", needs_evidence=True),),
)


def line(contract: Contract, position: int, **changes: object) -> ChangedLine:
    """A line of the plan in force, with something different."""
    with acting(scenarios.owner_of(contract.seller_id)):
        contract.refresh_from_db()
        assert contract.active_version is not None
        plan = {one.position: one for one in contracts.plan_of(contract.active_version)}
    stands = plan[position]
    return ChangedLine(position, replace(stands.line, **{"basis": "amount", "amount": stands.amount, **changes}))  # type: ignore[arg-type]


def propose(
    contract: Contract,
    draft: ChangeDraft,
    *,
    by: Actor,
    side: str = "seller",
    at: datetime | None = None,
    once: str = "",
) -> Answer:
    with acting(by, at=at):
        fresh = Contract.objects.get(pk=contract.pk)
        seen = contracts.preview_change(fresh, draft=draft, side=side).sha256
        return changing.propose_change(actor=by, key=once or key(), contract_ref=contract.ref, draft=draft, seen=seen)


def sign(answer: Answer, *, by: Actor, at: datetime | None = None, once: str = "") -> Answer:
    """As the other side signs what was proposed."""
    with acting(by, at=at):
        seen = ContractVersion.objects.get(ref=answer["version"]).sha256
        return changing.sign_change(actor=by, key=once or key(), order_ref=answer["change_order"], seen=seen)


def more_training(contract: Contract) -> ChangeDraft:
    """Integration costs more and comes later, final delivery less, and training is new: 40,000 becomes 43,500."""
    return ChangeDraft(
        title="Second warehouse",
        reason="The buyer opened a second warehouse.",
        lines=(
            line(contract, 2, amount=Decimal("14000.00"), planned_on=date(2026, 7, 31)),
            line(contract, 3, amount=Decimal("14500.00")),
        ),
        added=(TRAINING,),
    )
