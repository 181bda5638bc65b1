"""Disputes about what was submitted and what was billed: raised, answered, settled by both, or let go."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.invoicing.rules import Share
from apps.workflows import disputing
from apps.workflows.once import Answer
from tests.engines.course.plain import ZERO, Argument, Bill, Part, cents
from tests.engines.course.refunding import Refunding
from tests.engines.course.stage import PICK, SHARES, SIDES
from tests.scenarios import key

PERSON = {"seller": "seller", "buyer": "approver"}
OUTCOMES = st.sampled_from(["upheld", "partly_upheld", "rejected"])


class Disputing(Refunding):
    """One argument about one amount, ended by both sides."""

    @rule(pick=PICK, share=SHARES, side=SIDES)
    def dispute_submission(self, pick: int, share: Decimal, side: str) -> None:
        part = self._part(pick, "submitted", "changes_requested")
        if part is None or (submission := self._submission(part)) is None:
            return
        amount = cents(part.amount * share)
        about = "changes_requested" if submission.state == "changes_requested" else "submitted"
        answer = self._do(
            PERSON[side],
            lambda actor: disputing.dispute_submission(
                actor=actor,
                key=key(),
                submission_ref=submission.ref,
                amount=amount,
                reason="It loses rows.",
                answer_days=14,
            ),
            allowed=part.state == about and not self._is_too_late(part) and part.argument is None and amount > 0,
        )
        if answer:
            self._stand_still(part)
            part.argument = Argument(answer["dispute"], side, amount)

    @precondition(lambda self: self.paper.bills)
    @rule(pick=PICK, share=SHARES, side=SIDES)
    def dispute_bill(self, pick: int, share: Decimal, side: str) -> None:
        if (bill := self._bill(pick)) is None:
            return
        net = cents(bill.left * share)
        gross = bill.gross_of_credit(net)

        def run(actor: Any) -> Answer:
            return disputing.dispute_invoice(
                actor=actor,
                key=key(),
                invoice_ref=bill.ref,
                share=Share(amount=net),
                reason="Not as ordered.",
                answer_days=14,
            )

        can = bill.kind != "release" and bill.argument is None and net > 0 and gross <= bill.open
        answer = self._do(PERSON[side], run, allowed=can)
        if answer:
            bill.argument = Argument(answer["dispute"], side, net, gross)

    @precondition(lambda self: self._arguments())
    @rule(pick=PICK, side=SIDES)
    def answer(self, pick: int, side: str) -> None:
        _about, argument = self._arguments()[pick % len(self._arguments())]
        self._do(
            PERSON[side],
            lambda actor: disputing.answer_dispute(actor=actor, key=key(), dispute_ref=argument.ref, text="No."),
            allowed=True,
        )

    @precondition(lambda self: self._arguments())
    @rule(pick=PICK, side=SIDES, outcome=OUTCOMES)
    def propose_outcome(self, pick: int, side: str, outcome: str) -> None:
        about, argument = self._arguments()[pick % len(self._arguments())]
        amount = cents(argument.amount / 2) if outcome == "partly_upheld" else None
        falls = {"upheld": argument.amount, "rejected": ZERO}.get(outcome, amount or ZERO)
        answer = self._do(
            PERSON[side],
            lambda actor: disputing.propose_outcome(
                actor=actor, key=key(), dispute_ref=argument.ref, outcome=outcome, amount=amount, note="So be it."
            ),
            allowed=(outcome != "partly_upheld" or ZERO < falls < argument.amount) and self._may_fall(about, falls),
        )
        if answer:
            argument.proposed_by, argument.outcome, argument.upheld = side, outcome, falls
            self.proposals[argument] = answer["proposal"]

    @precondition(lambda self: self._arguments())
    @rule(pick=PICK, side=SIDES)
    def agree(self, pick: int, side: str) -> None:
        proposed = [one for one in self._arguments() if one[1].proposed_by]
        if not proposed:
            return
        about, argument = proposed[pick % len(proposed)]
        if self._do(
            PERSON[side],
            lambda actor: disputing.agree_outcome(actor=actor, key=key(), proposal_ref=self.proposals[argument]),
            allowed=side != argument.proposed_by and self._may_fall(about, argument.upheld),
        ):
            self._over(about, argument, upheld=argument.upheld)
            if isinstance(about, Bill) and argument.upheld:
                self.paper.credit(about, argument.upheld)

    @precondition(lambda self: self._arguments())
    @rule(pick=PICK, side=SIDES)
    def let_go(self, pick: int, side: str) -> None:
        about, argument = self._arguments()[pick % len(self._arguments())]
        if self._do(
            PERSON[side],
            lambda actor: disputing.withdraw_dispute(actor=actor, key=key(), dispute_ref=argument.ref),
            allowed=side == argument.by,
        ):
            self._over(about, argument)

    def _arguments(self) -> list[tuple[Part | Bill, Argument]]:
        of_parts: list[tuple[Part | Bill, Argument]] = [
            (one, said) for one in self.paper.parts for said in one.arguments
        ]
        return of_parts + [(one, one.argument) for one in self.paper.bills if one.argument is not None]

    def _may_fall(self, about: Part | Bill, net: Decimal) -> bool:
        """Whether so much can be agreed to be not owed: of what is submitted anything, of a bill what is creditable."""
        return isinstance(about, Part) or not net or self._may_credit(about, net)

    def _may_credit(self, bill: Bill, net: Decimal) -> bool:
        """Whether a credit note of so much can be issued."""
        if bill.kind == "release" or not 0 < net <= bill.left:
            return False
        return bill.gross_of_credit(net) <= self.paper.room(bill) and (not bill.defects_withhold or bill.open > 0)

    def _over(self, about: Part | Bill, argument: Argument, *, upheld: Decimal = ZERO) -> None:
        if about.argument is not argument:
            assert isinstance(about, Part)
            about.older.remove(argument)
            return
        about.argument = None
        if isinstance(about, Part):
            if about.review is not None and upheld:
                about.review.was_upheld = True
            self._go_on(about)
