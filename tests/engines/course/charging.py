"""What the buyer charges back on an accepted milestone: the seller answers, a credit note makes it stand."""

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.workflows import charging
from tests.engines.course.correcting import Correcting
from tests.engines.course.plain import ZERO, Bill, ChargedBack, Part, cents
from tests.engines.course.stage import PICK, SHARES
from tests.scenarios import key


class Charging(Correcting):
    """One amount after the other; it takes what is open, then what is kept back, and only then money is free."""

    @precondition(lambda self: self.paper.charges_back is not None and self._billed())
    @rule(pick=PICK, share=SHARES)
    def charge_back(self, pick: int, share: Decimal) -> None:
        part = self._part(pick, "accepted")
        if part is None or part.bill is None:
            return
        amount, milestone = cents(part.amount * share), self._milestone(part)
        answer = self._do(
            "approver",
            lambda actor: charging.charge_back(
                actor=actor,
                key=key(),
                milestone_ref=milestone.ref,
                amount=amount,
                reason="Another firm mended it.",
                evidence="Invoice 17 of that firm",
            ),
            allowed=part.state == "accepted" and amount > ZERO,
        )
        if answer:
            rate = self.paper.taxed(part.position) if self.paper.charges_back == "price" else ZERO
            part.bill.charges.append(ChargedBack(answer["charge"], amount, rate))

    @precondition(lambda self: self._charges())
    @rule(pick=PICK, agrees=st.sampled_from([True, True, False]))
    def answer_charge(self, pick: int, agrees: bool) -> None:
        """The seller agrees, also after it objected; what there is no room for is not taken."""
        bill, charge = self._charges()[pick % len(self._charges())]
        waits = charge.state == "claimed" or (agrees and charge.state == "objected")
        net, tax = self._fits(bill, charge)
        if self._do(
            "billing",
            lambda actor: charging.answer_charge(
                actor=actor, key=key(), charge_ref=charge.ref, agrees=agrees, reason="It was ours."
            ),
            allowed=waits and (self._has_room(bill, charge) or not agrees),
        ):
            charge.state = "standing" if agrees else "objected"
            if agrees:
                self.paper.take(bill, net + tax)
                charge.gross = net + tax

    @precondition(lambda self: self._charges())
    @rule(pick=PICK)
    def withdraw_charge(self, pick: int) -> None:
        """What it took is owed again, all of it open."""
        bill, charge = self._charges()[pick % len(self._charges())]
        if self._do(
            "approver",
            lambda actor: charging.withdraw_charge(
                actor=actor, key=key(), charge_ref=charge.ref, reason="It was somebody else."
            ),
            allowed=charge.state not in ("withdrawn", "waived"),
        ):
            self._end_charge(bill, charge)

    def _has_room(self, bill: Bill, charge: ChargedBack) -> bool:
        return self._fits(bill, charge)[0] > ZERO and (not bill.defects_withhold or bill.open > ZERO)

    def _fits(self, bill: Bill, charge: ChargedBack) -> tuple[Decimal, Decimal]:
        """So much of it, net and tax, as there is room for."""
        rate = charge.rate / 100
        room, net = self.paper.room(bill), charge.asked
        if net + cents(net * rate) > room:
            net = (room / (1 + rate)).quantize(Decimal("0.01"), "ROUND_DOWN")
        while net > ZERO and net + cents(net * rate) > room:
            net -= Decimal("0.01")
        return net, cents(net * rate)

    def _billed(self) -> list[Part]:
        return [one for one in self.paper.parts if one.state == "accepted"]

    def _charges(self) -> list[tuple[Bill, ChargedBack]]:
        return [(bill, charge) for bill in self.paper.bills for charge in bill.charges]
