"""The page of an invoice that needs no account: what it shows, to whom, until when, and the questions asked there."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client

from apps.audit.models import Entry
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Delivery, Invoice, InvoiceLink, InvoiceQuestion
from apps.invoicing.services import reissuing
from apps.parties import tokens
from apps.parties.actor import Actor, ActorKind
from apps.workflows import billing, crediting, hosting, hosting_jobs, jobs
from tests import corrections, disputes, scenarios
from tests.scenarios import Parties, acting, key, member

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = AT + timedelta(days=3)


@pytest.fixture
def invoice(parties: Parties) -> Invoice:
    """14,280.00 EUR, with its document, on its way to the buyer."""
    milestone = scenarios.accepted_milestone(scenarios.active_contract(parties, at=AT), at=AT)
    with walls.asking_for(parties.seller.pk):
        found = Invoice.objects.get(milestone=milestone)
    with clock.stopped(LATER):
        jobs.render_invoice.func(invoice_ref=found.ref, organisation_id=found.seller_id)
    return found


def link_of(invoice: Invoice) -> InvoiceLink:
    with walls.asking_for(invoice.seller_id):
        return InvoiceLink.objects.get(invoice=invoice, revoked_at__isnull=True)


def shown(invoice: Invoice, path: str = "", *, token: str = "") -> str:
    with clock.stopped(LATER):
        response = Client().get(f"/i/{token or invoicing.token_of(link_of(invoice))}/{path}")
    assert response.status_code == 200, response.status_code
    return str(response.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def state(invoice: Invoice) -> tuple[int, int]:
    views = link_of(invoice).views
    with walls.asking_for(invoice.seller_id):
        return views, Entry.objects.count()


def questions(invoice: Invoice) -> list[InvoiceQuestion]:
    with walls.asking_for(invoice.seller_id):
        return list(InvoiceQuestion.objects.filter(invoice=invoice))


class TestPage:
    def test_it_says_what_is_owed_how_to_pay_and_gives_the_files(self, parties: Parties, invoice: Invoice) -> None:
        before = state(invoice)
        text = shown(invoice)
        assert "14,280.00 EUR" in text
        assert "DE89 3704 0044 0532 0130 00" in text
        assert 'data-copy="DE89370400440532013000"' in text
        assert "QR code to pay 14,280.00 EUR" in text
        assert state(invoice) == before, "GET changes nothing"
        token = invoicing.token_of(link_of(invoice))
        for name, kind in (("invoice.pdf", "application/pdf"), ("invoice.xml", "application/xml")):
            response = Client().get(f"/i/{token}/{name}")
            assert (response.status_code, response["Content-Type"]) == (200, kind)
            assert response["X-Robots-Tag"] == "noindex, nofollow, noarchive"
            assert response["Referrer-Policy"] == "strict-origin", "the path, which holds the token, is never sent"
            assert "no-store" in response["Cache-Control"]
            assert b"".join(response.streaming_content)  # type: ignore[attr-defined]
        Client().post(f"/i/{token}/viewed/")
        Client().post(f"/i/{token}/viewed/")
        link = link_of(invoice)
        assert (link.views, link.first_viewed_at is not None) == (2, True)
        assert link.token_sha256 == tokens.digest_of(token)
        assert token not in str(vars(link)), "the token itself is kept nowhere"

    def test_it_is_in_the_mail(self, parties: Parties, invoice: Invoice) -> None:
        with walls.asking_for(invoice.seller_id):
            delivery = Delivery.objects.get(invoice=invoice)
        mail.outbox.clear()
        jobs.send_invoice.func(delivery_ref=delivery.ref, organisation_id=delivery.buyer_id)
        assert f"http://testserver/i/{invoicing.token_of(link_of(invoice))}/" in str(mail.outbox[0].body)

    def test_it_follows_payments_and_credits(self, parties: Parties, invoice: Invoice) -> None:
        with acting(member(parties, "seller"), at=LATER) as actor:
            billing.record_payment(
                actor=actor,
                key=key(),
                invoice_ref=invoice.ref,
                amount=Decimal("4000.00"),
                received_on=LATER.date(),
                bank_reference="A",
            )
        text = shown(invoice)
        assert "Received on 5 Mar 2026" in text
        assert "10,280.00 EUR" in text
        note = corrections.credited(parties, invoice.ref, "1000.00", reason="Too dear")
        text = shown(invoice)
        assert note.number in text
        assert "9,090.00 EUR" in text, "1,000.00 net are 1,190.00 with tax"
        with acting(member(parties, "seller"), at=LATER) as actor:
            billing.record_payment(
                actor=actor,
                key=key(),
                invoice_ref=invoice.ref,
                amount=Decimal("9090.00"),
                received_on=LATER.date(),
                bank_reference="B",
            )
        text = shown(invoice)
        assert "nothing. The invoice is paid." in text
        assert "QR code to pay" not in text, "nobody is asked to pay twice"

    def test_nobody_is_told_to_pay_what_is_in_dispute(self, parties: Parties, invoice: Invoice) -> None:
        assert "you pay Nordlicht Software GmbH, due on" in shown(invoice)
        disputes.on_invoice(invoice.ref, actor=member(parties, "payables"), at=LATER)
        text = shown(invoice)
        assert "Disputed, not asked for now" in text
        assert "you pay" not in text

    def test_a_wrong_token_and_a_token_of_another_purpose_open_nothing(
        self, parties: Parties, invoice: Invoice
    ) -> None:
        link = link_of(invoice)
        for token in ("t" * 43, tokens.token_for(purpose="guest_grant", ref=link.ref), "short"):
            assert Client().get(f"/i/{token}/").status_code == 404
        assert Client().get(f"/s/{invoicing.token_of(link)}/").status_code == 404

    def test_it_is_closed_and_opened_anew(self, parties: Parties, invoice: Invoice) -> None:
        old = invoicing.token_of(link_of(invoice))
        with acting(member(parties, "delivery"), at=LATER) as dario, pytest.raises(NotAllowed):
            hosting.revoke_invoice_link(actor=dario, key=key(), invoice_ref=invoice.ref)
        with acting(member(parties, "buyer"), at=LATER) as buyer, pytest.raises(Refused, match="among yours"):
            hosting.revoke_invoice_link(actor=buyer, key=key(), invoice_ref=invoice.ref)
        with acting(member(parties, "billing"), at=LATER) as bilge:
            hosting.revoke_invoice_link(actor=bilge, key=key(), invoice_ref=invoice.ref)
            with pytest.raises(Refused, match="no link"):
                hosting.revoke_invoice_link(actor=bilge, key=key(), invoice_ref=invoice.ref)
        answer = Client().get(f"/i/{old}/")
        assert answer.status_code == 410
        assert invoice.number not in answer.content.decode()
        assert [Client().get(f"/i/{old}/{path}").status_code for path in ("invoice.pdf", "ask/")] == [404, 404]
        with acting(member(parties, "billing"), at=LATER + timedelta(days=1)) as bilge:
            delivery = billing.resend_invoice(actor=bilge, key=key(), invoice_ref=invoice.ref)
        mail.outbox.clear()
        jobs.send_invoice.func(delivery_ref=delivery["delivery"], organisation_id=invoice.buyer_id)
        assert "/i/" not in str(mail.outbox[0].body), "sending again does not open what was closed"
        with acting(member(parties, "billing"), at=LATER) as bilge:
            one = key()
            again = [hosting.renew_invoice_link(actor=bilge, key=one, invoice_ref=invoice.ref) for _twice in "ab"]
        assert again[0] == again[1]
        assert invoice.number in shown(invoice)
        assert Client().get(f"/i/{old}/").status_code == 410


class TestQuestions:
    def test_asked_without_an_account_and_answered_to_the_buyers_mailboxes(
        self, parties: Parties, invoice: Invoice
    ) -> None:
        token = invoicing.token_of(link_of(invoice))
        browser = Client()
        page = browser.get(f"/i/{token}/ask/").content.decode()
        found = re.search(r'name="key" value="([^"]+)"', page)
        assert found
        sent = {"key": found[1], "name": "Ina Weber", "text": "Which order is it for?"}
        assert browser.post(f"/i/{token}/ask/", {**sent, "name": ""}).status_code == 422
        for _twice in "ab":
            with clock.stopped(LATER):
                answer = browser.post(f"/i/{token}/ask/", sent)
            assert answer["Location"] == f"/i/{token}/#questions"
        (asked,) = questions(invoice)
        assert (asked.name, asked.user_id, asked.link_id) == ("Ina Weber", None, link_of(invoice).pk)
        mail.outbox.clear()
        hosting_jobs.send_invoice_question.func(question_ref=asked.ref, organisation_id=invoice.seller_id)
        letter = mail.outbox[0]
        assert "Which order is it for?" in str(letter.body)
        assert f"/seller/invoice-questions/{asked.ref}/" in str(letter.body)
        with acting(member(parties, "delivery"), at=LATER) as dario, pytest.raises(NotAllowed):
            hosting.answer_about_invoice(actor=dario, key=key(), question_ref=asked.ref, text="No.")
        with acting(member(parties, "billing"), at=LATER) as bilge:
            hosting.answer_about_invoice(actor=bilge, key=key(), question_ref=asked.ref, text="For A-17.")
            with pytest.raises(IllegalTransition, match="answered this question already"):
                hosting.answer_about_invoice(actor=bilge, key=key(), question_ref=asked.ref, text="For A-18.")
        mail.outbox.clear()
        hosting_jobs.send_invoice_answer.func(question_ref=asked.ref, organisation_id=invoice.buyer_id)
        assert "For A-17." in str(mail.outbox[0].body)
        assert mail.outbox[0].to == ["einkauf@meridian.example", "bea@meridian.example", "paul@meridian.example"]
        assert "For A-17." in shown(invoice)

    def test_a_member_asks_in_the_portal_and_strangers_do_not(self, parties: Parties, invoice: Invoice) -> None:
        with acting(member(parties, "payables"), at=LATER) as petra:
            hosting.ask_about_invoice(actor=petra, key=key(), invoice_ref=invoice.ref, text="Why?")
        with (
            acting(member(parties, "seller"), at=LATER) as sina,
            pytest.raises(Refused, match="no such invoice for you"),
        ):
            hosting.ask_about_invoice(actor=sina, key=key(), invoice_ref=invoice.ref, text="Why?")
        guest = Actor(ActorKind.GUEST, organisation_id=invoice.buyer_id, contract_id=invoice.contract_id)
        for link_ref in ("", "2222222222222222"):
            with acting(guest, at=LATER), pytest.raises(NotAllowed, match="does not work"):
                hosting.ask_about_invoice(
                    actor=guest, key=key(), invoice_ref=invoice.ref, text="Why?", name="X", link_ref=link_ref
                )
        assert len(questions(invoice)) == 1

    def test_nobody_of_another_party_asks_in_the_buyers_place(self, parties: Parties, invoice: Invoice) -> None:
        page = f"/i/{invoicing.token_of(link_of(invoice))}/"
        sent = {"key": key(), "name": "Ina Weber", "text": "May we pay later?"}
        browser = Client()
        for role in ("delivery", "underwriter"):
            browser.force_login(parties.people[role].user)
            is_party = role == "delivery"
            assert browser.get(page).status_code == 200, "the seller may look how it came out"
            assert browser.get(f"{page}ask/").status_code == (403 if is_party else 200)
            if is_party:
                answer = browser.post(f"{page}ask/", sent)
                assert (answer.status_code, "Only the buyer asks" in answer.content.decode()) == (403, True)
                assert browser.post(f"{page}viewed/").status_code == 204
        assert (questions(invoice), link_of(invoice).views) == ([], 0)
        browser.force_login(parties.people["payables"].user)
        assert browser.post(f"{page}viewed/").status_code == 204
        assert browser.post(f"{page}ask/", sent).status_code == 302
        assert (len(questions(invoice)), link_of(invoice).views) == (1, 1)

    def test_no_more_than_five_wait(self, parties: Parties, invoice: Invoice) -> None:
        with acting(member(parties, "payables"), at=LATER) as petra:
            for _each in range(5):
                hosting.ask_about_invoice(actor=petra, key=key(), invoice_ref=invoice.ref, text="Why?")
            with pytest.raises(Refused, match="wait for an answer"):
                hosting.ask_about_invoice(actor=petra, key=key(), invoice_ref=invoice.ref, text="Why?")

    def test_postgres_refuses_what_goes_round(self, parties: Parties, invoice: Invoice) -> None:
        with acting(member(parties, "payables"), at=LATER) as petra:
            hosting.ask_about_invoice(actor=petra, key=key(), invoice_ref=invoice.ref, text="Why?")
        with acting(member(parties, "billing"), at=LATER) as bilge:
            hosting.revoke_invoice_link(actor=bilge, key=key(), invoice_ref=invoice.ref)
        other = {
            "text changed": ("UPDATE invoicing_invoicequestion SET text = 'x'", "frozen"),
            "deleted": ("DELETE FROM invoicing_invoicequestion", "permission denied"),
            "opened anew": ("UPDATE invoicing_invoicelink SET revoked_at = NULL, revoked_by_name = ''", "frozen"),
            "by a dead link": (
                "INSERT INTO invoicing_invoicequestion (ref, contract_id, invoice_id, number, link_id, name, asked_at,"
                " text, answered_name, answer) SELECT 'x', contract_id, invoice_id, 2, "
                "(SELECT id FROM invoicing_invoicelink), 'X', now(), 'x', '', '' FROM invoicing_invoicequestion",
                "asked by the live link",
            ),
        }
        for sql, words in other.values():
            with walls.asking_for(invoice.seller_id), pytest.raises(Exception, match=words), transaction.atomic():
                connection.cursor().execute(sql)


def test_what_is_cancelled_and_what_is_issued_anew_lead_to_each_other(parties: Parties, invoice: Invoice) -> None:
    bilge = member(parties, "billing")
    with acting(bilge, at=LATER):
        answer = crediting.reissue_invoice(
            actor=bilge,
            key=key(),
            invoice_ref=invoice.ref,
            reason="Another account.",
            seen=reissuing.preview_reissue(invoice_ref=invoice.ref).sha256,
        )
        anew = Invoice.objects.get(ref=answer["invoice"])
    # Its page is there once its mail goes out; before that it is named.
    page = shown(invoice)
    assert f"Cancelled, and issued anew as {anew.number}, which comes by a mail of its own." in page
    assert f"{anew.number} stands in its place." in page
    assert "To pay" not in page
    with clock.stopped(LATER):
        jobs.render_invoice.func(invoice_ref=anew.ref, organisation_id=anew.seller_id)
    before, after = (f"/i/{invoicing.token_of(link_of(one))}/" for one in (invoice, anew))
    assert f'issued anew as <a href="{after}">{anew.number}</a>' in shown(invoice)
    assert f'Issued in place of <a href="{before}">{invoice.number}</a>, which is cancelled.' in shown(anew)
