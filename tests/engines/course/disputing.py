"""Disputes about what was submitted and what was billed: raised, answered, settled by both, or let go."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.invoicing.rules import Share
from apps.workflows import disputing
from apps.workflows.once import Answer
from tests.engines.course.late import NotOwed
from tests.engines.course.plain import ZERO, Argument, Bill, Defect, Part, cents
from tests.engines.course.refunding import Refunding
from tests.engines.course.stage import PICK, SHARES, SIDES
from tests.scenarios import key

PERSON = {"seller": "seller", "buyer": "approver"}
About = Part | Bill | Defect
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
        # What would return to a deposit is not owed of this bill.
        can = can and not bill.returns(net)
        answer = self._do(PERSON[side], run, allowed=can)
        if answer:
            bill.argument = Argument(answer["dispute"], side, net, gross, since=self.today)

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
            allowed=(outcome != "partly_upheld" or ZERO < falls < argument.amount)
            # Of a defect what there is room for is asked when the other side agrees.
            and (isinstance(about, Defect) or self._may_fall(about, falls)),
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
            allowed=side != argument.proposed_by
            and self._may_fall(about, argument.upheld)
            and (not isinstance(about, Bill) or not argument.upheld or self._may_lower(about)),
        ):
            self._over(about, argument, upheld=argument.upheld)
            if isinstance(about, Bill) and argument.upheld:
                self.paper.credit(about, argument.upheld)
            elif isinstance(about, Defect) and argument.upheld:
                self._reduce(self._bill_of(about), about, argument.upheld)
            elif isinstance(about, Defect):
                self._bill_of(about).let_go(about, on=self.today)

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

    def _arguments(self) -> list[tuple[About, Argument]]:
        of_parts: list[tuple[About, Argument]] = [(one, said) for one in self.paper.parts for said in one.arguments]
        of_defects = [(one, one.argument) for _bill, one in self._listed() if one.argument is not None]
        of_bills = [(one, one.argument) for one in self.paper.bills if one.argument is not None]
        return [*of_parts, *of_bills, *of_defects]

    def _may_fall(self, about: About, net: Decimal) -> bool:
        """Whether so much can be agreed to be not owed: of what is submitted anything, of a bill what is creditable."""
        if isinstance(about, Defect):
            return not net or self._may_reduce(about, net)
        return isinstance(about, Part) or not net or (self._may_credit(about, net) and not about.returns(net))

    def _may_credit(self, bill: Bill, net: Decimal, *, is_withdrawn: bool = False) -> bool:
        """Whether a credit note of so much can be issued."""
        if bill.kind == "release" or not 0 < net <= bill.left:
            return False
        fits = bill.gross_of_credit(net, is_withdrawn=is_withdrawn) <= self.paper.room(bill)
        return fits and (not bill.defects_withhold or bill.open > 0)

    def _over(self, about: About, argument: Argument, *, upheld: Decimal = ZERO) -> None:
        if about.argument is not argument:
            assert isinstance(about, Part)
            about.older.remove(argument)
            return
        about.argument = None
        if isinstance(about, Bill):
            off = about.gross_of_credit(upheld)
            about.not_owed.append(NotOwed(argument.gross - off, since=argument.since, until=self.today))
        if isinstance(about, Part):
            if about.review is not None and upheld:
                about.review.was_upheld = True
            self._go_on(about)
