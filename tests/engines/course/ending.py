"""What the calendar bills, retention that becomes due, and termination."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.contracts.models import Contract
from apps.core import clock
from apps.invoicing.models import Invoice, InvoiceKind
from apps.milestones import services as milestones
from apps.milestones.models import Settlement
from apps.milestones.services import GivenValue
from apps.parties.actor import Actor
from apps.workflows import instalments, retention, terminating
from apps.workflows.once import Answer
from tests.engines.course.changing import OWNERS, Changing
from tests.engines.course.plain import OPEN, ZERO, Bill, Part, cents, shared
from tests.engines.course.stage import PICK, SHARES, SIDES
from tests.engines.life import as_owner
from tests.scenarios import acting, key

LAST = timedelta(days=170)
"""A life is over before a long review is."""
HALF = Decimal("0.5")


class Ending(Changing):
    """Days that come, and the last one."""

    @rule(days=st.sampled_from([1, 7, 20]))
    def time_passes(self, days: int) -> None:
        if self.at + timedelta(days=days) < self.begun + LAST:
            self._close_day()
            self.at += timedelta(days=days)

    @precondition(lambda self: any(one.state == "waits" for one in self.paper.calendar))
    @rule()
    def calendar_bills(self) -> None:
        """The sweep of the hour, for this contract."""
        runs = self.paper.state == "active"
        due = [
            one
            for one in sorted(self.paper.calendar, key=lambda one: (one.on, one.line))
            if runs and one.state == "waits" and one.on <= self.today and not self.paper.is_over_for(one.on)
        ]
        with clock.stopped(self.at):
            with as_owner():
                found = instalments.due(at=self.at, contract_refs=[self.contract.ref])
            billed = [
                answer
                for one in found
                for answer in instalments.tend(contract_ref=one.contract_ref, seller_id=one.seller_id)
            ]
        assert len(billed) == len(due), (billed, due)
        for answer, one in zip(billed, due, strict=True):
            if one.is_ahead:
                assert ("dropped" in answer) == (one.amount > self.paper.still_to_bill), answer
                self._bill_ahead()
                continue
            one.state = "billed"
            bill = Bill(answer["invoice"], one.amount, self.paper.taxed(one.line), kind="instalment")
            self.paper.bill(bill.issued(self.paper.terms, on=self.today), rest=self.paper.still_to_bill)
            self.done["calendar_bills"] += 1
        if due:
            self.paper.complete(on=self.today)

    # --- retention -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.paper.releases)
    @rule()
    def retention_is_due(self) -> None:
        """The system releases by itself what was agreed to be released with completion."""
        ended = self.paper.ended_on
        due = ended is not None and 1 not in self.paper.released and self._would_release(1) > 0
        system = Actor.system(organisation_id=self.parties.seller.pk)
        with acting(system, at=self.at):
            retention.release_retention(actor=system, key=key(), contract_ref=self.contract.ref, position=1)
        self._released(1 if due else 0)

    @precondition(lambda self: self.paper.releases)
    @rule(position=st.sampled_from([1, 2]), side=SIDES)
    def release_retention(self, position: int, side: str) -> None:
        """The buyer may at any time; what is agreed to be the buyer's to say, the seller may not."""
        if self._do(
            OWNERS[side],
            lambda actor: retention.release_retention(
                actor=actor, key=key(), contract_ref=self.contract.ref, position=position
            ),
            allowed=side == "buyer"
            and position <= len(self.paper.releases)
            and position not in self.paper.released
            and self._would_release(position) > 0,
        ):
            self._released(position)

    def _would_release(self, position: int) -> Decimal:
        if len(self.paper.released) == len(self.paper.releases) - 1 and position not in self.paper.released:
            return self.paper.kept - self.paper.given_back
        return max(cents(self.paper.kept * HALF) - self.paper.given_back, ZERO)

    def _keeping(self) -> list[Bill]:
        return [one for one in self.paper.bills if one.retained > one.asked_for]

    def _shared(self, amount: Decimal) -> list[Decimal]:
        """Over the bills in proportion to what is left of each; the cents go where most of one was cut off."""
        return shared(amount, [one.retained - one.asked_for for one in self._keeping()])

    def _released(self, position: int) -> None:
        statements = Invoice.objects.filter(contract=self.contract, kind=InvoiceKind.RETENTION_RELEASE)
        refs = self._read(lambda: set(statements.values_list("ref", flat=True)))
        new = refs - {one.ref for one in self.paper.bills}
        assert len(new) == (1 if position else 0), (new, position)
        for ref in new:
            amount = self._would_release(position)
            for bill, share in zip(self._keeping(), self._shared(amount), strict=True):
                bill.asked_for += share
            self.paper.bills.append(Bill(ref, amount, ZERO, kind="release").issued(self.paper.terms, on=self.today))
            self.paper.given_back += amount
            self.paper.released.add(position)
            self.done["released"] += 1

    # --- termination ---------------------------------------------------------------------------------------------

    @rule(side=SIDES, days=st.sampled_from([0, 7, 30]), sure=st.integers(0, 3))
    def give_notice(self, side: str, days: int, sure: int) -> None:
        if sure and self.paper.state == "active":
            return  # or few contracts would ever be completed
        on = self.today + timedelta(days=days)
        answer = self._do(
            OWNERS[side],
            lambda actor: terminating.give_notice(
                actor=actor, key=key(), contract_ref=self.contract.ref, ground="convenience", reason="", effective_on=on
            ),
            allowed=self.paper.state == "active" and self.paper.notice is None,
        )
        if answer:
            self.paper.notice = (answer["termination"], side, on)

    @precondition(lambda self: self.paper.notice is not None)
    @rule(side=SIDES)
    def take_notice_back(self, side: str) -> None:
        assert self.paper.notice is not None
        ref, by, on = self.paper.notice
        runs = self.paper.state == "active"
        if self._do(
            OWNERS[side],
            lambda actor: terminating.withdraw_notice(actor=actor, key=key(), termination_ref=ref),
            allowed=side == by and runs and on > self.today,
        ):
            self.paper.notice = self.paper.settlement = None

    @precondition(lambda self: self.paper.notice is not None)
    @rule(side=SIDES, share=SHARES, pick=PICK)
    def propose_settlement(self, side: str, share: Decimal, pick: int) -> None:
        """What is owed for one of the open milestones, and nothing for the others."""
        open_ones = [one for one in self.paper.parts if one.state in OPEN]
        worth = self._one(open_ones, pick)
        values = {one: cents(one.amount * share) if one is worth else ZERO for one in open_ones}

        def run(actor: Any) -> Answer:
            fresh = Contract.objects.get(pk=self.contract.pk)
            given = [
                GivenValue(one.milestone_ref, self._value(values, one.position, one.part))
                for one in milestones.open_values(fresh)
            ]
            seen = terminating.preview_settlement(fresh, side=side, given=given).draft.sha256
            return terminating.propose_settlement(
                actor=actor, key=key(), contract_ref=fresh.ref, values=given, seen=seen
            )

        answer = self._do(
            OWNERS[side], run, allowed=self._can_settle() and self.paper.waiting is None and self._may_value(values)
        )
        if answer:
            self.paper.settlement = (answer["settlement"], side, (self._what_stands(), values))

    @precondition(lambda self: self.paper.settlement is not None)
    @rule(side=SIDES)
    def sign_settlement(self, side: str) -> None:
        assert self.paper.settlement is not None
        ref, by, (stood, values) = self.paper.settlement

        def run(actor: Any) -> Answer:
            seen = Settlement.objects.get(ref=ref).sha256
            return terminating.sign_settlement(actor=actor, key=key(), settlement_ref=ref, seen=seen)

        notice = self.paper.notice
        late = [one for one in self.paper.calendar if one.state == "waits" and notice and one.on < notice[2]]
        answer = self._do(
            OWNERS[side],
            run,
            allowed=side != by
            and self._can_settle()
            and self.paper.is_over_for(self.today)
            and stood == self._what_stands()
            and self.paper.waiting is None
            and not late
            and self._may_value(values),
        )
        if answer:
            self._end(values)

    def _bill_standing(self) -> None:
        """What was accepted before is billed already."""

    def _end(self, values: dict[Part, Decimal]) -> None:
        self._bill_standing()
        made = Invoice.objects.filter(contract=self.contract, kind=InvoiceKind.MILESTONE).order_by("pk")
        refs = self._read(lambda: dict(made.values_list("milestone__ref", "ref")))
        for one in self.paper.calendar:
            one.state = "cancelled" if one.state == "waits" else one.state
        valued = sorted((one for one, worth in values.items() if worth), key=lambda one: (one.position, one.number))
        for part in values.keys() - set(valued):
            part.state = "cancelled"
        for part in valued:
            if part.amount != values[part]:
                part.quantity = None
            part.state, part.amount, part.accepted_on = "accepted", values[part], self.today
        for part in valued:
            bill = part.bill = Bill(refs[self._milestone(part).ref], part.amount, self.paper.taxed(part.position))
            part.was_stopped, part.whole, part.price = True, self.paper.plan[part.position], self.paper.price
            self.paper.bill(bill.issued(self.paper.terms, on=self.today), rest=ZERO)
            bill.retained = self.paper.keeps_back(bill, part)
            self.paper.kept += bill.retained
        self.paper.return_excess()
        self.paper.state, self.paper.ended_on = "terminated", self.today
        self.paper.notice = self.paper.settlement = self.paper.change = None

    def _can_settle(self) -> bool:
        """First decide, then settle: nothing is under review, in dispute, or asked to be withdrawn."""
        if self.paper.state != "active" or self.paper.notice is None:
            return False
        parts = self.paper.parts
        return not any(
            one.state == "submitted" or (one.state in OPEN and one.arguments) or one.request is not None
            for one in parts
        )

    def _what_stands(self) -> Any:
        """What a settlement is about: another plan, another open amount, another period billed makes it stale."""
        on = self.paper.notice[2] if self.paper.notice else self.today
        parts = [(one.position, one.number, one.amount) for one in self.paper.parts if one.state in OPEN]
        after = [(one.line, one.on) for one in self.paper.calendar if one.state == "waits" and one.on >= on]
        standing = [(one.position, one.number, amount) for one, amount in self.paper.collecting.items() if amount]
        return sorted(parts), sorted(after), sorted(standing), self.in_force

    @staticmethod
    def _value(values: dict[Part, Decimal], position: int, number: int) -> Decimal:
        return next((worth for one, worth in values.items() if (one.position, one.number) == (position, number)), ZERO)
