"""Acceptance bills, payment settles: whole stories, once each, all or nothing, and proven by ``verify_ledger``."""

# Fixtures are imported by name.
# ruff: noqa: F811

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from apps.contracts.drafts import ContractDraft, DraftCriterion
from apps.core.database import walls
from apps.core.errors import KeyReused, Refused
from apps.invoicing.models import Invoice, NumberSeries, OpenItem, Payment
from apps.milestones.models import Submission
from apps.parties.actor import Actor
from apps.workflows import billing, sign_off
from apps.workflows.once import Answer
from tests import scenarios
from tests.invoicing.conftest import ACCEPTED_AT, Billed, billed, story, untouched  # noqa: F401
from tests.races import together

D = Decimal
PAID_AT = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)


def _record(billed: Billed, *, actor: Actor | None = None, key: str = "k", **changes: Any) -> Answer:
    actor = actor or scenarios.member(billed.parties, "billing")
    arguments: dict[str, Any] = {
        "invoice_ref": billed.invoice.ref,
        "amount": D("14280.00"),
        "received_on": date(2026, 4, 1),
        "bank_reference": "STMT-77/3",
    }
    with scenarios.acting(actor, at=PAID_AT):
        return billing.record_payment(actor=actor, key=key, **(arguments | changes))


def _accept(submission: Submission, guest: Actor, *, key: str) -> Answer:
    with scenarios.acting(guest, at=ACCEPTED_AT):
        return sign_off.accept_milestone(actor=guest, key=key, submission_ref=submission.ref, seen=submission.sha256)


def _verified() -> str:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)
    return out.getvalue()


def _jobs() -> list[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs ORDER BY id")
        return [name.rpartition(".")[2] for (name,) in cursor.fetchall()]


# --- acceptance issues the invoice ---------------------------------------------------------------------------------


def test_acceptance_answers_the_number_and_defers_document_and_mail(billed: Billed) -> None:
    submission = scenarios.submitted_milestone(billed.contract, position=2, at=ACCEPTED_AT)
    before = len(_jobs())
    answer = _accept(submission, scenarios.guest_actor(scenarios.link_to_sign_off(submission)), key="k")
    with walls.asking_for(billed.contract.seller_id):
        invoice = Invoice.objects.get(milestone__ref=answer["milestone"])
    assert (answer["number"], answer["invoice"]) == ("INV-2026-0002", invoice.ref)
    assert invoice.number == "INV-2026-0002"
    assert _jobs()[before:] == ["render_invoice", "send_acceptance", "recognise_revenue", "make_certificate"]
    _verified()


def test_twenty_acceptances_of_one_milestone_make_one_invoice(billed: Billed) -> None:
    submission = scenarios.submitted_milestone(billed.contract, position=2, at=ACCEPTED_AT)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    outcomes = together(*[partial(_accept, submission, guest, key=f"k{n}") for n in range(20)])
    answers = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (len(answers), len(refusals)) == (1, 19)
    with walls.asking_for(billed.contract.seller_id):
        assert Invoice.objects.count() == 2
        assert NumberSeries.objects.get().last == 2
    _verified()


def test_a_hundred_invoices_from_many_connections_are_numbered_1_to_100(scratch: str) -> None:
    parties = scenarios.organisations()
    contracts = [
        scenarios.active_contract(parties, draft=_ten_parts(parties, number=f"C-{number}")) for number in range(10)
    ]
    submissions = [
        scenarios.submitted_milestone(contract, position=position)
        for contract in contracts
        for position in range(1, 11)
    ]
    guests = [scenarios.guest_actor(scenarios.link_to_sign_off(submission)) for submission in submissions]
    answers: list[Any] = []
    # Ten contracts at once, each from a connection of its own; within a contract acceptances queue anyway.
    for first in range(10):
        answers += together(
            *[
                partial(
                    _accept,
                    submissions[contract * 10 + first],
                    guests[contract * 10 + first],
                    key=f"{contract} {first}",
                )
                for contract in range(10)
            ]
        )
    assert [answer for answer in answers if not isinstance(answer, dict)] == []
    with walls.asking_for(parties.seller.pk):
        numbers = set(Invoice.objects.values_list("number", flat=True))
    assert numbers == {f"INV-2026-{n:04d}" for n in range(1, 101)}
    assert {answer["number"] for answer in answers} == numbers
    _verified()


def _ten_parts(parties: scenarios.Parties, *, number: str) -> ContractDraft:
    criteria = (DraftCriterion("It is done."),)
    lines = tuple(replace(scenarios.line(f"Part {n}", 10), criteria=criteria) for n in range(1, 11))
    return scenarios.software_draft(parties, number=number, lines=lines)


def test_what_fails_after_the_number_was_drawn_gives_the_number_back(billed: Billed) -> None:
    submission = scenarios.submitted_milestone(billed.contract, position=2, at=ACCEPTED_AT)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "procrastinate_defer" in sql:
            raise ConnectionError("the queue is away")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail), pytest.raises(ConnectionError):
        _accept(submission, guest, key="k")
    with walls.asking_for(billed.contract.seller_id):
        assert Invoice.objects.count() == 1
        assert NumberSeries.objects.get().last == 1
    assert _accept(submission, guest, key="k")["number"] == "INV-2026-0002"
    _verified()


