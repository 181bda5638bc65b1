"""All topics together: where a course begins, and what must be true after each step of it."""

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from apps.contracts.charges import BEGUN, OUTSIDE, PRICE, WHOLE, BonusTerms, ChargeTerms, DamageTerms
from apps.contracts.charges import Rate as Each
from apps.contracts.drafts import (
    Condition,
    ContractDraft,
    DraftCriterion,
    DraftLine,
    DraftOption,
    Due,
    LineTerms,
    Measure,
    Recovery,
)
from apps.contracts.late_payment import LateTerms
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import BUYER, RetentionRelease, RetentionTerms, payable_until_final
from apps.core import clock
from apps.core.database import walls
from apps.invoicing.models import CreditNote, Invoice, OpenItem
from apps.milestones.models import Dispute, Milestone
from apps.parties.models import Membership
from apps.parties.roles import Role
from apps.parties.services import enrol
from apps.parties.services.members import join
from apps.workflows import contracting
from tests import scenarios
from tests.engines import truth
from tests.engines.course.ahead import Ahead, Limit
from tests.engines.course.being_late import BeingLate
from tests.engines.course.changing import SIGN_OFF
from tests.engines.course.ending import HALF
from tests.engines.course.late import ToPay
from tests.engines.course.plain import BILLED, ZERO, Bill, Delay, Instalment, Paper, Part
from tests.engines.course.reserving import Reserving
from tests.engines.course.review import USUAL, Agreed
from tests.engines.life import as_owner, one_connection
from tests.scenarios import acting, key, member

QUANTITY = Decimal(300), Decimal("33.335")
CRITERIA = (DraftCriterion("It is there and works."),)
FIRST, SECOND = Decimal("10000.50"), Decimal("7000.01")
REST = Decimal("20000.00")
DEPOSIT, PERIOD = Decimal("1500.00"), Decimal("250.25")
TERMS = RetentionTerms(Decimal(5), releases=(RetentionRelease(Decimal(50)), RetentionRelease(Decimal(50), event=BUYER)))
PERMIT = "The city granted the permit"
OWN: dict[str, tuple[LineTerms, dict[str, Any]]] = {
    "": (LineTerms(), {}),
    "quick": (LineTerms(review_days=3, silence="accepted"), {"days": 3, "silence": "accepted"}),
    "looked at": (LineTerms(needs_inspection=True), {"is_inspected": True}),
    "by two": (LineTerms(two_acceptors=True, question_suspensions=1), {"two_above": ZERO, "questions": 1}),
    "by one, whole": (LineTerms(two_acceptors=False, partial_acceptance=False), {"two_above": None, "in_parts": False}),
}
"""What the second line has of its own, and how the paper says it."""
HALF_NOW, OFF = Decimal("15000.00"), Decimal("500.00")
IN_TWO = DraftOption(
    "In two",
    discount=OFF,
    lines=(
        DraftLine("Half of it", basis="amount", amount=HALF_NOW, criteria=CRITERIA),
        DraftLine("The other half", basis="remainder", criteria=CRITERIA),
    ),
)
"""Another plan of the same deal, a little cheaper."""
LAST_LINE = {
    "": LineTerms(),
    "cumulative": LineTerms(is_cumulative=True),
    "event": LineTerms(condition=Condition(events=(PERMIT,))),
}
"""Whether the last one builds on those above, or waits for what the buyer confirms."""


LATE = {
    "": ToPay(),
    "interest": ToPay(5, Decimal(9)),
    "fee": ToPay(12, ZERO, Decimal(40)),
    "both": ToPay(5, Decimal("11.62"), Decimal(40), 360),
}
DELAY = {
    "": None,
    "objectable": Delay(Decimal("0.75"), Decimal(5), grace=3),
    "at once": Delay(Decimal(2), Decimal(7), may_object=False, is_taxed=True),
}
EARLY = Decimal("150.55")
PLANNED = {1: date(2026, 3, 9), 2: date(2026, 4, 10), 3: date(2026, 5, 20)}
"""What is agreed of late payment, of delay and of being early, by the days of the plan."""
FILED = "The plans were handed in"
AHEAD = {
    "": None,
    "proportion": Ahead(Decimal("3000.00"), "proportion", on=date(2026, 3, 9)),
    "rate": Ahead(Decimal("4000.01"), "rate", rate=Decimal(20), begins=Decimal(10), event=FILED),
    "fixed": Ahead(Decimal("2500.00"), "fixed", each=Decimal("999.99"), event=FILED),
    "first": Ahead(Decimal("8000.00"), "first", on=date(2026, 3, 2)),
}
"""What is paid ahead, on a day or with an event, and how later bills give it back."""
MOST = Limit(Decimal(60))
TAXED: dict[str, dict[int, Decimal]] = {"": {}, "goods": {2: Decimal(7)}, "care": {3: Decimal("5.5"), 5: Decimal(7)}}
"""Lines that are taxed otherwise than the contract."""


