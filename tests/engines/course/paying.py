"""Money: in parts, too much, taken back, and used for another bill."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.workflows import billing, crediting
from apps.workflows.once import Answer
from tests.engines.course.plain import ZERO, Money, cents
from tests.engines.course.reviewing import Reviewing
from tests.engines.course.stage import PICK
from tests.scenarios import key

PAID = st.sampled_from([Decimal("0.25"), Decimal("0.3333"), Decimal(1), Decimal("1.5")])


class Paying(Reviewing):
    """What the buyer pays, as the seller's billing records it."""

    @precondition(lambda self: self.paper.bills)
    @rule(pick=PICK, share=PAID)
    def pay(self, pick: int, share: Decimal) -> None:
        if (bill := self._bill(pick)) is None:
            return
        amount = max(cents(bill.gross * share), Decimal("0.01"))
        answer = self._do(
            "billing",
            lambda actor: billing.record_payment(
                actor=actor,
                key=key(),
                invoice_ref=bill.ref,
                amount=amount,
                received_on=self.today,
                bank_reference=self._reference(),
            ),
            allowed=bill.open > 0 and self._is_sellers(bill),
        )
        if answer:
            settled = min(amount, bill.open)
            self.paper.payments.append(Money(answer["payment"], amount, [(bill, settled, self.today)]))
            bill.paid += settled

    @precondition(lambda self: self.paper.payments)
    @rule(pick=PICK)
    def take_payment_back(self, pick: int) -> None:
        if (payment := self._one(self.paper.payments, pick)) is None:
            return
        if self._do(
            "billing",
            lambda actor: billing.reverse_payment(
                actor=actor, key=key(), payment_ref=payment.ref, reason="Recorded by mistake."
            ),
            allowed=not payment.is_reversed
            and not payment.is_collected
            and not any(one.is_held for one in payment.refunds),
        ):
            for bill, amount, on in payment.settles:
                bill.paid -= amount
                if amount > 0 and bill.released_on is not None and on < bill.released_on:
                    # What it had settled before is owed again since the day that was agreed.
                    bill.as_issued()
            payment.is_reversed, payment.settles = True, []

    @precondition(lambda self: self.paper.payments)
    @rule(pick=PICK, other=PICK)
    def use_for_another(self, pick: int, other: int) -> None:
        free = [one for one in self.paper.payments if one.unapplied and not one.is_reversed]
        payment, bill = self._one(free, pick) or self._one(self.paper.payments, pick), self._bill(other)
        if payment is None or bill is None:
            return

        def run(actor: Any) -> Answer:
            return crediting.allocate_payment(actor=actor, key=key(), payment_ref=payment.ref, invoice_ref=bill.ref)

        was_used = any(one is bill for one, _amount, _on in payment.settles)
        is_theirs = not payment.is_collected and self._is_sellers(bill)
        if self._do(
            "billing",
            run,
            allowed=is_theirs
            and not payment.is_reversed
            and payment.unapplied > ZERO
            and bill.open > ZERO
            and not was_used,
        ):
            amount = min(payment.unapplied, bill.open)
            payment.settles.append((bill, amount, self.today))
            bill.paid += amount
