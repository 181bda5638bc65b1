"""Change orders: a milestone more, one less, another amount, another day; below what is billed too; other terms."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.contracts import services as contracts
from apps.contracts.drafts import AS_THEY_ARE, ChangedLine, ChangeDraft, ChangedTerms, DraftCriterion, DraftLine
from apps.contracts.late_payment import LateTerms
from apps.contracts.models import Contract, ContractVersion
from apps.workflows import changing
from apps.workflows.once import Answer
from tests import change_orders
from tests.engines.course.delaying import Delaying
from tests.engines.course.late import ToPay
from tests.engines.course.plain import BILLED, OPEN, ZERO, Part, cents
from tests.engines.course.review import Agreed
from tests.engines.course.stage import PICK, SIDES
from tests.scenarios import key

OWNERS = {"seller": "seller", "buyer": "buyer"}
FACTORS = st.sampled_from([Decimal("0.2"), Decimal("0.6"), Decimal("0.9"), Decimal("1.25")])
SIGN_OFF = st.builds(
    Agreed,
    days=st.sampled_from([300, 300, 5, 21]),
    silence=st.sampled_from(["escalates", "accepted", "accepted", "rejected", "interest"]),
    questions=st.integers(0, 2),
    is_inspected=st.sampled_from([False, False, False, True]),
    two_above=st.sampled_from([None, None, None, Decimal("8000.00")]),
    in_parts=st.sampled_from([True, True, True, False]),
)
"""What both sides may agree of it, mostly what lets a life go on."""
Wanted = dict[int, Decimal | None]


class Changing(Delaying):
    """What both sides sign of it; one proposal at a time."""

    @rule(side=SIDES, amount=st.sampled_from([Decimal("1000.01"), Decimal("2500.00")]))
    def propose_another_milestone(self, side: str, amount: Decimal) -> None:
        more = DraftLine(
            title=f"More {self.paper.changes}",
            amount=amount,
            basis="amount",
            criteria=(DraftCriterion("It is there."),),
        )
        self._propose(side, {0: amount}, added=(more,))

    @rule(side=SIDES, pick=PICK)
    def propose_one_less(self, side: str, pick: int) -> None:
        if (position := self._one(sorted(self.paper.plan), pick)) is not None:
            self._propose(side, {position: None}, lines=(ChangedLine(position, None),))

    @rule(side=SIDES, pick=PICK, factor=FACTORS)
    def propose_another_amount(self, side: str, pick: int, factor: Decimal) -> None:
        if (position := self._one(sorted(self.paper.plan), pick)) is None:
            return
        amount = cents(self.paper.plan[position] * factor)
        line = change_orders.line(self.contract, position, amount=amount)
        self._propose(side, {position: amount}, lines=(line,))

    @rule(side=SIDES, pick=PICK)
    def propose_what_is_billed(self, side: str, pick: int) -> None:
        """What is left of a milestone that was accepted in part ends with it."""
        if (position := self._one(sorted(self.paper.plan), pick)) is None:
            return
        billed = sum((one.counts for one in self.paper.of(position) if one.state in BILLED), ZERO)
        if ZERO < billed < self.paper.plan[position]:
            line = change_orders.line(self.contract, position, amount=billed)
            self._propose(side, {position: billed}, lines=(line,))

    @rule(side=SIDES, pick=PICK)
    def propose_another_day(self, side: str, pick: int) -> None:
        if (position := self._one(sorted(self.paper.plan), pick)) is None:
            return
        day = date(2026, 12, 1) + timedelta(days=self.paper.changes)
        line = change_orders.line(self.contract, position, planned_on=day)
        amount = self.paper.plan[position]
        self._propose(side, {position: amount}, lines=(line,), days={position: day})

    @rule(side=SIDES, rate=st.sampled_from([Decimal(0), Decimal(9)]), may_be_sold=st.booleans())
    def propose_other_terms(self, side: str, rate: Decimal, may_be_sold: bool) -> None:
        """They hold from then on; no sum of what is billed, open or paid is another by them."""
        to_pay = ToPay(1 + self.paper.changes % 60, rate)
        terms = ChangedTerms(payment_days=to_pay.days, late_payment=LateTerms(rate), is_assignable=may_be_sold)
        self._propose(side, {}, terms=terms, to_pay=to_pay)

    @rule(side=SIDES, agreed=SIGN_OFF)
    def propose_other_sign_off(self, side: str, agreed: Agreed) -> None:
        """What is submitted from then on is reviewed by it; what waits already goes on as it was submitted."""
        to_pay = replace(self.paper.terms, days=1 + self.paper.changes % 60)
        terms = ChangedTerms(
            payment_days=to_pay.days,
            review_days=agreed.days,
            silence=agreed.silence,
            question_suspensions=agreed.questions,
            needs_inspection=agreed.is_inspected,
            second_acceptor_above=agreed.two_above,
            one_acceptor=agreed.two_above is None,
            partial_acceptance=agreed.in_parts,
        )
        self._propose(side, {}, terms=terms, agreed=agreed, to_pay=to_pay)

    @precondition(lambda self: self.paper.change is not None)
    @rule(side=SIDES)
    def sign_change(self, side: str) -> None:
        assert self.paper.change is not None
        answer, by, wanted = self.paper.change
        taken = self._follow(wanted)
        asked = taken is not None and any(part.request is not None for part, _net in taken)
        can = side != by and self.paper.state == "active" and taken is not None and not asked
        can = can and all(self._may_lower(part.bill) for part, _net in taken or [])
        if self._do(
            OWNERS[side],
            lambda actor: changing.sign_change(
                actor=actor,
                key=key(),
                order_ref=answer["change_order"],
                seen=ContractVersion.objects.get(ref=answer["version"]).sha256,
            ),
            allowed=can,
        ):
            self.paper.change = None
            self.paper.agreed = self.paper.agreed_by_change or self.paper.agreed
            self.paper.terms = self.paper.terms_by_change or self.paper.terms
            self.paper.planned |= self.paper.day_by_change
            for part in self.paper.parts:
                if part.state in OPEN:
                    part.planned_on = self.paper.planned.get(part.position)
            self._carry_out(wanted, taken or [])
            self.paper.return_excess()

    @precondition(lambda self: self.paper.change is not None)
    @rule(side=SIDES)
    def end_proposal(self, side: str) -> None:
        """Whoever proposed takes it back, the other one declines."""
        assert self.paper.change is not None
        answer, by, _wanted = self.paper.change
        act = changing.withdraw_change if side == by else changing.decline_change
        if self._do(
            OWNERS[side],
            lambda actor: act(actor=actor, key=key(), order_ref=answer["change_order"], reason="Not now."),
            allowed=True,
        ):
            self.paper.change = None

    def _propose(
        self,
        side: str,
        wanted: Wanted,
        *,
        lines: tuple[ChangedLine, ...] = (),
        added: tuple[DraftLine, ...] = (),
        terms: ChangedTerms = AS_THEY_ARE,
        agreed: Agreed | None = None,
        to_pay: ToPay | None = None,
        days: dict[int, date] | None = None,
    ) -> None:
        self.paper.changes += 1
        draft = ChangeDraft(f"Change {self.paper.changes}", "Agreed by phone.", lines, added, terms)
        left = {**self.paper.plan, **wanted}
        can = self.paper.state == "active" and self.paper.change is None and self._follow(wanted) is not None
        can = can and self._can_be_agreed(wanted, agreed or self.paper.agreed)

        def run(actor: Any) -> Answer:
            fresh = Contract.objects.get(pk=self.contract.pk)
            seen = contracts.preview_change(fresh, draft=draft, side=side).sha256
            return changing.propose_change(actor=actor, key=key(), contract_ref=fresh.ref, draft=draft, seen=seen)

        answer = self._do(OWNERS[side], run, allowed=can and any(one is not None for one in left.values()))
        if answer:
            self.paper.change, self.paper.agreed_by_change = (answer, side, wanted), agreed
            self.paper.terms_by_change, self.paper.day_by_change = to_pay, days or {}

    def _can_be_agreed(self, wanted: Wanted, agreed: Agreed) -> bool:
        """Whether a plan keeps room for what is paid ahead, and something of every milestone payable below a limit."""
        named = {position or self.paper.positions + 1: amount for position, amount in wanted.items()}
        after = {**self.paper.plan, **named}
        plan = {position: amount for position, amount in after.items() if amount is not None}
        by_calendar = sum((one.amount for one in self.paper.calendar if not one.is_ahead), ZERO)
        price, ahead = sum(plan.values(), ZERO) + by_calendar, self.paper.ahead
        if ahead is not None and ahead.amount > price:
            return False
        if self.paper.limit is None:
            return True
        paid_ahead = ahead.amount if ahead is not None else ZERO
        fits = self.paper.limit.fits(plan, last=self.paper.builds_on)
        return fits and not agreed.in_parts and paid_ahead * 100 <= price * self.paper.limit.percent

    def _follow(self, wanted: Wanted) -> list[tuple[Part, Decimal]] | None:
        """What a change would take back of what was accepted; None where milestones do not let it happen."""
        taken: list[tuple[Part, Decimal]] = []
        for position, amount in wanted.items():
            parts = self.paper.of(position) if position else []
            if not parts:
                continue
            billed = [one for one in parts if one.state in BILLED]
            accepted = sum((one.counts for one in billed), ZERO)
            if (amount is None and accepted) or any(one.state == "submitted" for one in parts):
                return None
            if amount is not None and amount < accepted:
                taken += self._taken(billed, accepted - amount)
            elif not any(one.state in OPEN for one in parts):
                return None
        for part, net in taken:
            if not self._may_take(part, net):
                return None
        return taken

    def _may_take(self, part: Part, net: Decimal) -> bool:
        return part.bill is not None and self._may_credit(part.bill, net, is_withdrawn=True)

    def _take_back(self, part: Part, net: Decimal) -> Part:
        return self.paper.withdraw(part, net)

    def _carry_out(self, wanted: Wanted, taken: list[tuple[Part, Decimal]]) -> None:
        for named, amount in wanted.items():
            position = named or self.paper.positions + 1
            if named:
                self._spread(position, amount, taken)
            elif amount is not None:
                self.paper.positions = position
                self.paper.parts.append(Part(position, 1, amount))
            if amount is None:
                del self.paper.plan[position]
            else:
                self.paper.plan[position] = amount
        for part, net in taken:
            rest = self._take_back(part, net)
            rest.state = "cancelled"
        self.paper.complete(on=self.today)

    def _spread(self, position: int, amount: Decimal | None, taken: list[tuple[Part, Decimal]]) -> None:
        """The open parts keep what they have as far as it goes; the last one takes what is left, or comes on top."""
        parts = self.paper.of(position)
        open_ones = [one for one in parts if one.state in OPEN]
        left = (amount or ZERO) - sum((one.counts for one in parts if one.state not in OPEN), ZERO)
        if any(part.position == position for part, _net in taken):
            left = ZERO
        was = self.paper.plan[position]
        for part in open_ones:
            keeps = left if part is open_ones[-1] else min(part.amount, left)
            left -= keeps
            if not keeps:
                part.state = "cancelled"
                continue
            if keeps != part.amount or amount != was:
                part.quantity = None
            part.amount = keeps
