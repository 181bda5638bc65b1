"""Any sequence of importing, importing again, overlapping statements, applying and taking back leaves the books
balanced, every transaction there once, and no more of its money applied than arrived."""

# Fixtures are imported by name.
# ruff: noqa: F811

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Allocation, BankTransaction, CashApplication, Invoice, OpenItem, Payment
from apps.invoicing.rules import Part, proposals
from apps.invoicing.statements.reading import read
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.parties.actor import Actor
from apps.workflows import billing, statements
from tests import scenarios
from tests.invoicing.conftest import Billed, billed, story  # noqa: F401
from tests.invoicing.statements.bank import Bank, Booking, camt, csv, mt940
from tests.races import together

D = Decimal
AT = datetime(2026, 4, 10, 9, 0, tzinfo=UTC)
FIRST = date(2026, 4, 1)
ACCOUNT = "EUR DE89370400440532013000"
NUMBERS = count(1)


@dataclass
class Life:
    """A contract with three invoices, a bank account on which money arrives, and somebody who works with both."""

    actor: Actor
    invoices: list[Invoice]
    bank: Bank
    name: str
    covered: set[int] = field(default_factory=set)

    def imports(self, first: int, last: int, form: str) -> None:
        """A statement of some days, in some format; all of its bookings are there from now on."""
        start, end = (FIRST + timedelta(days=day) for day in sorted((first, last)))
        inside = {at for at, one in enumerate(self.bank.bookings) if start <= one.on <= end}
        if not inside:
            return
        writers: dict[str, Callable[..., bytes]] = {"camt": camt, "mt940": mt940, "csv": csv}
        content = writers[form](self.bank, start, end)
        found = read(content, currency="EUR")
        assert found.problems == ()
        answer = statements.import_statements(
            actor=self.actor,
            key=scenarios.key(),
            read=found,
            file_name=form,
            file_sha256=hashlib.sha256(content).hexdigest(),
            account=ACCOUNT if form == "csv" else "",
        )
        statements.match_statements(actor=self.actor, file_ref=answer["file"])
        self.covered |= inside

    def rows(self, state: str) -> list[BankTransaction]:
        mine = BankTransaction.objects.filter(text__contains=self.name, state=state)
        return list(mine.select_related("account").order_by("pk"))

    def applies(self, which: int, cents: int, invoice: int) -> None:
        """A part by hand, perhaps more than is left or open: then nothing happens."""
        waiting = self.rows("open")
        if waiting:
            row, bill = waiting[which % len(waiting)], self.invoices[invoice]
            self._tries(row, (Part(bill.ref, bill.number, D(cents) / 100),), how="by_hand")

    def confirms(self, which: int) -> None:
        """The best proposal, as it stands."""
        waiting = self.rows("open")
        if waiting:
            row = waiting[which % len(waiting)]
            money = invoicing.money_in(row, today=AT.date())
            offered, _notes = proposals(money, invoicing.bills_for(actor=self.actor, transactions=[row]))
            if offered:
                self._tries(row, offered[0].parts, how="proposed")

    def _tries(self, row: BankTransaction, parts: tuple[Part, ...], *, how: str) -> None:
        try:
            statements.apply_transaction(
                actor=self.actor, key=scenarios.key(), transaction_ref=row.ref, parts=parts, how=how
            )
        except Refused:
            return

    def undoes(self, which: int) -> None:
        made = CashApplication.objects.live().filter(transaction__text__contains=self.name)
        refs = sorted(set(made.values_list("transaction__ref", flat=True)))
        if refs:
            ref = refs[which % len(refs)]
            statements.undo_transaction(actor=self.actor, key=scenarios.key(), transaction_ref=ref, reason="Wrong.")

    def reverses(self, which: int) -> None:
        """One payment from the page of its invoice, without a thought of the bank."""
        live = Payment.objects.filter(reversal__isnull=True, application__transaction__text__contains=self.name)
        refs = list(live.order_by("pk").values_list("ref", flat=True))
        if refs:
            ref = refs[which % len(refs)]
            billing.reverse_payment(actor=self.actor, key=scenarios.key(), payment_ref=ref, reason="Wrong.")

    def sets_aside(self, which: int) -> None:
        for state, act in (("open", self._aside), ("set_aside", self._up)):
            rows = self.rows(state)
            if rows:
                act(rows[which % len(rows)])
                return

    def _aside(self, row: BankTransaction) -> None:
        statements.set_aside_transaction(
            actor=self.actor, key=scenarios.key(), transaction_ref=row.ref, reason="A refund."
        )

    def _up(self, row: BankTransaction) -> None:
        statements.take_up_transaction(actor=self.actor, key=scenarios.key(), transaction_ref=row.ref)

    def is_true(self) -> None:
        """What holds after every step."""
        rows = list(BankTransaction.objects.filter(text__contains=self.name))
        booked = [self.bank.bookings[at] for at in self.covered]
        assert sorted((one.booked_on, one.amount) for one in rows) == sorted((one.on, one.amount) for one in booked)
        for row in rows:
            live = CashApplication.objects.live().filter(transaction=row).aggregate(sum=Sum("payment__amount"))["sum"]
            assert row.unapplied == (row.amount - (live or 0) if row.amount > 0 else 0)
            assert (row.state == "applied") == (row.amount > 0 and row.unapplied == 0)
        for item in OpenItem.objects.all():
            paid = Allocation.objects.filter(invoice=item.invoice_id).aggregate(sum=Sum("amount"))["sum"] or 0
            assert item.open == item.gross - paid >= 0
        stands = Payment.objects.filter(reversal__isnull=True).aggregate(sum=Sum("amount"))["sum"] or D(0)
        allocated = Allocation.objects.aggregate(sum=Sum("amount"))["sum"] or D(0)
        owed = OpenItem.objects.aggregate(sum=Sum("open"))["sum"]
        assert self._book(Seller.BANK) == stands
        assert self._book(Seller.RECEIVABLES) == owed
        assert self._book(Seller.UNAPPLIED_RECEIPTS) == allocated - stands

    def _book(self, account: str) -> Decimal:
        return ledger.balance(
            organisation_id=self.actor.organisation_id,
            currency="EUR",
            purpose=ledger.Purpose.SELLER,
            account=account,
        )