class Course(BeingLate, Reserving):
    """One contract with a line by quantity, two by amount, and perhaps retention and what the calendar bills."""

    bills_by: ClassVar[str] = "milestone"
    every: ClassVar[int] = 1
    """After how many steps every verifier is asked; at the end it always is. Never, where it is 0."""

    @initialize(
        rate=st.sampled_from([19, 0]),
        keeps=st.booleans(),
        by_calendar=st.booleans(),
        head_start=st.lists(st.integers(0, 2), max_size=3),
        agreed=SIGN_OFF,
        own=st.sampled_from(["", "", *OWN]),
        last=st.sampled_from(["", "", *LAST_LINE]),
        charges=st.sampled_from(["", "outside", "price"]),
        pick=st.sampled_from(["", "", "", "base plan", "in two"]),
        late=st.sampled_from(["", *LATE]),
        delay=st.sampled_from(["", *DELAY]),
        earns=st.booleans(),
        taxed=st.sampled_from(["", *TAXED]),
        ahead=st.sampled_from(["", "", *AHEAD]),
        is_limited=st.sampled_from([False, False, True]),
    )
    def begin(
        self,
        *,
        rate: int,
        keeps: bool,
        by_calendar: bool,
        head_start: list[int],
        agreed: Agreed = USUAL,
        own: str = "",
        last: str = "",
        charges: str = "",
        pick: str = "",
        late: str = "",
        delay: str = "",
        earns: bool = False,
        taxed: str = "",
        ahead: str = "",
        is_limited: bool = False,
    ) -> None:
        """From the second signature on, or with some work delivered already, accepted whole or in part."""
        self.measured = QUANTITY
        if is_limited:
            # What is payable before the last one counts milestones alone, each accepted whole.
            agreed, keeps, by_calendar = replace(agreed, in_parts=False), False, False
        # What is given back bears the tax of the deposit, so every line does.
        taxed = "" if ahead else taxed
        deposit = AHEAD[ahead]
        lines = [
            DraftLine("Paving", basis="amount", amount=FIRST, measure=Measure(QUANTITY[0], "MTK", QUANTITY[1])),
            DraftLine("Fences", basis="amount", amount=SECOND, own=OWN[own][0]),
            DraftLine("Handover", basis="remainder", own=LAST_LINE[last]),
        ]
        lines = [
            replace(_taxed(_judged(one), TAXED[taxed].get(place)), planned_on=PLANNED[place])
            for place, one in enumerate(lines, start=1)
        ]
        self.paper = Paper(rate=Decimal(rate), retention=Decimal(5) if keeps else ZERO, agreed=agreed)
        self.paper.ahead, self.paper.limit = deposit, MOST if is_limited else None
        self.paper.charges_back = charges or None
        self.paper.terms, self.paper.delay = LATE[late], DELAY[delay]
        self.paper.early = EARLY if earns else ZERO
        self.paper.own_tax, self.paper.planned = dict(TAXED[taxed]), dict(PLANNED)
        self.paper.own[2] = OWN[own][1]
        self.paper.builds_on = {3} if last == "cumulative" else set()
        self.paper.waits_for = {3: PERMIT} if last == "event" else {}
        self.paper.parts = [Part(1, 1, FIRST, quantity=QUANTITY[0]), Part(2, 1, SECOND), Part(3, 1, REST)]
        self.paper.plan = {one.position: one.amount for one in self.paper.parts}
        for part in self.paper.parts:
            part.planned_on = PLANNED[part.position]
        if by_calendar:
            lines += [
                DraftLine("Deposit", basis="amount", amount=DEPOSIT, kind="deposit", due=Due("date", date(2026, 3, 9))),
                _taxed(
                    DraftLine(
                        "Care",
                        basis="amount",
                        amount=PERIOD,
                        kind="recurring",
                        due=Due("date", date(2026, 3, 2), period="month", count=2),
                    ),
                    TAXED[taxed].get(5),
                ),
            ]
            self.paper.positions = 5
            self.paper.calendar = [
                Instalment(DEPOSIT, date(2026, 3, 9), 4),
                Instalment(PERIOD, date(2026, 3, 2), 5),
                Instalment(PERIOD, date(2026, 4, 2), 5),
            ]
        if deposit is not None:
            lines.append(_ahead(deposit))
            self.paper.positions = len(lines)
            waits = Instalment(deposit.amount, deposit.on or date.max, len(lines), is_ahead=True)
            self.paper.calendar.append(waits)
        price = FIRST + SECOND + REST + sum((one.amount for one in self.paper.calendar if not one.is_ahead), ZERO)
        draft = scenarios.software_draft(
            self.parties,
            lines=tuple(lines),
            price=price,
            tax_category="S" if rate else "Z",
            tax_rate=Decimal(rate),
            review_days=agreed.days,
            silence=agreed.silence,
            question_suspensions=agreed.questions,
            needs_inspection=agreed.is_inspected,
            second_acceptor_above=agreed.two_above,
            partial_acceptance=agreed.in_parts,
            retention=payable_until_final(MOST.percent) if is_limited else TERMS if keeps else None,
            charges=_charged(DELAY[delay], earns=earns, back=charges),
            bills_by=self.bills_by,
            payment_days=LATE[late].days,
            late_payment=_late(LATE[late]),
        )
        self.contract = self._signed(draft, pick=pick)
        for how in head_start:
            self._go_ahead(how)

    def _go_ahead(self, how: int) -> None:
        """Something is submitted, and with 1 accepted, with 2 accepted in part; by all whom that needs."""
        self.submit(pick=0)
        if how and any(one.review is not None and one.review.agreed.is_inspected for one in self.paper.parts):
            self.inspect(pick=0, by="inspector", is_passed=True)
        for by in ("approver", "buyer"):
            if how == 1 and self._waits():
                self.accept(pick=0, by=by)
            elif how == 2 and self._waits():
                self.accept_part(pick=0, share=HALF, how="percent", by=by)

    def _signed(self, draft: ContractDraft, *, pick: str) -> Contract:
        """Signed by both; where two plans are offered the buyer picks one, and only that one is lived."""
        if not pick:
            return scenarios.active_contract(self.parties, draft=draft, at=self.at)
        contract = scenarios.proposed_contract(
            self.parties, draft=replace(draft, plan_name="In three", options=(IN_TWO,)), at=self.at
        )
        with acting(member(self.parties, "approver"), at=self.at) as bea:
            version = ContractVersion.objects.get(contract=contract, proposed_at__isnull=False)
            contracting.sign_contract(
                actor=bea, key=key(), version_ref=version.ref, seen=version.sha256, pick=int(pick == "in two")
            )
            contract.refresh_from_db()
        if pick == "in two":
            paper, rest = self.paper, draft.price - OFF - HALF_NOW
            paper.parts = [Part(1, 1, HALF_NOW), Part(2, 1, rest)]
            # What comes on top is numbered behind every line that was offered.
            paper.plan, paper.calendar = {1: HALF_NOW, 2: rest}, []
            paper.own, paper.builds_on, paper.waits_for = {}, set(), {}
            paper.own_tax, paper.planned, paper.ahead = {}, {}, None
        return contract

    @invariant()
    def paper_and_product_agree(self) -> None:
        if not hasattr(self, "contract"):
            return
        type(self).steps += 1
        self._read(self._agree)
        self.lived += 1
        if self.every and self.lived % self.every == 0:
            self._verify()

    def teardown(self) -> None:
        try:
            if self.every and hasattr(self, "contract"):
                self._verify()
        finally:
            super().teardown()

    def _verify(self) -> None:
        with as_owner():
            wrong = truth.wrong()
        assert not wrong, wrong

    def _agree(self) -> None:
        paper = self.paper
        contract = Contract.objects.select_related("active_version").get(pk=self.contract.pk)
        assert contract.state == paper.state, (contract.state, paper.state)
        found = Milestone.objects.filter(contract=contract).values_list(
            "position", "part", "state", "amount", "nullified", "quantity"
        )
        said = {(one[0], one[1]): one[2:] for one in found}
        wanted = {
            (one.position, one.number): (one.state, one.amount, one.withdrawn, one.quantity) for one in paper.parts
        }
        assert said.keys() == wanted.keys(), (said, wanted)
        _same(*({key: one for key, one in rows.items() if one[0] != "cancelled"} for rows in (said, wanted)))
        items = OpenItem.objects.filter(contract=contract).select_related("invoice")
        _same({one.ref: one.due_on for one in paper.bills}, {one.invoice.ref: one.due_on for one in items})
        _same({one.invoice.ref: _figures(one) for one in items}, {one.ref: _written(one) for one in paper.bills})
        self._add_up(contract)
        self._reviews_agree()

    def _add_up(self, contract: Contract) -> None:
        """Said without the paper: the plan adds up, and every accepted part is billed exactly once."""
        version = contract.active_version
        assert version is not None
        comes_to = sum((one.amount or ZERO for one in version.lines.filter(recovery="")), ZERO)
        assert version.price == comes_to, (version.price, comes_to)
        self._billed_once(contract)
        issued = dict(Invoice.objects.filter(contract=contract).values_list("number", "chain_sha256"))
        issued |= dict(CreditNote.objects.filter(contract=contract).values_list("number", "chain_sha256"))
        before = self.issued
        assert before.items() <= issued.items(), "what was billed has changed"
        self.issued = issued
        live = Dispute.objects.live().filter(contract=contract)
        assert live.count() == len(self._arguments()), (live.count(), self._arguments())
        self.in_force = contract.active_version_id

    def _billed_once(self, contract: Contract) -> None:
        billed = Invoice.objects.filter(contract=contract, milestone__isnull=False).values_list(
            "milestone_id", flat=True
        )
        accepted = Milestone.objects.filter(contract=contract, state__in=BILLED).values_list("pk", flat=True)
        assert sorted(billed) == sorted(accepted), (list(billed), list(accepted))


