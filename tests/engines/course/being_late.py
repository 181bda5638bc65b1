"""Claims for late payment: interest and fees that have run are asked for by a bill of their own."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.contracts.models import Contract
from apps.invoicing.models import LateClaim
from apps.invoicing.services import late_claims
from apps.workflows import late_payment
from apps.workflows.once import Answer
from tests.engines.course.ending import Ending
from tests.engines.course.plain import ZERO, Bill
from tests.scenarios import key


class BeingLate(Ending):
    """The seller claims by hand, all bills of the contract at once."""

    @precondition(lambda self: self.paper.bills)
    @rule(by=st.sampled_from(["billing", "billing", "delivery"]))
    def claim_late_payment(self, by: str) -> None:
        found = {
            bill.ref: (bill, *bill.late(self.paper.payments, today=self.today))
            for bill in self.paper.bills
            if bill.kind != "late" and bill.terms.is_late_agreed
        }
        late = {ref: (interest, fee) for ref, (_bill, interest, fee) in found.items() if interest or fee}

        def run(actor: Any) -> Answer:
            fresh = Contract.objects.select_related("seller").get(pk=self.contract.pk)
            seen = late_claims.seen_of(late_claims.late_of(fresh, today=self.today))
            return late_payment.claim_late_payment(actor=actor, key=key(), contract_ref=fresh.ref, seen=seen)

        answer = self._do(by, run, allowed=by == "billing" and bool(late))
        if not answer:
            return
        rows = LateClaim.objects.filter(claim__ref=answer["claim"])
        said = self._read(lambda: {ref: rest for ref, *rest in rows.values_list("invoice__ref", "interest", "fee")})
        assert {ref: tuple(rest) for ref, rest in said.items()} == late, (said, late)
        amount = sum((interest + fee for interest, fee in late.values()), ZERO)
        claim = Bill(answer["claim"], amount, ZERO, kind="late")
        self.paper.bills.append(claim.issued(self.paper.terms, on=self.today))
        for ref, (_interest, fee) in late.items():
            bill = found[ref][0]
            bill.claimed_until, bill.has_fee = self.today, bill.has_fee or bool(fee)
