"""Bank statements in the seller's portal: uploaded, reported, reviewed, applied, set aside, taken back."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core import clock
from apps.invoicing.models import BankTransaction, Invoice, OpenItem, Payment, StatementFile
from apps.milestones.models import Milestone
from apps.workflows import statements as workflow
from tests import scenarios
from tests.invoicing.statements.bank import Bank, Booking, camt, csv
from tests.portals.seller.conftest import SignIn
from tests.scenarios import Parties, acting, line, software_draft

IMPORT = "/seller/statements/import/"
WHOLE = Decimal("14280.00")


@pytest.fixture
def invoice(parties: Parties) -> Invoice:
    """12,000.00 EUR and 19 % tax."""
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties))
    with acting(scenarios.seller_actor(parties)):
        return Invoice.objects.get(milestone=milestone)


def today() -> date:
    return clock.today("Europe/Berlin")


def paid(amount: str, text: str = "Danke", *, payer: str = "MERIDIAN LOGISTIK AG", number: int = 1) -> Booking:
    return Booking(today(), Decimal(amount), text, payer, reference=f"B{number}")


def sent(client: Client, content: bytes, *, name: str = "april.xml", **more: str) -> Any:
    data = {"key": scenarios.key(), "file": SimpleUploadedFile(name, content), **more}
    return client.post(IMPORT, data)


def imported(client: Client, *bookings: Booking) -> str:
    answer = sent(client, camt(Bank(list(bookings)), today(), today()))
    assert answer.status_code == 302
    return str(answer["Location"])


def transactions(parties: Parties) -> list[BankTransaction]:
    with acting(scenarios.seller_actor(parties)):
        return list(BankTransaction.objects.order_by("pk"))


def open_on(parties: Parties, invoice: Invoice) -> Decimal:
    with acting(scenarios.seller_actor(parties)):
        return OpenItem.objects.get(invoice=invoice).open


def page_of(row: BankTransaction) -> str:
    return reverse("seller:transaction", args=[row.ref])


def form_of(client: Client, address: str, name: str, **typed: str) -> dict[str, str]:
    form = client.get(address).context[name]
    return {"key": str(form["key"].value()), **typed}


def test_what_is_exact_is_recorded_and_the_report_says_so(seller: Client, parties: Parties, invoice: Invoice) -> None:
    report = imported(
        seller,
        paid("14280.00", f"Rechnung {invoice.number}"),
        paid("99.00", "Erstattung", payer="FINANZAMT", number=2),
        paid("-20.00", "Gebühren", payer="BANK", number=3),
    )
    answer = seller.get(report)
    assert answer.context["counts"] == {"waiting": 0, "applied": 1, "open": 1, "set_aside": 0, "noted": 1}
    (sums,) = answer.context["sums"]
    assert (sums["money_in"], sums["applied"], sums["money_out"]) == (Decimal("14379"), WHOLE, Decimal("-20"))
    assert open_on(parties, invoice) == 0
    listed = seller.get("/seller/statements/").content.decode()
    assert "april.xml" in listed
    assert "1 transaction needs you" in listed
    assert "1 bank transaction to look at" in seller.get("/seller/").content.decode()


def test_the_same_file_again_says_that_nothing_was_changed(seller: Client, parties: Parties, invoice: Invoice) -> None:
    first = imported(seller, paid("14280.00", invoice.number))
    assert imported(seller, paid("14280.00", invoice.number)) == first
    assert "This file was imported already. Nothing was changed" in seller.get(first).content.decode()
    assert len(transactions(parties)) == 1


def test_a_wrong_file_is_answered_line_by_line_and_nothing_is_kept(seller: Client, parties: Parties) -> None:
    text = "Buchungstag;Betrag;Verwendungszweck\n01.04.2026;12,50;x\n32.04.2026;1,00;y\n02.04.2026;viel;z\n"
    answer = sent(seller, text.encode(), name="april.csv", account="EUR DE89370400440532013000")
    assert answer.status_code == 422
    assert answer.context["problems"] == [
        (3, "“32.04.2026” is no day of the calendar."),
        (4, "“viel” is no amount."),
    ]
    assert "Nothing was imported: there are 2 problems" in answer.content.decode()
    with acting(scenarios.seller_actor(parties)):
        assert not StatementFile.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"%PDF-1.7", "This is a PDF"),
        (b"PK\x03\x04", "This is an archive"),
        (b"Buchungstag;Betrag\n01.04.2026;1,00\n", "does not say of which account it is"),
    ],
)
def test_what_is_no_statement_is_said_at_the_file(seller: Client, content: bytes, words: str) -> None:
    answer = sent(seller, content)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_statement_of_a_strange_account_is_refused(seller: Client, parties: Parties) -> None:
    bank = Bank([paid("1.00")], iban="DE75512108001245126199")
    answer = sent(seller, camt(bank, today(), today()))
    assert "which is none of your organisation&#x27;s" in answer.content.decode()
    assert transactions(parties) == []


def test_a_csv_file_needs_an_account(seller: Client, parties: Parties, invoice: Invoice) -> None:
    content = csv(Bank([paid("14280.00", invoice.number)]), today(), today())
    assert sent(seller, content, name="a.csv", account="EUR DE89370400440532013000").status_code == 302
    assert transactions(parties)[0].state == "applied"
    assert sent(seller, content, name="a.csv", account="EUR DE75512108001245126199").status_code == 422


def test_who_may_not_record_payments_sees_no_button_and_imports_nothing(signed_in: SignIn, parties: Parties) -> None:
    dario = signed_in("delivery")
    assert "Your role does not allow" in dario.get(IMPORT).content.decode()
    assert sent(dario, camt(Bank([paid("1.00")]), today(), today())).status_code == 422
    assert transactions(parties) == []


def test_a_proposal_is_shown_with_its_reasons_and_applied(seller: Client, parties: Parties, invoice: Invoice) -> None:
    imported(seller, paid("14000.00", f"Rechnung {invoice.number} abzgl. Skonto"))
    (row,) = transactions(parties)
    listed = seller.get("/seller/transactions/").content.decode()
    assert f"The payer names {invoice.number}." in listed
    shown = seller.get(page_of(row))
    (proposal,) = shown.context["offered"]
    assert proposal.reasons == (
        f"The payer names {invoice.number}.",
        "It is 280.00\xa0EUR less than is open on it.",
        "The payer's name is like that of Meridian Logistik AG.",
    )
    assert proposal.effects == (f"14,000.00\xa0EUR on {invoice.number}, which stays open with 280.00\xa0EUR.",)
    data = form_of(seller, page_of(row), "confirm", do="apply", seen=proposal.seen)
    assert seller.post(page_of(row), data).status_code == 302
    assert open_on(parties, invoice) == Decimal("280.00")
    # The same click once more leads to what was done.
    again = seller.post(page_of(row), data, follow=True)
    assert again.redirect_chain == [(page_of(row), 302)]
    assert "has applied this payment already" in again.content.decode()
    with acting(scenarios.seller_actor(parties)):
        assert Payment.objects.count() == 1
    assert invoice.number in seller.get("/seller/transactions/?state=applied").content.decode()


def test_a_proposal_that_does_not_stand_any_more_is_refused(seller: Client, parties: Parties, invoice: Invoice) -> None:
    imported(seller, paid("14000.00", invoice.number))
    (row,) = transactions(parties)
    (proposal,) = seller.get(page_of(row)).context["offered"]
    data = form_of(seller, page_of(row), "confirm", do="apply", seen=proposal.seen)
    imported(seller, paid("14280.00", invoice.number, number=2))
    answer = seller.post(page_of(row), data)
    assert answer.status_code == 422
    assert "This proposal does not stand any more" in answer.content.decode()
    assert f"names {invoice.number}, which is already paid in full" in answer.content.decode()


def test_by_hand_in_parts_over_several_invoices(seller: Client, parties: Parties) -> None:
    contract = scenarios.active_contract(parties)
    first, second = (scenarios.accepted_milestone(contract, position=position) for position in (1, 2))
    with acting(scenarios.seller_actor(parties)):
        bills = [Invoice.objects.get(milestone=one) for one in (first, second)]
    imported(seller, paid("20000.00", "Abschlag", payer="Jemand"))
    (row,) = transactions(parties)
    typed = {f"amount_{bills[0].ref}": "14,280.00", f"amount_{bills[1].ref}": "1e3"}
    answer = seller.post(page_of(row), form_of(seller, page_of(row), "allocate", do="allocate", **typed))
    assert answer.status_code == 422
    assert "14,280.00" in answer.content.decode()
    typed[f"amount_{bills[1].ref}"] = "5,000.00"
    assert (
        seller.post(page_of(row), form_of(seller, page_of(row), "allocate", do="allocate", **typed)).status_code == 302
    )
    assert [open_on(parties, bill) for bill in bills] == [0, Decimal("9280.00")]
    assert "720.00\xa0EUR left" in seller.get("/seller/transactions/").content.decode()
    found = seller.get(f"{page_of(row)}?q={bills[1].number}").context["allocate"].bills
    assert [bill.number for bill in found] == [bills[1].number]


def test_foreign_invoices_are_no_invoices(
    seller: Client, parties: Parties, strangers: Parties, invoice: Invoice
) -> None:
    theirs = scenarios.accepted_milestone(scenarios.active_contract(strangers))
    with acting(scenarios.seller_actor(strangers)):
        foreign = Invoice.objects.get(milestone=theirs)
    imported(seller, paid("10.00"))
    (row,) = transactions(parties)
    data = form_of(seller, page_of(row), "allocate", do="allocate", **{f"amount_{foreign.ref}": "10.00"})
    answer = seller.post(page_of(row), data)
    assert answer.status_code == 422
    assert "Enter for at least one invoice" in answer.content.decode()
    assert open_on(strangers, foreign) == WHOLE


def test_set_aside_and_taken_up_again(seller: Client, parties: Parties) -> None:
    imported(seller, paid("99.00", "Erstattung", payer="FINANZAMT"))
    (row,) = transactions(parties)
    nothing = seller.post(page_of(row), form_of(seller, page_of(row), "aside", do="set_aside", reason=" "))
    assert nothing.status_code == 422
    data = form_of(seller, page_of(row), "aside", do="set_aside", reason="A tax refund.")
    assert seller.post(page_of(row), data).status_code == 302
    assert "A tax refund." in seller.get("/seller/transactions/?state=set_aside").content.decode()
    assert seller.post(page_of(row), form_of(seller, page_of(row), "again", do="take_up")).status_code == 302
    assert transactions(parties)[0].state == "open"


def test_taking_back_says_what_it_does_and_does_it(seller: Client, parties: Parties, invoice: Invoice) -> None:
    imported(seller, paid("14280.00", invoice.number))
    (row,) = transactions(parties)
    address = reverse("seller:undo_transaction", args=[row.ref])
    assert f"{invoice.number} is open again with 14,280.00\xa0EUR more." in seller.get(address).content.decode()
    assert seller.post(address, form_of(seller, address, "form", reason="Wrong buyer.")).status_code == 302
    assert open_on(parties, invoice) == WHOLE
    assert transactions(parties)[0].state == "open"
    assert seller.get(address).status_code == 302


def test_an_assigned_invoice_takes_nothing_and_the_page_says_whose_the_money_is(
    seller: Client, parties: Parties, invoice: Invoice
) -> None:
    from tests.portals.seller.conftest import accepted_offer, opened_facility

    with acting(scenarios.seller_actor(parties)):
        milestone = Milestone.objects.select_related("contract").get(invoice=invoice)
    accepted_offer(parties, milestone, opened_facility(parties))
    imported(seller, paid("14280.00", invoice.number))
    (row,) = transactions(parties)
    assert row.state == "open"
    answer = seller.get(page_of(row))
    assert answer.context["offered"] == []
    assert "which is assigned: the money belongs to Kontor Capital GmbH" in answer.content.decode()


def test_many_transactions_are_matched_by_a_job_that_shows_how_far_it_is(
    seller: Client, parties: Parties, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "AT_ONCE", 1)
    report = imported(seller, paid("14280.00", invoice.number), paid("5.00", number=2))
    answer = seller.get(report).content.decode()
    assert "They are being matched: 0 of 2." in answer
    assert 'hx-trigger="every 2s"' in answer


def test_pages_ask_the_same_for_one_transaction_as_for_many(seller: Client, parties: Parties) -> None:
    def grow(number: int) -> str:
        lines = tuple(line(f"Step {step}", 20) for step in range(5))
        contract = scenarios.active_contract(parties, draft=software_draft(parties, number=f"A{number}", lines=lines))
        bookings = []
        for position in range(1, number + 1):
            milestone = scenarios.accepted_milestone(contract, position=position)
            with acting(scenarios.seller_actor(parties)):
                bill = Invoice.objects.get(milestone=milestone)
            bookings += [
                paid(str(bill.gross), bill.number, number=10 * number + position),
                replace(paid("77.00", f"{bill.number} again"), on=today() - timedelta(days=position)),
                paid("-1.00", "Fee", number=100 * number + position),
            ]
        first = today() - timedelta(days=9)
        answer = sent(seller, camt(Bank(bookings), first, today(), number=str(number)))
        assert answer.status_code == 302
        return str(answer["Location"])

    def asked(address: str) -> int:
        seller.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert seller.get(address).status_code == 200
        return len(queries)

    def pages(report: str) -> list[int]:
        states = ("open", "applied", "noted")
        row = next(one for one in transactions(parties) if one.state == "open")
        return [
            asked(address)
            for address in (
                "/seller/statements/",
                report,
                *(f"/seller/transactions/?state={state}" for state in states),
                page_of(row),
            )
        ]

    before = pages(grow(1))
    assert pages(grow(4)) == before
