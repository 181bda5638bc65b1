"""Damages for delay and a bonus for being early: what a milestone's day comes to, claimed once, waived or withdrawn."""

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.workflows import charging
from tests.engines.course.charging import Charging
from tests.engines.course.plain import ZERO, Bill, ChargedBack, Part, cents
from tests.engines.course.stage import PICK
from tests.scenarios import key

WEEK = 7


class Delaying(Charging):
    """The buyer claims what delay costs, the seller what being early earns."""

    @precondition(lambda self: self.paper.delay is not None and self._billed())
    @rule(pick=PICK, waives=st.sampled_from([False, False, False, True]))
    def claim_damages(self, pick: int, waives: bool) -> None:
        """Once, or waived for good; where nobody may object they stand at once."""
        part, delay = self._part(pick, "accepted"), self.paper.delay
        if part is None or part.bill is None or delay is None:
            return
        bill, milestone = part.bill, self._milestone(part)
        asked = self._late_by(part)
        charge = ChargedBack("", asked, self.paper.taxed(part.position) if delay.is_taxed else ZERO, is_for_delay=True)
        is_first = not any(one.is_for_delay and one.state != "withdrawn" for one in bill.charges)
        fits = waives or delay.may_object or self._has_room(bill, charge)
        if waives:
            answer = self._do(
                "approver",
                lambda actor: charging.waive_damages(
                    actor=actor, key=key(), milestone_ref=milestone.ref, reason="We asked for more meanwhile."
                ),
                allowed=part.state == "accepted" and asked > ZERO and is_first,
            )
        else:
            answer = self._do(
                "approver",
                lambda actor: charging.claim_damages(actor=actor, key=key(), milestone_ref=milestone.ref),
                allowed=part.state == "accepted" and asked > ZERO and is_first and fits,
            )
        if not answer:
            return
        charge.ref, charge.state = answer["charge"], "waived" if waives else "claimed"
        bill.charges.append(charge)
        if not waives and not delay.may_object:
            gross = sum(self._fits(bill, charge), ZERO)
            self.paper.take(bill, gross)
            charge.state, charge.gross = "standing", gross

    @precondition(lambda self: self.paper.early and self._billed())
    @rule(pick=PICK)
    def claim_bonus(self, pick: int) -> None:
        """By a bill of its own, of which nothing is kept back."""
        part = self._part(pick, "accepted")
        if part is None or part.bill is None:
            return
        earned, milestone = self._early_by(part), self._milestone(part)
        answer = self._do(
            "billing",
            lambda actor: charging.claim_bonus(actor=actor, key=key(), milestone_ref=milestone.ref),
            allowed=part.state == "accepted" and earned > ZERO and part.bonus is None,
        )
        if answer:
            part.bonus = Bill(answer["invoice"], earned, self.paper.taxed(part.position), kind="bonus")
            self.paper.bills.append(part.bonus.issued(part.terms, on=self.today))

    def _late_by(self, part: Part) -> Decimal:
        """Each week that has begun after the days of grace, up to the cap."""
        delay = self.paper.delay
        if delay is None or part.planned_on is None or part.accepted_on is None:
            return ZERO
        days = (part.accepted_on - part.planned_on).days - delay.grace
        weeks = max((days + WEEK - 1) // WEEK, 0)
        return min(cents(part.counts * delay.percent * weeks / 100), cents(part.counts * delay.cap / 100))

    def _early_by(self, part: Part) -> Decimal:
        """Whole weeks; a part earns its share of the sum, at most 3 percent of it."""
        if part.planned_on is None or part.accepted_on is None or part.was_stopped:
            return ZERO
        weeks = max((part.planned_on - part.accepted_on).days // WEEK, 0)
        earned = cents(self.paper.early * weeks * part.counts / part.whole) if weeks else ZERO
        return min(earned, cents(part.counts * 3 / 100))
