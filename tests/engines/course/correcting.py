"""Credit notes, corrected invoices, and acceptances that both sides withdraw."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.invoicing import services as invoicing
from apps.invoicing.rules import OfLine, Share
from apps.invoicing.services import correcting as corrections
from apps.invoicing.services import reissuing
from apps.workflows import correcting, crediting
from apps.workflows.once import Answer
from tests.engines.course.disputing import Disputing
from tests.engines.course.late import NotOwed
from tests.engines.course.plain import ZERO, Bill, ChargedBack, Part, cents
from tests.engines.course.stage import PICK, SHARES, SIDES
from tests.scenarios import key

PERSON = {"seller": "billing", "buyer": "approver"}


class Correcting(Disputing):
    """What was billed is not changed; it is credited, or said anew without a change of money."""

    @precondition(lambda self: self.paper.bills)
    @rule(pick=PICK, share=SHARES, how=st.sampled_from(["amount", "line", "rest"]))
    def credit(self, pick: int, share: Decimal, how: str) -> None:
        if (bill := self._bill(pick)) is None:
            return
        net = bill.left if how == "rest" else cents(bill.left * share)

        def run(actor: Any) -> Answer:
            wanted = Share(amount=net)
            if how != "amount":
                wanted = Share(lines=(OfLine(1, net),)) if how == "line" else Share()
            seen = invoicing.preview_credit(invoice_ref=bill.ref, share=wanted).sha256
            return crediting.credit_invoice(
                actor=actor, key=key(), invoice_ref=bill.ref, share=wanted, reason="Agreed.", seen=seen
            )

        of_lines = [net, *(ZERO for _one in bill.lines[1:])] if bill.lines and how == "line" else None
        can = self._may_credit(bill, net) and self._may_lower(bill) and (of_lines is None or net <= bill.lines[0].left)
        if self._do("billing", run, allowed=can):
            self.paper.credit(bill, net, of_lines=of_lines)
            self.paper.return_excess()

    @precondition(lambda self: self.paper.bills)
    @rule(pick=PICK, house=st.integers(1, 3))
    def correct_words(self, pick: int, house: int) -> None:
        """The paper, which knows of money only, stays as it is."""
        if (bill := self._bill(pick)) is None:
            return
        street = f"Hafenweg {house}"

        def run(actor: Any) -> Answer:
            right = replace(corrections.words_that_stand(invoice_ref=bill.ref), street=street)
            seen = corrections.preview_correction(invoice_ref=bill.ref, right=right).sha256
            return correcting.correct_invoice(
                actor=actor, key=key(), invoice_ref=bill.ref, right=right, reason="They moved.", seen=seen
            )

        if self._do("billing", run, allowed=bill.kind != "release" and bill.left > ZERO and street != bill.street):
            bill.street = street

    @precondition(lambda self: self.paper.bills)
    @rule(pick=PICK)
    def issue_anew(self, pick: int) -> None:
        """The bill of a milestone that nothing else is bound to; what was paid on it settles the new one."""
        if (bill := self._bill(pick)) is None:
            return

        def run(actor: Any) -> Answer:
            seen = reissuing.preview_reissue(invoice_ref=bill.ref).sha256
            return crediting.reissue_invoice(
                actor=actor, key=key(), invoice_ref=bill.ref, reason="Another account.", seen=seen
            )

        part = next((one for one in self.paper.parts if one.bill is bill), None)
        answer = self._do("billing", run, allowed=part is not None and self._may_issue_anew(bill))
        if answer and part is not None:
            self.paper.issue_anew(part, ref=answer["invoice"], on=self.today)

    def _may_issue_anew(self, bill: Bill) -> bool:
        is_bound = bill.was_credited or bill.argument is not None or bill.defects_withhold or bill.asked_for
        return self.paper.state != "terminated" and bill.kind == "milestone" and not is_bound and self._is_sellers(bill)

    @precondition(lambda self: self.paper.bills)
    @rule(pick=PICK, share=SHARES, side=SIDES)
    def ask_to_withdraw(self, pick: int, share: Decimal, side: str) -> None:
        part = self._part(pick, "accepted")
        if part is None:
            return
        net = cents(part.bill.left * share) if part.bill is not None else Decimal(1)
        milestone = self._milestone(part)
        can = part.state == "accepted" and part.request is None and self.paper.state != "terminated"
        answer = self._do(
            PERSON[side],
            lambda actor: crediting.ask_nullification(
                actor=actor, key=key(), milestone_ref=milestone.ref, share=Share(amount=net), reason="It loses rows."
            ),
            allowed=can and part.bill is not None and self._may_take_back(part.bill, net),
        )
        if answer:
            part.request = (answer["nullification"], side, net)

    @precondition(lambda self: self._requests())
    @rule(pick=PICK, side=SIDES)
    def grant_withdrawal(self, pick: int, side: str) -> None:
        part = self._requests()[pick % len(self._requests())]
        assert part.request is not None
        assert part.bill is not None
        ref, by, net = part.request
        if self._do(
            PERSON[side],
            lambda actor: crediting.grant_nullification(actor=actor, key=key(), nullification_ref=ref),
            allowed=side != by
            and self.paper.state != "terminated"
            and self._may_take_back(part.bill, net)
            and self._may_lower(part.bill),
        ):
            part.request = None
            for charge in part.bill.charges:
                self._end_charge(part.bill, charge)
            if part.bonus is not None and part.bonus.left:
                self.paper.credit(part.bonus, part.bonus.left)
            part.bonus = None
            self.paper.withdraw(part, net)
            self.paper.reopen()

    @precondition(lambda self: self._requests())
    @rule(pick=PICK, side=SIDES)
    def answer_request(self, pick: int, side: str) -> None:
        """The other side declines it; the same side takes it back."""
        part = self._requests()[pick % len(self._requests())]
        assert part.request is not None
        ref, by, _net = part.request

        def run(actor: Any) -> Answer:
            if side == by:
                return crediting.withdraw_nullification(actor=actor, key=key(), nullification_ref=ref)
            return crediting.decline_nullification(actor=actor, key=key(), nullification_ref=ref, reason="It works.")

        if self._do(PERSON[side], run, allowed=self.paper.state != "terminated"):
            part.request = None

    def _may_take_back(self, bill: Bill, net: Decimal) -> bool:
        """What was charged back ends with the acceptance, and is owed again before the bill is credited."""
        if bill.defects_withhold and not bill.open:
            return False
        gross = bill.gross_of_credit(net, is_withdrawn=True)
        return 0 < net <= bill.left and gross - bill.charged <= self.paper.room(bill)

    def _end_charge(self, bill: Bill, charge: ChargedBack) -> None:
        """What it had taken is owed again, and counts as late from now on; what was waived stays so."""
        if charge.state in ("withdrawn", "waived"):
            return
        bill.not_owed.append(NotOwed(charge.gross, until=self.today))
        charge.withdraw()

    def _requests(self) -> list[Part]:
        return [one for one in self.paper.parts if one.request is not None]

    def _taken(self, parts: list[Part], too_much: Decimal) -> list[tuple[Part, Decimal]]:
        """Which accepted parts a lower amount takes back, the newest first, and how much of each."""
        found = []
        for part in reversed(parts):
            amount = min(part.counts, too_much)
            if amount > ZERO:
                found.append((part, amount))
            too_much -= amount
        return found
