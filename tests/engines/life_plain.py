"""What a life is made of: the plain model, and how a step is tried on the product."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from apps.contracts.models import Contract, ContractVersion
from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing.models import Facility
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone, Submission
from apps.workflows.once import Answer
from tests.financing.stories import START
from tests.scenarios import Parties, acting, member

ZERO: Final = Decimal(0)
AMOUNTS: Final = (Decimal(120_000), Decimal(120_000), Decimal(160_000))
WHICH = st.integers(0, 2)
LIKELY = st.integers(0, 11)
"""Mostly an invoice whose advance is under way, where there is one."""
SHARES = st.sampled_from([Decimal("0.25"), Decimal("0.3333"), Decimal(1), Decimal("1.5")])


@dataclass
class Advance:
    """What the model knows of the financing of one invoice."""

    request: str = "none"
    """none, submitted, accepted; withdrawn and declined are none again."""
    offer: str = "none"
    """none, draft, issued."""
    expires_at: datetime = START
    expected_on: Any = None
    tranche: str = "none"
    """none, accepted, funded, settled; passed on: the buyer paid before the payout, so there was none."""
    is_notified: bool = False
    outstanding: Decimal = ZERO
    reserve: Decimal = ZERO
    due_to_seller: Decimal = ZERO
    refs: dict[str, str] = field(default_factory=dict)


@dataclass
class Step:
    """What the model knows of one milestone."""

    state: str = "planned"
    is_prepared: bool = False
    open: Decimal = ZERO
    due: datetime = START
    unapplied: Decimal = ZERO
    advance: Advance = field(default_factory=Advance)
    before: str = "planned"
    """What it was when it was submitted, and is again once that is taken back."""

    @property
    def is_sold(self) -> bool:
        return self.advance.tranche not in ("none", "passed on")


class Plain(RuleBasedStateMachine):
    """One example: a contract from its draft on. Everything happens in a savepoint that is rolled back."""

    contract: Contract
    parties: ClassVar[Parties]
    steps: ClassVar[int] = 0
    done: ClassVar[Counter[str]] = Counter()
    """What was let through, how often, by the name of the rule."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        block = transaction.atomic()
        # Or durable blocks could not begin inside it.
        block._from_testcase = True  # type: ignore[attr-defined]
        self.stack.enter_context(block)
        self.at = START
        self.contract_state = "draft"
        self.model = [Step(), Step(), Step()]
        self.received = 0
        self.is_verified = False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.stack.close()

    facility: ClassVar[Facility]

    def _do(self, role: str, run: Callable[[Any], Answer], *, allowed: bool) -> Answer | None:
        """Let somebody try; the product must let through what the model allows, and refuse the rest in words."""
        with acting(self._actor(role), at=self.at) as actor:
            try:
                answer = run(actor)
            except Refused as refused:
                assert not allowed, f"the model allows what was refused: {refused}"
                return None
        assert allowed, "the model forbids what was done"
        self.done[sys._getframe(1).f_code.co_name] += 1
        return answer

    def _actor(self, role: str) -> Any:
        return member(self.parties, role)

    def _reference(self) -> str:
        self.received += 1
        return f"LINE-{self.received}"

    def _contract(self) -> Contract:
        return Contract.objects.get(pk=self.contract.pk)

    def _version(self) -> ContractVersion | None:
        with walls.asking_for(self.parties.seller.pk):
            return ContractVersion.objects.filter(contract=self.contract).order_by("-number").first()

    def _milestone(self, which: int) -> Milestone | None:
        with walls.asking_for(self.parties.seller.pk):
            return Milestone.objects.filter(contract=self.contract, position=which + 1).first()

    def _submission(self, which: int) -> Submission | None:
        """The one that was sent last."""
        with walls.asking_for(self.parties.seller.pk):
            sent = Submission.objects.filter(contract=self.contract, milestone__position=which + 1)
            return sent.exclude(state="draft").select_related("milestone__line").order_by("-number").first()

    def _invoice(self, which: int) -> Invoice:
        return Invoice.objects.get(contract=self.contract, milestone__position=which + 1)

    def _is_asked(self) -> bool:
        return any(step.advance.refs for step in self.model)

    def _aimed(self, which: int) -> int:
        """One of the three, or where an advance is under way."""
        asked = [n for n, step in enumerate(self.model) if step.advance.refs]
        return asked[which % len(asked)] if which > 2 and asked else which % 3

    def _is_fundable(self, which: int) -> bool:
        step = self.model[which]
        return step.open == AMOUNTS[which] and self.at.date() <= step.due.date()

    def _is_offered(self, advance: Advance) -> bool:
        return advance.offer != "none" and self.at <= advance.expires_at


def part(amount: Decimal, share: Decimal) -> Decimal:
    return (amount * share).quantize(Decimal("0.01"))
