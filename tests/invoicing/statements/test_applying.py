"""From a statement to the book: what is certain is applied once, the rest waits, and every step back is a step."""

# Fixtures are imported by name.
# ruff: noqa: F811

import hashlib
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.management import call_command

from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing.models import (
    Allocation,
    BankStatement,
    BankTransaction,
    CashApplication,
    Invoice,
    OpenItem,
    Payment,
    StatementFile,
)
from apps.invoicing.rules import Part, creditor_reference
from apps.invoicing.statements.reading import read
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.workflows import billing, jobs, statements
from apps.workflows.worker import run_due_jobs
from tests import scenarios
from tests.invoicing.conftest import Billed, billed, story, untouched  # noqa: F401
from tests.invoicing.statements.bank import Bank, Booking, camt, csv, mt940

D = Decimal
AT = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)
DAY = date(2026, 4, 2)
NUMBER = "INV-2026-0001"
WHOLE = D("14280.00")


def imported(billed: Billed, content: bytes, *, role: str = "billing", account: str = "", match: bool = True) -> str:
    actor = scenarios.member(billed.parties, role)
    with scenarios.acting(actor, at=AT):
        found = read(content, currency="EUR")
        assert found.problems == ()
        answer = statements.import_statements(
            actor=actor,
            key=scenarios.key(),
            read=found,
            file_name="statement",
            file_sha256=hashlib.sha256(content).hexdigest(),
            account=account,
        )
        if match:
            statements.match_statements(actor=actor, file_ref=answer["file"])
    return answer["file"]


def one(amount: str = "14280.00", text: str = f"Rechnung {NUMBER}", **changes: object) -> Bank:
    values = {"on": DAY, "amount": D(amount), "text": text, "reference": "B1", **changes}
    return Bank([Booking(**values)])  # type: ignore[arg-type]


def written(bank: Bank) -> bytes:
    return camt(bank, DAY, DAY)


def in_form(form: str, bank: Bank) -> bytes:
    if form == "camt":
        return camt(bank, DAY, DAY)
    return mt940(bank, DAY, DAY) if form == "mt940" else csv(bank, DAY, DAY)


def transaction(billed: Billed) -> BankTransaction:
    with walls.asking_for(billed.contract.seller_id):
        return BankTransaction.objects.select_related("account").get()


def open_on(billed: Billed) -> Decimal:
    with walls.asking_for(billed.contract.seller_id):
        return OpenItem.objects.get(invoice=billed.invoice).open


def balance(billed: Billed, account: str) -> Decimal:
    with walls.asking_for(billed.contract.seller_id):
        return ledger.balance(
            organisation_id=billed.contract.seller_id,
            currency="EUR",
            purpose=ledger.Purpose.SELLER,
            account=account,
        )


def applied(billed: Billed, *amounts: str, how: str = "by_hand", key: str = "k", role: str = "billing") -> None:
    actor = scenarios.member(billed.parties, role)
    with scenarios.acting(actor, at=AT):
        statements.apply_transaction(
            actor=actor,
            key=key,
            transaction_ref=BankTransaction.objects.get().ref,
            parts=tuple(Part(billed.invoice.ref, NUMBER, D(amount)) for amount in amounts),
            how=how,
        )


def undone(billed: Billed, *, key: str = "u") -> None:
    actor = scenarios.member(billed.parties, "billing")
    with scenarios.acting(actor, at=AT):
        statements.undo_transaction(
            actor=actor, key=key, transaction_ref=BankTransaction.objects.get().ref, reason="Another buyer's money."
        )


def verified() -> None:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    call_command("verify_audit", stdout=out)


