"""What a financier decides of an advance, or the clock: moved, demanded back, repaid, in default, given up, earned."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from apps.core import clock
from apps.financing.rules.events import Bears
from apps.workflows import funding, recourse, recourse_upkeep
from tests.engines.course.advance import BOUGHT, GRACE, MOST_SLIP, TO_CURE, Advance
from tests.engines.course.advancing import Advancing
from tests.engines.course.plain import ZERO, Argument, Part, cents
from tests.engines.course.stage import PICK
from tests.scenarios import key


class Owing(Advancing):
    """What is not repaid by the buyer's money."""

    disputes: dict[Argument, tuple[Part, date, date | None]]
    """About what, since when, and until when."""

    @precondition(lambda self: self._some("funded_pre"))
    @rule(pick=PICK, days=st.sampled_from([1, 20, 60]), borne_by=st.sampled_from(Bears))
    def postpone(self, pick: int, days: int, borne_by: Bears = Bears.SELLER) -> None:
        if (advance := self._advance(pick, "funded_pre")) is None or "tranche" not in advance.refs:
            return
        to = advance.expected_on + timedelta(days=days)
        if self._do(
            "underwriter",
            lambda actor: recourse.postpone_advance(
                actor=actor,
                key=key(),
                tranche_ref=advance.refs["tranche"],
                expected_on=to,
                borne_by=borne_by,
                reason="The interface is late.",
            ),
            allowed=advance.state == "funded_pre"
            and to > max(advance.until, self.today)
            and (to - advance.paid_on).days <= 365,
        ):
            self._owe(advance.slip(to, is_borne=borne_by == Bears.SELLER, today=self.today))

    @precondition(lambda self: self._some("funded_pre"))
    @rule(pick=PICK)
    def demand(self, pick: int) -> None:
        """All of it, of what was sent back or is late."""
        if (advance := self._advance(pick, "funded_pre")) is None or "tranche" not in advance.refs:
            return
        is_late = (self.today - advance.expected_on).days > GRACE
        if self._do(
            "underwriter",
            lambda actor: recourse.demand_advance(
                actor=actor, key=key(), tranche_ref=advance.refs["tranche"], reason="Not cured in time."
            ),
            allowed=advance.state == "funded_pre" and (advance.part.state == "changes_requested" or is_late),
        ):
            self._owe(advance.charge_back(advance.outstanding, today=self.today))

    @precondition(lambda self: self._some("funded_pre"))
    @rule()
    def advances_lapse(self) -> None:
        """The job of the night demands back what was not cured, or slipped too far."""
        self._bear_credits()
        self._note_disputes()
        with clock.stopped(self.at):
            recourse_upkeep.demand_lapsed_advances(organisation_id=self.parties.financier.pk, on=self.today.isoformat())
        for advance in self.advances:
            if advance.state == "funded_pre" and self._has_lapsed(advance):
                self._owe(advance.charge_back(advance.outstanding, today=self.today))
                self.done["lapsed"] += 1

    def _has_lapsed(self, advance: Advance) -> bool:
        part, today = advance.part, self.today
        if part.state == "submitted" or part.arguments:
            return False
        is_over = (today - advance.expected_on).days > GRACE
        if is_over and (max(advance.expected_on, today) - advance.terms.expected_on).days > MOST_SLIP:
            return True
        since = part.sent_back_on
        if since is None or (part.state == "planned" and since < advance.paid_on):
            return False
        still, until = 0, since
        for _part, raised, settled in sorted(
            (one for one in self.disputes.values() if one[0] is part), key=lambda one: one[1]
        ):
            first = max(raised, until)
            until = max(settled or first, first)
            still += (until - first).days
        was_moved = advance.slipped_on is not None and advance.slipped_on >= since
        return (today - since).days - still > TO_CURE and (is_over or not was_moved)

    def _close_day(self) -> None:
        self._bear_credits()
        self._note_disputes()

    def _note_disputes(self) -> None:
        live = {said: part for part in self.paper.parts for said in part.arguments}
        for said, part in live.items():
            self.disputes.setdefault(said, (part, self.today, None))
        for said, (part, raised, settled) in self.disputes.items():
            if said not in live and settled is None:
                self.disputes[said] = (part, raised, self.today)

    @precondition(lambda self: any(one.owed for one in self.advances))
    @rule(pick=PICK, share=st.sampled_from([Decimal("0.4"), Decimal(1), Decimal(1), Decimal("1.2")]))
    def repay(self, pick: int, share: Decimal) -> None:
        """The seller pays back; with all that it owes on an advance that is over, the claim is its own again."""
        self._bear_credits()
        if (advance := self._one([one for one in self.advances if one.owed], pick)) is None:
            return
        amount = cents(advance.owed * share)
        if self._do(
            "treasury",
            lambda actor: recourse.record_repayment(
                actor=actor,
                key=key(),
                tranche_ref=advance.refs["tranche"],
                amount=amount,
                received_on=self.today,
                bank_reference=self._reference(),
            ),
            allowed=ZERO < amount <= advance.owed,
        ):
            advance.owed -= amount
            self.repaid += amount
            if not advance.owed and advance.state == "recourse_due":
                advance.state = "repurchased"

    @precondition(lambda self: self._some(*BOUGHT))
    @rule(pick=PICK)
    def declare_default(self, pick: int) -> None:
        """The days of grace after what is paid for, and after the bill is due, are over."""
        if (advance := self._advance(pick, *BOUGHT)) is None or "tranche" not in advance.refs:
            return
        bill = advance.part.bill
        free = max(advance.until, bill.due_on) if bill is not None and advance.until < date.max else advance.until
        if self._do(
            "underwriter",
            lambda actor: recourse.declare_default(
                actor=actor, key=key(), tranche_ref=advance.refs["tranche"], reason="The buyer is insolvent."
            ),
            allowed=advance.state in ("funded_post", "part_collected") and (self.today - free).days > GRACE,
        ):
            advance.earn(self.today)
            advance.state = "defaulted"

    @precondition(lambda self: self._some("defaulted"))
    @rule(pick=PICK, by=st.sampled_from(["financier", "financier", "underwriter"]))
    def write_off(self, pick: int, by: str) -> None:
        """By another person than the one who declared the default."""
        if (advance := self._advance(pick, "defaulted")) is None or "tranche" not in advance.refs:
            return
        if self._do(
            by,
            lambda actor: recourse.write_off_advance(
                actor=actor, key=key(), tranche_ref=advance.refs["tranche"], reason="No quota is expected."
            ),
            allowed=advance.state == "defaulted" and by == "financier" and advance.outstanding > ZERO,
        ):
            advance.write_off()

    @precondition(lambda self: any(one.outstanding and one.paid_on < self.today for one in self.advances))
    @rule()
    def accrue(self) -> None:
        self._bear_credits()
        self._do(
            "treasury",
            lambda actor: funding.accrue_income(actor=actor, key=key(), through=self.today),
            allowed=True,
        )
        for advance in self.advances:
            if advance.outstanding and advance.paid_on < self.today:
                advance.earn(self.today)
