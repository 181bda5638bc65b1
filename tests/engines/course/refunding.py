"""Money that settles nothing goes back to its payer: asked for, paid out, given up, or come back."""

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.workflows import refunding
from tests.engines.course.paying import Paying
from tests.engines.course.plain import ZERO, GoneBack, cents
from tests.engines.course.stage import MOSTLY, PICK
from tests.scenarios import key


class Refunding(Paying):
    """What is asked back settles nothing else; what is paid back is gone."""

    @precondition(lambda self: self.paper.payments)
    @rule(pick=PICK, share=st.sampled_from([Decimal("0.4"), Decimal(1), Decimal("1.2")]))
    def ask_refund(self, pick: int, share: Decimal) -> None:
        free = [one for one in self.paper.payments if one.unapplied > ZERO and not one.is_reversed]
        payment = self._one(free if free and pick < MOSTLY else self.paper.payments, pick)
        if payment is None:
            return
        amount = cents(payment.unapplied * share)
        answer = self._do(
            "billing",
            lambda actor: refunding.ask_refund(
                actor=actor, key=key(), payment_ref=payment.ref, reason="Paid twice.", amount=amount
            ),
            allowed=not payment.is_reversed
            and not payment.is_collected
            and ZERO < amount <= payment.unapplied
            and not any(one.state == "asked" for one in payment.refunds),
        )
        if answer:
            payment.refunds.append(GoneBack(answer["refund"], amount))

    @precondition(lambda self: self._refunds())
    @rule(pick=PICK)
    def pay_refund(self, pick: int) -> None:
        refund = self._refunds()[pick % len(self._refunds())]
        if self._do(
            "billing",
            lambda actor: refunding.pay_refund(
                actor=actor,
                key=key(),
                refund_ref=refund.ref,
                paid_on=self.today,
                bank_reference=self._reference(),
            ),
            allowed=refund.state == "asked",
        ):
            refund.state = "paid"

    @precondition(lambda self: self._refunds())
    @rule(pick=PICK)
    def give_up_refund(self, pick: int) -> None:
        """Before it is paid it is withdrawn; what was paid may come back."""
        refund = self._refunds()[pick % len(self._refunds())]
        act = refunding.return_refund if refund.state == "paid" else refunding.withdraw_refund
        if self._do(
            "billing",
            lambda actor: act(actor=actor, key=key(), refund_ref=refund.ref, reason="The account is closed."),
            allowed=refund.is_held,
        ):
            refund.state = "over"

    def _refunds(self) -> list[GoneBack]:
        return [refund for payment in self.paper.payments for refund in payment.refunds]
