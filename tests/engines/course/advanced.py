"""The same contract where a financier advances money on it, before its milestones are accepted and after.

A machine of its own: nothing is kept back, paid ahead, charged or withheld there, for such bills are not financed, and
no terms change that an advance was priced by.
"""

from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

from django.db.models import Count
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from apps.core.database import walls
from apps.financing.models import Assignment, ExposureLimit, Facility, Tranche
from apps.ledger.models import Balance
from tests.engines.course import life as courses
from tests.engines.course.advance import share_of
from tests.engines.course.advancing import LIMIT, LIMIT_BEFORE
from tests.engines.course.changing import Wanted
from tests.engines.course.ending import HALF
from tests.engines.course.owing import Owing
from tests.engines.course.plain import OPEN, ZERO, Bill, Part
from tests.engines.course.review import USUAL, Agreed
from tests.engines.course.stage import PICK
from tests.financing import stories

ACCOUNTS = ("1100", "1150", "2000", "2100", "2110", "1200", "2010", "2020")
"""Bought, advanced, reserve, discount and fee not earned, owed back, payable to the seller, due to the buyer."""
AGREED = st.sampled_from(
    [
        USUAL,
        USUAL,
        Agreed(days=5, silence="accepted"),
        Agreed(days=5, silence="rejected"),
        Agreed(two_above=Decimal(8_000)),
        Agreed(in_parts=False),
    ]
)
HOW_FAR = ("request_funding", "price", "approve", "accept_offer", "notify", "fund")


