"""Money ahead: asked for, priced, accepted, told to the buyer, paid out, repaid; before an acceptance or after it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.core.database import walls
from apps.financing.models import Assignment, Collection, Facility, Offer
from apps.financing.rules import LineTerms, OfferTerms
from apps.workflows import funding, underwriting
from tests.engines.course.advance import (
    BEFORE,
    BOUGHT,
    LEAST_DAYS,
    LONGEST,
    NOT_HELD,
    OFFERED,
    OUT,
    USUAL,
    Advance,
    Price,
    share_of,
)
from tests.engines.course.life import Course
from tests.engines.course.paying import PAID
from tests.engines.course.plain import ZERO, Bill, Money, Part, cents
from tests.engines.course.stage import MOSTLY, PICK
from tests.scenarios import key

LIMIT, LIMIT_BEFORE = Decimal(30_000), Decimal(13_500)
"""Less than all of the contract comes to, and of that less than two of its milestones in the usual share."""
REPURCHASE = timedelta(days=45)
YEARLY: Final = {True: Decimal(18), False: Decimal(12)}
FEE: Final = Decimal("0.5")


class Advancing(Course):
    """What seller, buyer and financier do about an advance, one part of the contract each."""

    facility: Facility
    advances: list[Advance]
    charged: list[tuple[date, Decimal]]
    """What became owed back, and when."""
    repaid: Decimal
    limits: ClassVar[tuple[Decimal, Decimal]] = (LIMIT, LIMIT_BEFORE)

    @rule(pick=PICK)
    def request_funding(self, pick: int) -> None:
        if (part := self._one(self.paper.parts, pick)) is None:
            return
        face, milestone = self._comes_to(part), self._milestone(part)
        is_before = part.bill is None
        usual = share_of(face, BEFORE if is_before else USUAL)
        answer = self._do(
            "billing",
            lambda actor: funding.request_funding(
                actor=actor, key=key(), milestone_refs=[milestone.ref], facility_ref=self.facility.ref
            ),
            allowed=all(one.state in NOT_HELD for one in self.advances if one.part is part)
            and self._is_eligible(part, face)
            and self._is_undisputed(part)
            and self._has_headroom(usual, before=usual if is_before else ZERO),
        )
        if answer:
            if not self.advances:
                self._verify_buyer()
            self.advances.append(Advance(part, face, {"request": answer["request"]}))

    def _verify_buyer(self) -> None:
        """The financier looks at a buyer once it is asked for money on what that one owes."""
        signatory = self.parties.people["approver"].user.email
        self._do(
            "underwriter",
            lambda actor: underwriting.verify_buyer(
                actor=actor,
                key=key(),
                buyer_ref=self.parties.buyer.ref,
                checked="Register extract.",
                signatory=signatory,
            ),
            allowed=True,
        )

    @precondition(lambda self: self._some(*OFFERED))
    @rule(pick=PICK, percent=st.sampled_from([40, 70, 85, 90]), days=st.sampled_from([10, 40, 90, 90, 200]))
    def price(self, pick: int, percent: int = 50, days: int = 90) -> None:
        if (advance := self._advance(pick, "asked")) is None:
            return
        part, is_before = advance.part, advance.part.bill is None
        price = Price(
            Decimal(percent),
            YEARLY[is_before],
            FEE,
            self.today + timedelta(days=days),
            max(days, LEAST_DAYS),
            is_before,
        )
        line = LineTerms(
            advance_rate=price.percent, annual_rate=price.yearly, fee_rate=FEE, expected_on=price.expected_on
        )
        terms = OfferTerms(funding_on=self.today, valid_days=10, lines=(line,))
        gross = share_of(advance.face, price.percent)
        answer = self._do(
            "analyst",
            lambda actor: funding.price_offer(actor=actor, key=key(), request_ref=advance.refs["request"], terms=terms),
            allowed=self._may_price(advance)
            and self._is_eligible(part, advance.face)
            and (days <= LONGEST or not is_before)
            and gross > ZERO
            and self._has_headroom(gross, before=gross if is_before else ZERO),
        )
        if answer:
            advance.offer(price, today=self.today)
            advance.refs["offer"] = answer["offer"]

    def _may_price(self, advance: Advance) -> bool:
        """What was not answered in time is priced anew."""
        was_offered = advance.state in ("priced", "issued")
        return advance.state == "asked" or (was_offered and self.today > advance.good_until)

    @precondition(lambda self: self._some("priced", "issued"))
    @rule(pick=PICK)
    def approve(self, pick: int) -> None:
        if (advance := self._advance(pick, "priced")) is None or "offer" not in advance.refs:
            return
        is_before = advance.part.bill is None
        if self._do(
            "underwriter",
            lambda actor: funding.approve_offer(actor=actor, key=key(), offer_ref=advance.refs["offer"]),
            allowed=advance.state == "priced"
            and self.today <= advance.good_until
            and self._is_eligible(advance.part, advance.face)
            and (advance.terms.days <= LONGEST or not is_before)
            and self._is_undisputed(advance.part)
            and self._has_headroom(advance.gross)
            and not self._is_behind(),
        ):
            advance.state = "issued"

    @precondition(lambda self: self._some("priced", "issued"))
    @rule(pick=PICK, by=st.sampled_from(["billing", "analyst"]))
    def end_offer(self, pick: int, by: str) -> None:
        """The seller declines it, or the financier revokes it; then it can be priced anew."""
        if (advance := self._advance(pick, "issued", "priced")) is None or "offer" not in advance.refs:
            return
        act = funding.decline_offer if by == "billing" else funding.revoke_offer
        if self._do(
            by,
            lambda actor: act(actor=actor, key=key(), offer_ref=advance.refs["offer"]),
            allowed=advance.state == "issued" or (advance.state == "priced" and by == "analyst"),
        ):
            advance.state = "asked"

    @precondition(lambda self: self._some(*OFFERED))
    @rule(pick=PICK)
    def withdraw_request(self, pick: int) -> None:
        if (advance := self._advance(pick, *OFFERED)) is None or "request" not in advance.refs:
            return
        if self._do(
            "billing",
            lambda actor: funding.withdraw_request(actor=actor, key=key(), request_ref=advance.refs["request"]),
            allowed=advance.state in OFFERED,
        ):
            advance.state = "withdrawn"

    @precondition(lambda self: self._some("priced", "issued"))
    @rule(pick=PICK)
    def accept_offer(self, pick: int) -> None:
        if (advance := self._advance(pick, "issued")) is None or "offer" not in advance.refs:
            return
        with walls.asking_for(self.parties.financier.pk):
            offer = Offer.objects.get(ref=advance.refs["offer"])
        part, is_before = advance.part, advance.terms.is_before
        answer = self._do(
            "billing",
            lambda actor: funding.accept_offer(
                actor=actor, key=key(), offer_ref=offer.ref, seen=offer.disclosure_sha256
            ),
            allowed=advance.state == "issued"
            and self.today <= advance.good_until
            and self._is_eligible(part, advance.face)
            and is_before == (part.bill is None)
            and self._is_undisputed(part)
            and self._has_headroom(advance.gross, before=advance.gross if is_before else ZERO),
        )
        if answer:
            advance.state, advance.refs["tranche"] = "accepted", answer["tranche"]

    @precondition(lambda self: self._some("accepted"))
    @rule(pick=PICK, waived=st.booleans())
    def notify(self, pick: int, waived: bool = False) -> None:
        """The buyer acknowledges whom it pays, or a second person of the financier goes without."""
        if (advance := self._advance(pick, "accepted")) is None or advance.state != "accepted":
            return
        with walls.asking_for(self.parties.financier.pk):
            notice = Assignment.objects.get(tranche__ref=advance.refs["tranche"])
        if waived:
            done = self._do(
                "underwriter",
                lambda actor: funding.waive_notice(actor=actor, key=key(), assignment_ref=notice.ref, reason="Known."),
                allowed=not advance.is_told,
            )
            advance.is_waived = advance.is_waived or bool(done)
        elif self._do(
            "payables",
            lambda actor: funding.acknowledge_assignment(
                actor=actor, key=key(), assignment_ref=notice.ref, seen=notice.notice_sha256
            ),
            allowed=not advance.is_acknowledged,
        ):
            advance.is_acknowledged = True

    @precondition(lambda self: self._some("accepted"))
    @rule(pick=PICK, by=st.sampled_from(["treasury", "billing"]))
    def cancel(self, pick: int, by: str) -> None:
        """Either side, and the seller only until the buyer was told."""
        if (advance := self._advance(pick, "accepted")) is None or "tranche" not in advance.refs:
            return
        if self._do(
            by,
            lambda actor: funding.cancel_tranche(
                actor=actor, key=key(), tranche_ref=advance.refs["tranche"], reason="Not needed."
            ),
            allowed=advance.state == "accepted" and (by == "treasury" or not advance.is_told),
        ):
            advance.state = "cancelled"

    @precondition(lambda self: self._some("accepted"))
    @rule(pick=PICK)
    def fund(self, pick: int) -> None:
        if (advance := self._advance(pick, "accepted")) is None or "tranche" not in advance.refs:
            return
        part = advance.part
        before = advance.gross if part.bill is None else ZERO
        if self._do(
            "treasury",
            lambda actor: funding.fund_tranche(
                actor=actor,
                key=key(),
                tranche_ref=advance.refs["tranche"],
                value_on=self.today,
                bank_reference=self._reference(),
            ),
            allowed=advance.state == "accepted"
            and advance.is_told
            and part.state != "changes_requested"
            and self.today < advance.expected_on
            and self._out() + advance.gross <= self.limits[0]
            and self._out("funded_pre") + before <= self.limits[1]
            and self._is_undisputed(part),
        ):
            advance.pay_out(part.bill, today=self.today)

    @precondition(lambda self: self._some("accepted", *BOUGHT, "recourse_due", "written_off"))
    @rule(pick=PICK, share=PAID)
    def collect(self, pick: int, share: Decimal) -> None:
        """The buyer pays the financier: in parts, in full, or too much."""
        if (advance := self._advance(pick, "accepted", *BOUGHT, "recourse_due", "written_off")) is None:
            return
        bill = advance.part.bill
        if "tranche" not in advance.refs:
            return
        amount = max(cents(advance.face * share), Decimal("0.01"))
        answer = self._do(
            "treasury",
            lambda actor: funding.collect_payment(
                actor=actor,
                key=key(),
                tranche_ref=advance.refs["tranche"],
                amount=amount,
                received_on=self.today,
                bank_reference=self._reference(),
            ),
            allowed=advance.is_assigned and bill is not None and bill.open > ZERO,
        )
        if not answer or bill is None:
            return
        was_payable = advance.payable
        settled, kept, surplus = advance.collect(amount, open_=bill.open, today=self.today)
        with walls.asking_for(self.parties.financier.pk):
            found = Collection.objects.get(ref=answer["collection"])
        shared = (found.to_receivable, found.to_advance + found.recovered, found.to_buyer)
        assert shared == (settled, kept, surplus), (shared, settled, kept, surplus)
        released = found.to_seller + found.rebate
        assert released == advance.payable - was_payable, (released, advance.payable, was_payable)
        self.paper.payments.append(
            Money(answer["payment"], amount, [(bill, settled, self.today)], is_collected=True),
        )
        bill.paid += settled

    @precondition(lambda self: any(one.payable for one in self.advances))
    @rule(pick=PICK)
    def pay_reserve(self, pick: int) -> None:
        """What is released goes to the seller."""
        due = [one for one in self.advances if one.payable]
        if (advance := self._one(due, pick) if pick < MOSTLY else self._advance(pick)) is None:
            return
        if "tranche" in advance.refs and self._do(
            "treasury",
            lambda actor: funding.pay_reserve(
                actor=actor,
                key=key(),
                tranche_ref=advance.refs["tranche"],
                value_on=self.today,
                bank_reference=self._reference(),
            ),
            allowed=advance.payable > ZERO and self._is_undisputed(advance.part),
        ):
            advance.payable = ZERO

    # --- what is asked of the paper ------------------------------------------------------------------------------

    def _advance(self, pick: int, *states: str) -> Advance | None:
        """One of those in these states; now and then, or where there is none, any."""
        self._bear_credits()
        wanted = [one for one in self.advances if one.state in states]
        return self._one(wanted if wanted and pick < MOSTLY else self.advances, pick)

    def _some(self, *states: str) -> bool:
        return any(one.state in states for one in self.advances)

    def _on(self, part: Part | None) -> Advance | None:
        """The advance for which a part is assigned, if there is one."""
        return next((one for one in self.advances if one.part is part and one.is_assigned), None)

    def _comes_to(self, part: Part) -> Decimal:
        return (part.bill or Bill("", part.amount, self.paper.taxed(part.position))).gross

    def _is_eligible(self, part: Part, face: Decimal) -> bool:
        """Measurable as it was asked for, or a whole bill that is not past due."""
        bill = part.bill
        if bill is None:
            return part.state != "cancelled" and self._comes_to(part) == face
        return bill.gross == face == bill.open and self.today <= bill.due_on

    def _is_undisputed(self, part: Part) -> bool:
        return not part.arguments and (part.bill is None or part.bill.argument is None)

    def _is_behind(self) -> bool:
        """Whether the seller has owed something back for too long."""
        long_ago = sum((amount for on, amount in self.charged if on < self.today - REPURCHASE), ZERO)
        return long_ago > self.repaid

    def _out(self, *states: str) -> Decimal:
        return sum((one.outstanding for one in self.advances if one.state in (states or (*OUT, "defaulted"))), ZERO)

    def _has_headroom(self, advance: Decimal, *, before: Decimal = ZERO) -> bool:
        """Whether limit and sub-limit have room beside what is out and what is promised."""
        self._bear_credits()
        promised = [one for one in self.advances if one.state == "accepted"]
        all_ = self._out() + sum((one.gross for one in promised), ZERO)
        ahead = [one.gross for one in promised if one.part.state != "accepted"]
        all_before = self._out("funded_pre") + sum(ahead, ZERO)
        most, most_before = self.limits
        return advance <= most - all_ and (not before or before <= most_before - all_before)

    def _bear_credits(self) -> None:
        """What was bought and is owed less by now."""
        for advance in self.advances:
            bill = advance.part.bill
            if advance.state in BOUGHT and bill is not None and bill.open < advance.receivable:
                self._owe(advance.dilute(advance.receivable - bill.open, today=self.today))

    def _owe(self, amount: Decimal) -> None:
        if amount:
            self.charged.append((self.today, amount))
