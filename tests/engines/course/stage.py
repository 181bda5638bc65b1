"""Where a course is lived: people who try, a clock that stands, and the paper beside."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.errors import Refused
from apps.milestones.models import Milestone, Submission
from apps.workflows.once import Answer
from tests.engines.course.plain import Argument, Bill, Defect, Paper, Part
from tests.financing.stories import START
from tests.scenarios import Parties, acting, member

T = TypeVar("T")
PICK = st.integers(0, 11)
"""Which one of those that there are."""
MOSTLY = 9
"""Below it something is tried where it should work."""
SIDES = st.sampled_from(["seller", "buyer"])
SHARES = st.sampled_from([Decimal("0.1"), Decimal("0.3333"), Decimal("0.5"), Decimal(1)])


class Stage(RuleBasedStateMachine):
    """One example: a contract from its second signature on. Everything happens in a savepoint that is rolled back."""

    contract: Contract
    paper: Paper
    begun: datetime
    measured: tuple[Decimal, Decimal]
    """How much the first line is agreed by, and the price of one."""
    parties: ClassVar[Parties]
    reserves: ClassVar[bool] = True
    """Whether it can be accepted with reservations."""
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
        self.at = self.begun = START
        self.written = self.lived = 0
        self.in_force: int | None = None
        """The version by which both sides go."""
        self.offers: dict[Defect, str] = {}
        self.proposals: dict[Argument, str] = {}
        self.issued: dict[str, str] = {}
        """The chain of everything that was ever issued, by number."""

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.stack.close()

    @property
    def today(self) -> date:
        return self.at.date()

    def _do(self, role: str, run: Callable[[Any], Answer], *, allowed: bool) -> Answer | None:
        """Let somebody try; the product must let through what the paper allows, and refuse the rest in words."""
        with acting(member(self.parties, role), at=self.at) as actor:
            try:
                answer = run(actor)
            except Refused as refused:
                assert not allowed, f"the paper allows what was refused: {refused}"
                return None
        assert allowed, "the paper forbids what was done"
        self.done[sys._getframe(1).f_code.co_name] += 1
        return answer

    def _reference(self) -> str:
        self.written += 1
        return f"LINE-{self.written}"

    @staticmethod
    def _one(among: list[T], pick: int) -> T | None:
        return among[pick % len(among)] if among else None

    def _part(self, pick: int, *states: str) -> Part | None:
        """One of the parts in these states; now and then, or where there is none, any."""
        wanted = [one for one in self.paper.parts if one.state in states]
        return self._one(wanted if wanted and pick < MOSTLY else self.paper.parts, pick)

    def _bill(self, pick: int, *, kind: str = "") -> Bill | None:
        return self._one([one for one in self.paper.bills if not kind or one.kind == kind], pick)

    def _milestone(self, part: Part) -> Milestone:
        with walls.asking_for(self.parties.seller.pk):
            of_contract = Milestone.objects.filter(contract=self.contract)
            return of_contract.select_related("contract", "line").get(position=part.position, part=part.number)

    def _submission(self, part: Part) -> Submission | None:
        """The one that was sent last."""
        milestone = self._milestone(part)
        with walls.asking_for(self.parties.seller.pk):
            sent = Submission.objects.filter(milestone=milestone).exclude(state="draft")
            return sent.select_related("milestone__line").order_by("-number").first()

    def _is_sellers(self, _bill: Bill) -> bool:
        """Whether the buyer pays it to the seller."""
        return True

    def _may_lower(self, _bill: Bill | None) -> bool:
        """Whether nobody else has to be asked before less is owed of it."""
        return True

    def _may_value(self, _values: dict[Part, Decimal]) -> bool:
        """Whether nobody else is bound by more than what is valued at the end."""
        return True

    def _follow_acceptance(self, part: Part, *, rest: Part | None) -> None:
        """What else its bill leads to; with what is left of a part that was accepted in part."""

    def _close_day(self) -> None:
        """Before time passes."""

    def _read(self, ask: Callable[[], T]) -> T:
        with walls.asking_for(self.parties.seller.pk):
            return ask()