class Advanced(Owing):
    """What happens to an advance beside the buyer's money, and what must be true of all of them."""

    # No rules of this machine: what withholds something, and what says nothing of money that is ahead.
    accept_with_reservations = propose_other_terms = propose_other_sign_off = None  # type: ignore[assignment]
    correct_words = claim_late_payment = ask = inspect = None  # type: ignore[assignment]

    @initialize(
        rate=st.sampled_from([19, 0]),
        head_start=st.lists(st.integers(0, 2), max_size=2),
        agreed=AGREED,
        ahead=st.lists(st.sampled_from([6, 6, 6, 4, 2, 1, 0]), min_size=1, max_size=3),
    )
    def begin(
        self, *, rate: int = 19, head_start: list[int], agreed: Agreed = USUAL, ahead: list[int] | None = None
    ) -> None:
        """As the others, with advances on some of its parts as far as they are."""
        self.advances, self.charged, self.repaid = [], [], ZERO
        self.disputes = {}
        super().begin(rate=rate, keeps=False, by_calendar=False, head_start=head_start, agreed=agreed)
        self.facility = stories.opened_facility(
            self.parties, limit=LIMIT, pre_limit_rate=LIMIT_BEFORE * 100 / LIMIT, late_rate=ZERO, fee_rate=ZERO
        )
        for place, steps in enumerate(ahead or []):
            self._advance_on(place, steps=steps)

    def _advance_on(self, place: int, *, steps: int = len(HOW_FAR)) -> None:
        """So many steps of an advance on one of the parts; what is refused on the way is refused."""
        before = len(self.advances)
        if steps:
            self.request_funding(pick=place)
        for step in HOW_FAR[1:steps]:
            if len(self.advances) > before:
                waiting = [one for one in self.advances if one.state == self.advances[-1].state]
                getattr(self, step)(pick=waiting.index(self.advances[-1]))

    @precondition(lambda self: self._some("funded_pre"))
    @rule(pick=PICK, how=st.sampled_from(["whole", "whole", "part", "back"]))
    def decide(self, pick: int, how: str = "whole") -> None:
        """At once what otherwise takes as many steps: something advanced on is submitted, and decided."""
        advance = self._one([one for one in self.advances if one.state == "funded_pre"], pick)
        if advance is None or not self._runs():
            return
        if advance.part.state in OPEN:
            self.submit(pick=self._place(advance.part, *OPEN))
        if advance.part.state == "submitted":
            place = self._place(advance.part, "submitted")
            if how == "back":
                self.send_back(pick=place)
            elif how == "part":
                self.accept_part(pick=place, share=HALF, how="percent")
            else:
                self.accept(pick=place)

    def _place(self, part: Part, *states: str) -> int:
        """How it is picked among those in these states."""
        return [one for one in self.paper.parts if one.state in states].index(part)

    # --- acceptance, and what comes in its place -----------------------------------------------------------------

    def _follow_acceptance(self, part: Part, *, rest: Part | None) -> None:
        """What was advanced on it buys its bill; what that does not cover stands on for the rest, or is owed back."""
        advance, bill = self._on(part), part.bill
        if bill is None or advance is None or advance.state != "funded_pre":
            return
        covers = advance.covered(bill.gross)
        if rest is not None:
            covers = max(covers, min(bill.gross, Decimal("0.01")))
        if rest is not None and advance.outstanding > covers:
            face = self._comes_to(rest)
            carried = advance.carry_over(advance.outstanding - covers, rest=rest, face=face, today=self.today)
            with walls.asking_for(self.parties.financier.pk):
                stands_on = Tranche.objects.filter(carried_from__ref=advance.refs["tranche"]).first()
            assert stands_on is not None, "nothing stands on for the rest"
            carried.refs["tranche"] = stands_on.ref
            self.advances.append(carried)
            self.done["carried"] += 1
        elif rest is None and bill.gross < advance.face and advance.outstanding > covers:
            self._owe(advance.charge_back(advance.outstanding - covers, today=self.today))
            self.done["short"] += 1
        advance.buy(bill)
        self.done["bought"] += 1

    def _follow_plan(self) -> None:
        """What is gone holds nothing of an advance, and what is smaller the share of it that was agreed."""
        for advance in self.advances:
            part = advance.part
            if advance.state != "funded_pre" or part.state not in (*OPEN, "cancelled"):
                continue
            total = ZERO if part.state == "cancelled" else self._comes_to(part)
            holds = share_of(total, advance.terms.percent)
            if total < advance.face and advance.outstanding > holds:
                self._owe(advance.charge_back(advance.outstanding - holds, today=self.today))
                self.done["shrunk"] += 1

    def _carry_out(self, wanted: Wanted, taken: list[tuple[Part, Decimal]]) -> None:
        super()._carry_out(wanted, taken)
        self._follow_plan()

    def _end(self, values: dict[Part, Decimal]) -> None:
        super()._end(values)
        for part, worth in values.items():
            if worth:
                self._follow_acceptance(part, rest=None)
        self._follow_plan()

    # --- what an advance forbids ---------------------------------------------------------------------------------

    def _is_sellers(self, bill: Bill) -> bool:
        return self._on(self._part_of(bill)) is None

    def _may_lower(self, bill: Bill | None) -> bool:
        """What was given up the buyer owes to its financier still."""
        advance = self._on(self._part_of(bill))
        return bill is None or advance is None or advance.state != "written_off" or not bill.open

    def _may_value(self, values: dict[Part, Decimal]) -> bool:
        """What was promised on the whole is on the whole."""
        return not any(self._is_promised(part) and worth < part.amount for part, worth in values.items())

    def _may_accept(self, part: Part, *, by: str, whole: bool) -> bool:
        return super()._may_accept(part, by=by, whole=whole) and (whole or not self._is_promised(part))

    def _may_credit(self, bill: Bill, net: Decimal, *, is_withdrawn: bool = False) -> bool:
        return super()._may_credit(bill, net, is_withdrawn=is_withdrawn) and not self._waits_for_its_money(bill)

    def _may_take_back(self, bill: Bill, net: Decimal) -> bool:
        return super()._may_take_back(bill, net) and not self._waits_for_its_money(bill)

    def _follow(self, wanted: Wanted) -> list[tuple[Part, Decimal]] | None:
        """What is promised, and not paid out, stays what it was."""
        for position, amount in wanted.items():
            stays = position in self.paper.plan and amount == self.paper.plan[position]
            open_ones = [one for one in self.paper.of(position) if one.state in OPEN] if position else []
            found = [self._on(one) for one in open_ones]
            if not stays and any(one is not None and one.state != "funded_pre" for one in found):
                return None
        return super()._follow(wanted)

    def _is_promised(self, part: Part) -> bool:
        advance = self._on(part)
        return advance is not None and advance.state == "accepted"

    def _waits_for_its_money(self, bill: Bill) -> bool:
        """Assigned, and not bought."""
        advance = self._on(self._part_of(bill))
        return advance is not None and not advance.was_bought

    def _part_of(self, bill: Bill | None) -> Part | None:
        return next((one for one in self.paper.parts if one.bill is bill and bill is not None), None)

    # --- what must be true ---------------------------------------------------------------------------------------

    def _agree(self) -> None:
        self._bear_credits()
        super()._agree()
        with walls.asking_for(self.parties.financier.pk):
            self._books_agree()
            self._limits_hold()

    def _books_agree(self) -> None:
        """Every advance as it stands, and on every account that is kept for it."""
        paid = {one.refs["tranche"]: one for one in self.advances if "tranche" in one.refs}
        found = Tranche.objects.filter(contract=self.contract).values_list("ref", "state", "outstanding")
        states = {ref: (state, out) for ref, state, out in found}
        assert states == {ref: (one.state, one.outstanding) for ref, one in paid.items()}, (states, paid)
        booked = {f"tranche:{ref}": dict.fromkeys(ACCOUNTS, ZERO) for ref in paid}
        rows = Balance.objects.filter(
            organisation=self.parties.financier,
            key__in=booked,
            account__book__purpose="financier",
            account__code__in=ACCOUNTS,
        )
        for name, code, amount in rows.values_list("key", "account__code", "amount"):
            booked[name][code] = amount
        for ref, one in paid.items():
            wanted = (
                one.receivable,
                one.outstanding if one.state == "funded_pre" else ZERO,
                -one.reserve,
                -one.discount,
                -one.fee,
                one.owed,
                -one.payable,
                -one.surplus,
            )
            said = tuple(booked[f"tranche:{ref}"].values())
            assert said == wanted, (one.state, dict(zip(ACCOUNTS, zip(said, wanted, strict=True), strict=True)))

    def _limits_hold(self) -> None:
        """What is counted is what is out and promised, within the limits; and no claim is the financier's twice."""
        facility = Facility.objects.get(pk=self.facility.pk)
        counted = (facility.advanced, facility.advanced_pre)
        assert counted == (self._out(), self._out("funded_pre")), counted
        assert facility.advanced <= facility.limit, facility.advanced
        assert facility.advanced_pre <= facility.pre_limit, facility.advanced_pre
        promised = sum((one.gross for one in self.advances if one.state == "accepted"), ZERO)
        sides = ExposureLimit.objects.filter(financier=self.parties.financier).values_list("used", "reserved")
        assert all(side == (self._out(), promised) for side in sides), (list(sides), self._out(), promised)
        held: Any = Assignment.objects.filter(contract=self.contract, revoked_at=None)
        held = dict(held.values("milestone").annotate(n=Count("pk")).values_list("milestone", "n"))
        assert all(n == 1 for n in held.values()), held
        assert len(held) == sum(one.is_assigned for one in self.advances), (held, self.advances)


def begin(*, every: int = 1) -> AbstractContextManager[None]:
    """As for the others."""
    Advanced.steps = 0
    return courses.begin(every=every)