@st.composite
def movements(draw: st.DrawFn) -> list[tuple[int, str, str, bool]]:
    """Bookings of six days: day, what the amount is, which invoice it is about, whether the bank gives a reference."""
    kinds = st.sampled_from(["exact", "named short", "named over", "equal", "sum", "odd", "out"])
    one = st.tuples(st.integers(0, 5), kinds, st.sampled_from("012"), st.booleans())
    return sorted(draw(st.lists(one, min_size=2, max_size=9)))


WINDOW = st.tuples(st.just("imports"), st.integers(0, 5), st.integers(0, 5), st.sampled_from(["camt", "mt940", "csv"]))
STEP = st.one_of(
    WINDOW,
    WINDOW,
    st.tuples(st.just("applies"), st.integers(0, 9), st.integers(1, 1_500_000), st.integers(0, 2)),
    st.tuples(st.just("confirms"), st.integers(0, 9)),
    st.tuples(st.just("undoes"), st.integers(0, 9)),
    st.tuples(st.just("reverses"), st.integers(0, 9)),
    st.tuples(st.just("sets_aside"), st.integers(0, 9)),
)


def life(billed: Billed, wanted: list[tuple[int, str, str, bool]]) -> Life:
    name = f"life{next(NUMBERS)}x"
    draft = scenarios.software_draft(billed.parties, number=name)
    contract = scenarios.active_contract(billed.parties, draft=draft, at=datetime(2026, 3, 3, 9, 0, tzinfo=UTC))
    for position in (1, 2, 3):
        scenarios.accepted_milestone(contract, position=position, at=datetime(2026, 3, 3, 9, 0, tzinfo=UTC))
    with walls.asking_for(contract.seller_id):
        invoices = list(Invoice.objects.filter(contract=contract).order_by("pk"))
    bookings = []
    for at, (day, kind, which, has_reference) in enumerate(wanted):
        bill = invoices[int(which)]
        amounts = {
            "exact": bill.gross,
            "named short": bill.gross - 10,
            "named over": bill.gross + 10,
            "equal": bill.gross,
            "sum": invoices[0].gross + invoices[1].gross,
            "odd": D("7.77"),
            "out": D("-3.00"),
        }
        text = f"{name} {bill.number if kind in ('exact', 'named short', 'named over') else kind}"
        reference = f"{name}-{at}" if has_reference else ""
        bookings.append(Booking(FIRST + timedelta(days=day), amounts[kind], text, reference=reference))
    return Life(scenarios.member(billed.parties, "billing"), invoices, Bank(bookings), name)