def _figures(item: OpenItem) -> tuple[Decimal, ...]:
    return item.gross, item.retained, item.reserved, item.credited, item.paid, item.open, item.disputed


def _written(bill: Bill) -> tuple[Decimal, ...]:
    disputed = bill.argument.gross if bill.argument is not None else ZERO
    return bill.gross, bill.retained, bill.withheld, bill.credited, bill.paid, bill.open, disputed


def _same(found: dict[Any, Any], wanted: dict[Any, Any]) -> None:
    """The same for every key; what differs is said: as it is in the product, and as it stands on paper."""
    differs = {key: (found.get(key), wanted.get(key)) for key in {*found, *wanted} if found.get(key) != wanted.get(key)}
    assert not differs, differs


def _ahead(one: Ahead) -> DraftLine:
    recovery = Recovery(one.way)
    if one.way == "rate":
        recovery = Recovery(one.way, one.rate, one.begins)
    elif one.way == "fixed":
        recovery = Recovery(one.way, amount=one.each)
    due = Due("event", recovery=recovery, event=one.event) if one.event else Due("date", one.on, recovery=recovery)
    return DraftLine("Ahead", basis="amount", amount=one.amount, kind="deposit", due=due)


def _taxed(line: DraftLine, rate: Decimal | None) -> DraftLine:
    return line if rate is None else replace(line, own=replace(line.own, tax_category="S", tax_rate=rate))


