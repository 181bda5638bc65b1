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

from apps.contracts.charges import ChargeTerms
from apps.contracts.drafts import (
    Condition,
    ContractDraft,
    DraftCriterion,
    DraftLine,
    DraftOption,
    Due,
    LineTerms,
    Measure,
)
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import BUYER, RetentionRelease, RetentionTerms
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
from tests.engines.course.changing import SIGN_OFF
from tests.engines.course.ending import HALF, Ending
from tests.engines.course.plain import BILLED, ZERO, Bill, Instalment, Paper, Part
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


class Course(Ending, Reserving):
    """One contract with a line by quantity, two by amount, and perhaps retention and what the calendar bills."""

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
    ) -> None:
        """From the second signature on, or with some work delivered already, accepted whole or in part."""
        self.measured = QUANTITY
        lines = [
            DraftLine("Paving", basis="amount", amount=FIRST, measure=Measure(QUANTITY[0], "MTK", QUANTITY[1])),
            DraftLine("Fences", basis="amount", amount=SECOND, own=OWN[own][0]),
            DraftLine("Handover", basis="remainder", own=LAST_LINE[last]),
        ]
        lines = [_judged(one) for one in lines]
        self.paper = Paper(rate=Decimal(rate), retention=Decimal(5) if keeps else ZERO, agreed=agreed)
        self.paper.charges_tax = {"outside": ZERO, "price": Decimal(rate)}.get(charges)
        self.paper.own[2] = OWN[own][1]
        self.paper.builds_on = {3} if last == "cumulative" else set()
        self.paper.waits_for = {3: PERMIT} if last == "event" else {}
        self.paper.parts = [Part(1, 1, FIRST, quantity=QUANTITY[0]), Part(2, 1, SECOND), Part(3, 1, REST)]
        self.paper.plan = {one.position: one.amount for one in self.paper.parts}
        if by_calendar:
            lines += [
                DraftLine("Deposit", basis="amount", amount=DEPOSIT, kind="deposit", due=Due("date", date(2026, 3, 9))),
                DraftLine(
                    "Care",
                    basis="amount",
                    amount=PERIOD,
                    kind="recurring",
                    due=Due("date", date(2026, 3, 2), period="month", count=2),
                ),
            ]
            self.paper.positions = 5
            self.paper.calendar = [
                Instalment(DEPOSIT, date(2026, 3, 9), 4),
                Instalment(PERIOD, date(2026, 3, 2), 5),
                Instalment(PERIOD, date(2026, 4, 2), 5),
            ]
        price = FIRST + SECOND + REST + sum((one.amount for one in self.paper.calendar), ZERO)
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
            retention=TERMS if keeps else None,
            charges=ChargeTerms(back_charges=charges) if charges else None,
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
        _same({one.invoice.ref: _figures(one) for one in items}, {one.ref: _written(one) for one in paper.bills})
        self._add_up(contract)
        self._reviews_agree()

    def _add_up(self, contract: Contract) -> None:
        """Said without the paper: the plan adds up, and every accepted part is billed exactly once."""
        version = contract.active_version
        assert version is not None
        comes_to = sum((one.amount or ZERO for one in version.lines.all()), ZERO)
        assert version.price == comes_to, (version.price, comes_to)
        billed = Invoice.objects.filter(contract=contract, milestone__isnull=False).values_list(
            "milestone_id", flat=True
        )
        accepted = Milestone.objects.filter(contract=contract, state__in=BILLED).values_list("pk", flat=True)
        assert sorted(billed) == sorted(accepted), (list(billed), list(accepted))
        issued = dict(Invoice.objects.filter(contract=contract).values_list("number", "chain_sha256"))
        issued |= dict(CreditNote.objects.filter(contract=contract).values_list("number", "chain_sha256"))
        before = self.issued
        assert before.items() <= issued.items(), "what was billed has changed"
        self.issued = issued
        live = Dispute.objects.live().filter(contract=contract)
        assert live.count() == len(self._arguments()), (live.count(), self._arguments())
        self.in_force = contract.active_version_id


def _figures(item: OpenItem) -> tuple[Decimal, ...]:
    return item.gross, item.retained, item.reserved, item.credited, item.paid, item.open, item.disputed


def _written(bill: Bill) -> tuple[Decimal, ...]:
    disputed = bill.argument.gross if bill.argument is not None else ZERO
    return bill.gross, bill.retained, bill.withheld, bill.credited, bill.paid, bill.open, disputed


def _same(found: dict[Any, Any], wanted: dict[Any, Any]) -> None:
    """The same for every key; what differs is said: as it is in the product, and as it stands on paper."""
    differs = {key: (found.get(key), wanted.get(key)) for key in {*found, *wanted} if found.get(key) != wanted.get(key)}
    assert not differs, differs


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