def test_an_acceptance_costs_no_more_statements_than_it_did(billed: Billed) -> None:
    submission = scenarios.submitted_milestone(billed.contract, position=2, at=ACCEPTED_AT)
    guest = scenarios.guest_actor(scenarios.link_to_sign_off(submission))
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        _accept(submission, guest, key="k")
    # Two of them ask for the guest and leave again; they belong to the request and not to the acceptance.
    assert len(statements) - 2 <= MOST_STATEMENTS, "\n".join(statements)


MOST_STATEMENTS = 44
"""Lower it when an acceptance gets cheaper; never raise it for comfort."""


# --- payment settles -----------------------------------------------------------------------------------------------


def test_a_recorded_payment_settles_the_invoice_and_the_books_agree(billed: Billed) -> None:
    answer = _record(billed)
    with walls.asking_for(billed.contract.seller_id):
        assert Payment.objects.get().ref == answer["payment"]
        assert OpenItem.objects.get().open == 0
    assert "nothing differs" in _verified()


def test_an_over_payment_is_in_the_books_too(billed: Billed) -> None:
    _record(billed, amount=D("15000.00"))
    assert "nothing differs" in _verified()


def test_a_second_click_records_nothing_more(billed: Billed) -> None:
    assert _record(billed, amount=D("100.00")) == _record(billed, amount=D("100.00"))
    with walls.asking_for(billed.contract.seller_id):
        assert Payment.objects.count() == 1
    with pytest.raises(KeyReused):
        _record(billed, amount=D("200.00"))


def test_two_payments_at_once_never_settle_more_than_is_owed(billed: Billed) -> None:
    outcomes = together(
        *[partial(_record, billed, key=f"k{n}", amount=D("14000.00"), bank_reference=f"STMT-{n}") for n in range(3)]
    )
    # The first settles most of it, the second the rest and leaves a part unapplied, the third finds nothing open.
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "dict", "dict"]
    with walls.asking_for(billed.contract.seller_id):
        assert OpenItem.objects.get().paid == D("14280.00")
    assert "nothing differs" in _verified()


def test_the_same_bank_line_from_two_people_at_once_is_recorded_once(billed: Billed) -> None:
    outcomes = together(*[partial(_record, billed, key=f"k{n}", amount=D("1.00")) for n in range(4)])
    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
    with walls.asking_for(billed.contract.seller_id):
        assert OpenItem.objects.get().paid == 1


def test_a_stranger_finds_no_such_invoice(billed: Billed) -> None:
    strangers = scenarios.organisations("Foreign")
    with pytest.raises(Refused, match="no such invoice"):
        _record(billed, actor=scenarios.seller_actor(strangers))


# --- the document --------------------------------------------------------------------------------------------------