def _late(terms: ToPay) -> LateTerms | None:
    return LateTerms(terms.rate, terms.year, fee=terms.fee) if terms.is_late_agreed else None


def _charged(delay: Delay | None, *, earns: bool, back: str) -> ChargeTerms | None:
    """What is charged beside the price: damages by weeks that have begun, a sum for each whole week before the day."""
    damages = bonus = None
    if delay is not None:
        rate = Each(delay.percent, days=7, part_period=BEGUN, cap=delay.cap)
        damages = DamageTerms(rate, delay.grace, PRICE if delay.is_taxed else OUTSIDE, delay.may_object)
    if earns:
        bonus = BonusTerms(Each(amount=EARLY, days=7, part_period=WHOLE, cap=Decimal(3)))
    return ChargeTerms(damages, bonus, back) if damages or bonus or back else None


def _judged(line: DraftLine) -> DraftLine:
    return replace(line, criteria=CRITERIA)


def begin(*, every: int = 1) -> AbstractContextManager[None]:
    """Make the parties once; every example starts from them. Every verifier is asked after so many steps."""
    Course.every = every
    Course.parties = scenarios.organisations()
    Course.parties.people["inspector"] = _inspector(Course.parties)
    Course.steps = 0
    Course.done = Counter()
    return one_connection()


def _inspector(parties: scenarios.Parties) -> Membership:
    """Somebody of the buyer who looks at what was submitted, and accepts nothing."""
    user = enrol(email=f"ines@meridian.{parties.domain}", name="Ines Imhof")
    with walls.asking_for(parties.buyer.pk, user=user.pk), transaction.atomic():
        return join(user=user, organisation=parties.buyer, roles={Role.INSPECTOR}, at=clock.now())