@pytest.mark.parametrize("form", ["camt", "mt940", "csv"])
def test_what_names_an_invoice_and_pays_all_of_it_is_applied(billed: Billed, form: str) -> None:
    bank = one()
    account = "EUR DE89370400440532013000" if form == "csv" else ""
    imported(billed, in_form(form, bank), account=account)
    assert open_on(billed) == 0
    found = transaction(billed)
    assert (found.state, found.unapplied) == ("applied", D(0))
    with walls.asking_for(billed.contract.seller_id):
        made = CashApplication.objects.select_related("payment").get()
        assert (made.how, made.applied_by_name) == ("exact", "Bilge Aydin")
        assert (made.payment.amount, made.payment.received_on, made.payment.bank_reference) == (WHOLE, DAY, "B1")
        assert Allocation.objects.get().invoice_id == billed.invoice.pk
    assert balance(billed, Seller.BANK) == WHOLE
    verified()


def test_a_structured_reference_names_an_invoice(billed: Billed) -> None:
    imported(billed, written(one(text="Danke", structured=creditor_reference(NUMBER))))
    assert transaction(billed).state == "applied"


@pytest.mark.parametrize(
    "bank",
    [
        one("14279.99"),
        one("14280.01"),
        one(text="Rechnung"),
        one(text="Rechnung INV-2026-00010"),
        one(structured="RF99INV20260001", text=""),
        one(on=date(2026, 3, 1)),
    ],
)
def test_everything_else_waits_for_a_person(billed: Billed, bank: Bank) -> None:
    imported(billed, camt(bank, date(2026, 3, 1), DAY))
    assert transaction(billed).state == "open"
    assert open_on(billed) == WHOLE
    with walls.asking_for(billed.contract.seller_id):
        assert not Payment.objects.exists()


def test_an_invoice_beside_one_that_is_paid_is_not_certain(billed: Billed) -> None:
    """The payer names two, and perhaps means the other."""
    second = scenarios.accepted_milestone(billed.contract, position=2, at=datetime(2026, 3, 4, 9, 0, tzinfo=UTC))
    imported(billed, written(one()))
    with walls.asking_for(billed.contract.seller_id):
        other = Invoice.objects.get(milestone=second)
    both = one(str(other.gross), f"{NUMBER} und {other.number}", reference="B2")
    imported(billed, camt(both, DAY, DAY, number="8"))
    with walls.asking_for(billed.contract.seller_id):
        assert BankTransaction.objects.get(bank_reference="B2").state == "open"


def test_money_out_is_shown_and_never_matched(billed: Billed) -> None:
    imported(billed, written(one("-14280.00")))
    found = transaction(billed)
    assert (found.state, found.unapplied) == ("noted", D(0))
    with pytest.raises(IllegalTransition, match="money that left the account"):
        applied(billed, "1.00")


def test_the_same_file_and_the_same_transaction_again_change_nothing(billed: Billed) -> None:
    first = imported(billed, written(one()))
    assert imported(billed, written(one())) == first
    again = imported(billed, camt(one(), DAY, DAY, number="8", version="02"))
    assert again != first
    by_other_format = imported(billed, mt940(one(), DAY, DAY))
    with walls.asking_for(billed.contract.seller_id):
        assert BankTransaction.objects.count() == 1
        assert Payment.objects.count() == 1
        assert [(f.brought, f.known) for f in StatementFile.objects.order_by("pk")] == [(1, 0), (0, 1), (0, 1)]
        assert BankStatement.objects.filter(file__ref=by_other_format).get().entries == WHOLE
    verified()


def test_two_equal_transactions_of_a_day_are_two(billed: Billed) -> None:
    bank = Bank([Booking(DAY, D("10.00"), "x"), Booking(DAY, D("10.00"), "x")])
    imported(billed, written(bank))
    imported(billed, camt(bank, DAY, DAY, number="8"))
    with walls.asking_for(billed.contract.seller_id):
        assert BankTransaction.objects.count() == 2


def test_a_job_matches_what_nobody_waited_for(billed: Billed) -> None:
    imported(billed, written(one()), match=False)
    assert transaction(billed).state == "waiting"
    with scenarios.acting(scenarios.member(billed.parties, "billing"), at=AT):
        assert run_due_jobs() > 0
    assert transaction(billed).state == "applied"
    file = imported(billed, written(one()))
    jobs.match_statements.func(file_ref=file, organisation_id=billed.contract.seller_id)
    with walls.asking_for(billed.contract.seller_id):
        assert Payment.objects.count() == 1