def test_a_document_that_was_given_up_is_asked_for_again(billed: Billed) -> None:
    sina = scenarios.seller_actor(billed.parties)
    before = len(_jobs())
    with scenarios.acting(sina):
        billing.retry_document(actor=sina, key="k", invoice_ref=billed.invoice.ref)
    assert _jobs()[before:] == ["render_invoice"]


# --- what the verifier finds ---------------------------------------------------------------------------------------


def _found_after(statement: str) -> str:
    """What the verifier says after a superuser changed something with all triggers switched off; undone afterwards."""
    out = io.StringIO()
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        assert cursor.rowcount >= 1
        with pytest.raises(CommandError, match="differences in"):
            call_command("verify_ledger", stdout=out)
        transaction.set_rollback(True, using="owner")
    return out.getvalue()


@pytest.mark.parametrize(
    ("statement", "sentence", "difference"),
    [
        (
            "UPDATE ledger_line SET amount = amount + 1 WHERE amount > 0 AND key LIKE 'invoice:%'",
            "Every entry has two lines or more",
            "differs by +1.000",
        ),
        (
            "UPDATE ledger_balance SET amount = amount - 0.01 WHERE key LIKE 'invoice:%'",
            "Every balance is the sum of its lines",
            "differs by -0.010",
        ),
        ("DELETE FROM ledger_balance WHERE key = ''", "Every balance is the sum of its lines", "2100 Output tax"),
        (
            "UPDATE ledger_balance SET amount = -amount WHERE key LIKE 'invoice:%'",
            "No one-sided balance has changed its sign",
            "1100 Receivables",
        ),
        (
            "UPDATE invoicing_openitem SET open = open - 10, gross = gross - 10",
            "Receivables are, invoice by invoice, the open items",
            "expected 14270.000, found 14280.000, differs by +10.000",
        ),
        ("UPDATE invoicing_numberseries SET last = 3", "run from 1 without a gap", "INV-2026"),
        ("UPDATE invoicing_numberseries SET head = ''", "The head of every series", "INV-2026"),
        (
            "UPDATE invoicing_invoice SET series_position = 2, number = 'INV-2026-0002'",
            "run from 1 without a gap",
            "INV-2026",
        ),
        ("UPDATE invoicing_invoice SET number = 'INV-2026-0007'", "number of its place", "INV-2026-0007"),
        (
            "UPDATE invoicing_invoice SET snapshot = replace(snapshot, 'Prototype', 'Prototypes')",
            "Every snapshot has the hash",
            "INV-2026-0001",
        ),
        (
            "UPDATE invoicing_invoice SET chain_sha256 = repeat('0', 64)",
            "chained to the one before",
            "INV-2026-0001",
        ),
        (
            "UPDATE invoicing_invoice SET tax = tax + 1, gross = gross + 1",
            "repeats the totals of its snapshot",
            "differs by +1.000",
        ),
        ("UPDATE invoicing_invoiceline SET net = net - 1", "lines of every invoice add up", "differs by -1.000"),
        ("UPDATE milestones_milestone SET amount = 1 WHERE position = 1", "accepted milestone is billed", "Prototype"),
        ("UPDATE ledger_entry SET cause = 'other'", "Every invoice is posted", "INV-2026-0001"),
        (
            "UPDATE invoicing_openitem SET paid = 5, open = gross - 5",
            "what was allocated to its invoice",
            "differs by +5.000",
        ),
    ],
)
def test_the_verifier_names_what_differs_and_by_how_much(
    untouched: Billed, statement: str, sentence: str, difference: str
) -> None:
    found = _found_after(statement)
    assert sentence in found
    assert difference in found


def test_an_unapplied_receipt_that_was_forgotten_is_found(billed: Billed) -> None:
    _record(billed, amount=D("15000.00"))
    found = _found_after("UPDATE ledger_balance SET amount = amount + 1 WHERE key LIKE 'payment:%'")
    assert "Unapplied receipts are, payment by payment, what is not allocated" in found
    assert "expected -720.000, found -719.000, differs by +1.000" in found
