"""The steps of a financed invoice: asked for, priced, accepted, paid out, collected; and time passing."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.core.database import walls
from apps.financing.models import Assignment, Collection, Offer
from apps.parties.actor import Actor
from apps.workflows import funding, underwriting
from apps.workflows.once import Answer
from tests.engines.life_deal import Deal
from tests.engines.life_plain import AMOUNTS, LIKELY, SHARES, WHICH, ZERO, Advance, part
from tests.financing import stories
from tests.scenarios import key, milestone_billed


class Financed(Deal):
    """The same, and the financier's part of it."""

    @rule(which=WHICH)
    def request_funding(self, which: int) -> None:
        step = self.model[which]
        if step.state != "accepted":
            return
        answer = self._do(
            "billing",
            lambda actor: funding.request_funding(
                actor=actor,
                key=key(),
                milestone_refs=[milestone_billed(self._invoice(which)).ref],
                facility_ref=self.facility.ref,
            ),
            allowed=step.advance.request == "none" and self._is_fundable(which),
        )
        if answer:
            step.advance = Advance(request="submitted", refs={"request": answer["request"]})

    @rule(which=WHICH)
    def price(self, which: int) -> None:
        advance = self.model[which].advance
        if "request" not in advance.refs:
            return
        terms = stories.offer_terms(
            funding_on=self.at.date(), expected_on=self.at.date() + timedelta(days=40), valid_days=10
        )
        answer = self._do(
            "analyst",
            lambda actor: funding.price_offer(actor=actor, key=key(), request_ref=advance.refs["request"], terms=terms),
            allowed=advance.request == "submitted" and not self._is_offered(advance) and self._is_fundable(which),
        )
        if answer:
            advance.offer, advance.expires_at = "draft", self.at + timedelta(days=10)
            advance.expected_on = terms.lines[0].expected_on
            advance.refs["offer"] = answer["offer"]

    @precondition(lambda self: self._is_asked())
    @rule(which=LIKELY)
    def approve(self, which: int) -> None:
        advance = self.model[self._aimed(which)].advance
        if "offer" in advance.refs and self._do(
            "underwriter",
            lambda actor: funding.approve_offer(actor=actor, key=key(), offer_ref=advance.refs["offer"]),
            allowed=advance.offer == "draft" and self.at <= advance.expires_at,
        ):
            advance.offer = "issued"

    @precondition(lambda self: self._is_asked())
    @rule(which=LIKELY, refused=st.booleans())
    def end_offer(self, which: int, refused: bool) -> None:
        """The financier revokes it, or the seller declines it."""
        advance = self.model[self._aimed(which)].advance
        if "offer" not in advance.refs:
            return
        if refused:
            done = self._do(
                "billing",
                lambda actor: funding.decline_offer(actor=actor, key=key(), offer_ref=advance.refs["offer"]),
                allowed=advance.offer == "issued",
            )
        else:
            done = self._do(
                "analyst",
                lambda actor: funding.revoke_offer(actor=actor, key=key(), offer_ref=advance.refs["offer"]),
                allowed=advance.offer in ("draft", "issued"),
            )
        if done:
            advance.offer = "none"

    @precondition(lambda self: self._is_asked())
    @rule(which=LIKELY)
    def accept_offer(self, which: int) -> None:
        step = self.model[self._aimed(which)]
        advance = step.advance
        if "offer" not in advance.refs:
            return
        with walls.asking_for(self.parties.financier.pk):
            offer = Offer.objects.get(ref=advance.refs["offer"])
        answer = self._do(
            "billing",
            lambda actor: funding.accept_offer(
                actor=actor, key=key(), offer_ref=offer.ref, seen=offer.disclosure_sha256
            ),
            allowed=advance.offer == "issued"
            and self.at <= advance.expires_at
            and self._is_fundable(self._aimed(which)),
        )
        if answer:
            advance.request = advance.tranche = "accepted"
            advance.offer = "none"
            advance.refs["tranche"] = answer["tranche"]
            advance.outstanding, advance.reserve = offer.gross, offer.face - offer.gross

    @precondition(lambda self: self._is_asked())
    @rule(which=LIKELY)
    def withdraw_request(self, which: int) -> None:
        advance = self.model[self._aimed(which)].advance
        if "request" in advance.refs and self._do(
            "billing",
            lambda actor: funding.withdraw_request(actor=actor, key=key(), request_ref=advance.refs["request"]),
            allowed=advance.request == "submitted",
        ):
            self.model[self._aimed(which)].advance = Advance()

    @precondition(lambda self: self._is_asked())
    @rule(which=LIKELY, waived=st.booleans())
    def notify(self, which: int, waived: bool) -> None:
        """The buyer acknowledges, or a second person of the financier goes without."""
        advance = self.model[self._aimed(which)].advance
        if "tranche" not in advance.refs:
            return
        with walls.asking_for(self.parties.financier.pk):
            assignment = Assignment.objects.get(tranche__ref=advance.refs["tranche"])
        allowed = advance.tranche == "accepted" and not advance.is_notified
        if waived:
            done = self._do(
                "underwriter",
                lambda actor: funding.waive_notice(
                    actor=actor, key=key(), assignment_ref=assignment.ref, reason="Known."
                ),
                allowed=allowed,
            )
        elif advance.tranche == "accepted":
            done = self._do(
                "payables",
                lambda actor: funding.acknowledge_assignment(
                    actor=actor, key=key(), assignment_ref=assignment.ref, seen=assignment.notice_sha256
                ),
                allowed=allowed or assignment.acknowledged_at is None,
            )
        else:
            return
        if done:
            advance.is_notified = True

    @precondition(lambda self: self._is_asked())
    @rule(which=LIKELY)
    def cancel(self, which: int) -> None:
        """By either side; by the seller alone only until the buyer was told."""
        advance, by = self.model[self._aimed(which)].advance, "treasury" if which % 2 else "billing"
        if "tranche" in advance.refs and self._do(
            by,
            lambda actor: funding.cancel_tranche(
                actor=actor, key=key(), tranche_ref=advance.refs["tranche"], reason="Not needed."
            ),
            allowed=advance.tranche == "accepted" and (by == "treasury" or not advance.is_notified),
        ):
            self.model[self._aimed(which)].advance = Advance()

    @precondition(lambda self: self._is_asked())
    @rule(which=LIKELY)
    def fund(self, which: int) -> None:
        """For a buyer who is not verified yet in vain; then he is."""
        advance = self.model[self._aimed(which)].advance
        if "tranche" not in advance.refs:
            return

        def run(actor: Actor) -> Answer:
            return funding.fund_tranche(
                actor=actor,
                key=key(),
                tranche_ref=advance.refs["tranche"],
                value_on=self.at.date(),
                bank_reference=self._reference(),
            )

        if not self.is_verified:
            self._do("treasury", run, allowed=False)
            self.is_verified = self._verify()
        if self._do(
            "treasury",
            run,
            allowed=advance.tranche == "accepted" and advance.is_notified and self.at.date() < advance.expected_on,
        ):
            advance.tranche = "funded"

    def _verify(self) -> bool:
        answer = self._do(
            "underwriter",
            lambda actor: underwriting.verify_buyer(
                actor=actor, key=key(), buyer_ref=self.parties.buyer.ref, checked="Register extract."
            ),
            allowed=True,
        )
        return answer is not None

    @precondition(lambda self: self._is_asked())
    @rule(which=LIKELY, share=SHARES)
    def collect(self, which: int, share: Decimal) -> None:
        """The plain waterfall: the advance first, then the seller's reserve, then back to the buyer.

        Before the payout there is no advance to repay: it ends, and all that was owed is the seller's.
        """
        step = self.model[self._aimed(which)]
        advance = step.advance
        if "tranche" not in advance.refs:
            return
        amount = part(AMOUNTS[self._aimed(which)], share)
        answer = self._do(
            "treasury",
            lambda actor: funding.collect_payment(
                actor=actor,
                key=key(),
                tranche_ref=advance.refs["tranche"],
                amount=amount,
                received_on=self.at.date(),
                bank_reference=self._reference(),
            ),
            allowed=advance.tranche in ("accepted", "funded"),
        )
        if not answer:
            return
        to_receivable = min(amount, step.open)
        if advance.tranche == "accepted":
            advance.tranche, advance.request, advance.outstanding = "passed on", "none", ZERO
        to_advance = min(to_receivable, advance.outstanding)
        to_seller, to_buyer = to_receivable - to_advance, amount - to_receivable
        with walls.asking_for(self.parties.financier.pk):
            found = Collection.objects.get(ref=answer["collection"])
        shared = (found.to_advance, found.to_seller, found.to_buyer)
        assert shared == (to_advance, to_seller, to_buyer), (shared, to_advance, to_seller, to_buyer)
        step.open -= to_receivable
        advance.outstanding -= to_advance
        advance.reserve -= to_seller
        advance.due_to_seller += to_seller + found.rebate
        if step.open == 0 and advance.tranche == "funded":
            advance.tranche = "settled"

    @precondition(lambda self: self._is_asked())
    @rule(which=LIKELY)
    def pay_reserve(self, which: int) -> None:
        advance = self.model[self._aimed(which)].advance
        if "tranche" in advance.refs and self._do(
            "treasury",
            lambda actor: funding.pay_reserve(
                actor=actor,
                key=key(),
                tranche_ref=advance.refs["tranche"],
                value_on=self.at.date(),
                bank_reference=self._reference(),
            ),
            allowed=advance.due_to_seller > 0,
        ):
            advance.due_to_seller = ZERO

    # --- time ----------------------------------------------------------------------------------------------------

    @rule()
    def accrue(self) -> None:
        self._do(
            "treasury",
            lambda actor: funding.accrue_income(actor=actor, key=key(), through=self.at.date()),
            allowed=True,
        )

    @rule()
    def expire(self) -> None:
        self._do("treasury", lambda actor: funding.expire_offers(actor=actor, key=key()), allowed=True)
        for step in self.model:
            if step.advance.offer != "none" and step.advance.expires_at < self.at:
                step.advance.offer = "none"

    @rule(days=st.sampled_from([1, 7, 20]))
    def time_passes(self, days: int) -> None:
        self.at += timedelta(days=days)