def test_who_may_not_record_payments_imports_nothing(untouched: Billed) -> None:
    with pytest.raises(NotAllowed, match="record payments"):
        imported(untouched, written(one()), role="delivery")
    with walls.asking_for(untouched.contract.seller_id):
        assert not StatementFile.objects.exists()


def test_a_statement_of_a_strange_account_is_refused_with_its_line(untouched: Billed) -> None:
    bank = one()
    bank.iban = "DE75512108001245126199"
    with pytest.raises(Refused, match="Line 4: the statement is of the account DE7551"):
        imported(untouched, written(bank))
    bank.iban, bank.currency = "DE89370400440532013000", "USD"
    with pytest.raises(Refused, match="is in USD, and your account DE8937"):
        imported(untouched, written(bank))
    with walls.asking_for(untouched.contract.seller_id):
        assert not StatementFile.objects.exists()


def test_parts_are_applied_until_nothing_is_left(billed: Billed) -> None:
    imported(billed, written(one("14000.00", "Danke")))
    applied(billed, "4000.00", key="1")
    found = transaction(billed)
    assert (found.state, found.unapplied) == ("open", D(10000))
    with pytest.raises(Refused, match=r"only 10000\.00 EUR of this payment are left"):
        applied(billed, "10000.01", key="2")
    applied(billed, "10000.00", key="3")
    assert transaction(billed).state == "applied"
    assert open_on(billed) == D("280.00")
    with walls.asking_for(billed.contract.seller_id):
        assert list(Payment.objects.order_by("pk").values_list("bank_reference", flat=True)) == ["B1 /1", "B1 /2"]
    verified()


def test_more_than_is_open_stays_on_the_payment(billed: Billed) -> None:
    imported(billed, written(one("14300.00")))
    applied(billed, "14300.00")
    assert open_on(billed) == 0
    assert balance(billed, Seller.UNAPPLIED_RECEIPTS) == D("-20.00")
    with pytest.raises(IllegalTransition, match="applied this payment already"):
        applied(billed, "1.00", key="again")


def test_undoing_opens_the_invoice_and_the_transaction(billed: Billed) -> None:
    imported(billed, written(one()))
    undone(billed)
    found = transaction(billed)
    assert (found.state, found.unapplied) == ("open", WHOLE)
    assert open_on(billed) == WHOLE
    # The rules apply nothing that somebody took back; a person may.
    imported(billed, camt(one(), DAY, DAY, number="8"))
    assert transaction(billed).state == "open"
    applied(billed, "14280.00")
    assert open_on(billed) == 0
    verified()


def test_a_payment_that_is_reversed_on_its_invoice_frees_the_transaction_too(billed: Billed) -> None:
    imported(billed, written(one()))
    bilge = scenarios.member(billed.parties, "billing")
    with scenarios.acting(bilge, at=AT):
        payment = Payment.objects.get()
        billing.reverse_payment(actor=bilge, key="r", payment_ref=payment.ref, reason="Wrong.")
    assert transaction(billed).state == "open"
    with pytest.raises(Refused, match="Nothing of this transaction is applied"):
        undone(billed)


def test_setting_aside_and_taking_up(billed: Billed) -> None:
    imported(billed, written(one("99.00", "Steuererstattung")))
    bilge = scenarios.member(billed.parties, "billing")
    ref = transaction(billed).ref
    with scenarios.acting(bilge, at=AT):
        with pytest.raises(Refused, match="Say what this money is"):
            statements.set_aside_transaction(actor=bilge, key="0", transaction_ref=ref, reason=" ")
        statements.set_aside_transaction(actor=bilge, key="1", transaction_ref=ref, reason="A tax refund.")
    with pytest.raises(IllegalTransition, match="Take it up again first"):
        applied(billed, "99.00")
    with scenarios.acting(bilge, at=AT):
        statements.take_up_transaction(actor=bilge, key="2", transaction_ref=ref)
    assert (transaction(billed).state, transaction(billed).reason) == ("open", "")
    verified()