def test_no_sequence_of_steps_loses_or_doubles_money(billed: Billed) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(movements(), st.lists(STEP, min_size=4, max_size=14))
    def lives(wanted: list[tuple[int, str, str, bool]], steps: list[tuple[str, ...]]) -> None:
        one = life(billed, wanted)
        with scenarios.acting(one.actor, at=AT):
            for name, *arguments in steps:
                getattr(one, name)(*arguments)
                one.is_true()

    lives()
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    call_command("verify_audit", stdout=out)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM invoicing_cashapplication")
        assert cursor.fetchone()[0] > 0


@pytest.fixture
def arrived(billed: Billed) -> Life:
    """One transaction that names nothing, and three invoices."""
    one = life(billed, [(0, "sum", "0", True)])
    with scenarios.acting(one.actor, at=AT):
        one.imports(0, 5, "camt")
    return one


def apply_at_once(one: Life, billed: Billed, *, role: str, invoice: Invoice) -> Callable[[], object]:
    actor = scenarios.member(billed.parties, role)
    with walls.asking_for(billed.contract.seller_id):
        row = BankTransaction.objects.get(text__contains=one.name)

    def act() -> object:
        with scenarios.acting(actor, at=AT):
            return statements.apply_transaction(
                actor=actor,
                key=scenarios.key(),
                transaction_ref=row.ref,
                parts=(Part(invoice.ref, invoice.number, row.amount),),
                how="by_hand",
            )

    return act


def test_two_people_apply_the_same_transaction_at_once(billed: Billed, arrived: Life) -> None:
    """To one invoice, and to invoices of two contracts, whose locks are not the same."""
    for first, second in ((arrived.invoices[0], arrived.invoices[0]), (arrived.invoices[1], billed.invoice)):
        answers = together(
            apply_at_once(arrived, billed, role="billing", invoice=first),
            apply_at_once(arrived, billed, role="seller", invoice=second),
        )
        assert sorted(isinstance(answer, Refused) for answer in answers) == [False, True], answers
        with scenarios.acting(arrived.actor, at=AT):
            assert CashApplication.objects.live().count() == 1
            arrived.is_true()
            arrived.undoes(0)
            arrived.is_true()


def test_somebody_applies_by_hand_while_the_rules_apply_and_a_payment_is_typed_in(billed: Billed) -> None:
    one = life(billed, [(0, "exact", "0", True)])
    bill = one.invoices[0]
    with scenarios.acting(one.actor, at=AT):
        content = camt(one.bank, FIRST, FIRST)
        file = statements.import_statements(
            actor=one.actor, key="f", read=read(content), file_name="f", file_sha256="0" * 64
        )["file"]
        one.covered = {0}
        row = BankTransaction.objects.get(text__contains=one.name)

    def asking(act: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            with scenarios.acting(one.actor, at=AT):
                return act()

        return run

    together(
        asking(lambda: statements.match_statements(actor=one.actor, file_ref=file)),
        asking(lambda: statements.match_statements(actor=one.actor, file_ref=file)),
        apply_at_once(one, billed, role="seller", invoice=one.invoices[1]),
        asking(
            lambda: billing.record_payment(
                actor=one.actor,
                key="typed",
                invoice_ref=bill.ref,
                amount=bill.gross,
                received_on=FIRST,
                bank_reference=row.bank_reference,
            )
        ),
    )
    with scenarios.acting(one.actor, at=AT):
        assert CashApplication.objects.count() <= 1
        assert Payment.objects.filter(allocations__invoice=bill).count() <= 1
        one.is_true()


def test_two_people_import_the_same_statement_at_once(billed: Billed) -> None:
    one = life(billed, [(0, "odd", "0", False), (0, "odd", "0", False), (1, "out", "0", True)])
    content = camt(one.bank, FIRST, FIRST + timedelta(days=5))
    other = mt940(one.bank, FIRST, FIRST + timedelta(days=5))

    def importing(role: str, what: bytes) -> Callable[[], object]:
        actor = scenarios.member(billed.parties, role)

        def act() -> object:
            with scenarios.acting(actor, at=AT):
                return statements.import_statements(
                    actor=actor,
                    key=scenarios.key(),
                    read=read(what),
                    file_name="f",
                    file_sha256=hashlib.sha256(what).hexdigest(),
                )

        return act

    answers = together(importing("billing", content), importing("seller", content), importing("seller", other))
    assert not any(isinstance(answer, Exception) for answer in answers), answers
    with scenarios.acting(one.actor, at=AT):
        assert BankTransaction.objects.filter(text__contains=one.name).count() == 3
