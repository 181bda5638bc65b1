"""An advance ends after the invoice was issued with the financier's account: then everybody names the seller's."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.urls import reverse

from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing.models import Facility, Tranche
from apps.invoicing import services as invoicing
from apps.invoicing import snapshot
from apps.invoicing.models import Invoice, PayeeInstruction
from apps.parties.models import BankAccount
from apps.workflows import billing, funding, worker
from tests import scenarios
from tests.financing import stories
from tests.scenarios import Parties, acting, key, member

SELLERS, FINANCIERS = "DE89370400440532013000", "DE75512108001245126199"
pytestmark = pytest.mark.usefixtures("scratch")


def cancelled_after_acceptance(deal: Parties) -> Tranche:
    """Advanced on before acceptance, invoiced with the financier's account, and cancelled before the payout."""
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        contract = tranche.contract
    scenarios.accepted_milestone(contract, position=2, at=stories.START + timedelta(hours=2))
    worker.run_due_jobs()
    mail.outbox.clear()
    cancel(deal, tranche)
    return tranche


def cancel(deal: Parties, tranche: Tranche) -> None:
    with acting(member(deal, "treasury"), at=stories.START + timedelta(hours=3)) as tea:
        funding.cancel_tranche(actor=tea, key=key(), tranche_ref=tranche.ref, reason="The seller waits.")


def invoice_of(deal: Parties, tranche: Tranche) -> Invoice:
    with walls.asking_for(deal.seller.pk):
        return Invoice.objects.select_related("milestone").get(milestone_id=tranche.milestone_id)


def test_an_instruction_names_the_seller_and_its_account() -> None:
    deal = stories.parties()
    tranche = cancelled_after_acceptance(deal)
    invoice = invoice_of(deal, tranche)
    printed = snapshot.read(invoice.snapshot).credit_transfer
    assert printed is not None
    assert printed.iban == FINANCIERS
    with walls.asking_for(deal.seller.pk):
        live = PayeeInstruction.objects.live().get()
        assert (live.payee_id, live.iban) == (deal.seller.pk, SELLERS)
        assert not PayeeInstruction.objects.assigned().exists()
    stories.verify_books()


def test_the_letter_prints_the_account_to_pay_into_now() -> None:
    deal = stories.parties()
    invoice = invoice_of(deal, cancelled_after_acceptance(deal))
    worker.run_due_jobs()
    (letter,) = (message for message in mail.outbox if message.subject.startswith("Pay invoice"))
    assert letter.subject == f"Pay invoice {invoice.number} to {deal.seller.legal_name} again"
    assert f"IBAN: {SELLERS}" in letter.body
    assert FINANCIERS not in letter.body
    assert "names the old account" in " ".join(letter.body.split())


def test_the_letter_prints_the_account_of_an_invoice_that_always_named_the_seller() -> None:
    deal = stories.parties()
    tranche = stories.accepted_advance(deal)
    worker.run_due_jobs()
    mail.outbox.clear()
    cancel(deal, tranche)
    worker.run_due_jobs()
    (letter,) = mail.outbox
    assert f"IBAN: {SELLERS}" in letter.body
    assert "names the old account" not in letter.body
    with walls.asking_for(deal.seller.pk):
        assert not PayeeInstruction.objects.live().exists()


def test_the_invoice_that_goes_out_after_that_warns_of_its_own_account() -> None:
    deal = stories.parties()
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        contract = tranche.contract
    scenarios.accepted_milestone(contract, position=2, at=stories.START + timedelta(hours=2))
    cancel(deal, tranche)
    mail.outbox.clear()
    worker.run_due_jobs()
    (letter,) = (message for message in mail.outbox if message.attachments)
    assert f"IBAN: {SELLERS}" in letter.body
    assert "still names the old account" in " ".join(letter.body.split())
    assert "has assigned this invoice" not in letter.body


def test_both_sides_see_the_sellers_account_and_nobody_an_assignment(client: Client) -> None:
    deal = stories.parties()
    invoice = invoice_of(deal, cancelled_after_acceptance(deal))
    client.force_login(deal.people["payables"].user)
    page = client.get(reverse("buyer:invoice", args=[invoice.ref])).content.decode()
    warning = page[page.index("This PDF names an old account") :]
    assert "DE89 3704 0044 0532 0130 00" in warning[:600]
    assert FINANCIERS[:4] not in page
    assert "Assigned: pay to this account" not in page
    shown = client.get(reverse("buyer:invoices"))
    assert [is_assigned for _invoice, _state, is_assigned in shown.context["rows"]] == [False]
    page = client.get(reverse("buyer:milestone", args=[scenarios.milestone_billed(invoice).ref])).content.decode()
    assert "This PDF names an old account" in page
    notice = reverse("buyer:acknowledge_assignment", args=[assignment_ref(deal)])
    page = client.get(notice).content.decode()
    assert "Not in force any more" in page
    assert "has assigned invoice" not in page
    client.force_login(deal.people["billing"].user)
    shown = client.get(reverse("seller:invoice", args=[invoice.ref]))
    assert shown.context["may_record"]
    assert SELLERS in shown.content.decode()
    assert FINANCIERS not in shown.content.decode()
    assert "to whom this invoice is assigned" not in shown.content.decode()


def assignment_ref(deal: Parties) -> str:
    with walls.asking_for(deal.financier.pk):
        return Tranche.objects.select_related("assignment").get().assignment.ref


def test_the_seller_records_the_payment_and_the_financier_is_refused() -> None:
    deal = stories.parties()
    invoice = invoice_of(deal, cancelled_after_acceptance(deal))
    at = stories.noon(date(2026, 4, 1))
    with (
        acting(member(deal, "treasury"), at=at) as tea,
        pytest.raises(Refused, match="is paid to the seller"),
        transaction.atomic(),
    ):
        invoicing.receive(
            invoice_ref=invoice.ref,
            recipient_id=deal.financier.pk,
            actor=tea,
            amount=Decimal(120_000),
            received_on=date(2026, 4, 1),
            bank_reference="IN-1",
            at=at,
        )
    with acting(member(deal, "billing"), at=at) as bilge:
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=invoice.ref,
            amount=Decimal(120_000),
            received_on=date(2026, 4, 1),
            bank_reference="IN-1",
        )
        assert Invoice.objects.get().open_item.open == 0
    stories.verify_books()


def test_it_can_be_sold_again_and_taken_back_again() -> None:
    deal = stories.parties()
    invoice = invoice_of(deal, cancelled_after_acceptance(deal))
    with walls.asking_for(deal.seller.pk):
        facility = Facility.objects.get()
    again = stories.accepted(deal, stories.issued(deal, stories.requested(deal, invoice, facility)))
    with walls.asking_for(deal.seller.pk):
        assert PayeeInstruction.objects.live().get().payee_id == deal.financier.pk
    cancel(deal, again)
    with walls.asking_for(deal.seller.pk):
        assert PayeeInstruction.objects.live().get().payee_id == deal.seller.pk
        assert PayeeInstruction.objects.count() == 4
    stories.verify_books()


def test_a_seller_without_an_account_is_asked_for_one_first() -> None:
    deal = stories.parties()
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        contract = tranche.contract
    scenarios.accepted_milestone(contract, position=2, at=stories.START + timedelta(hours=2))
    with walls.asking_for(deal.seller.pk):
        BankAccount.objects.all().update(is_default=False)
    with pytest.raises(Refused, match="has none in EUR"):
        cancel(deal, tranche)
    with walls.asking_for(deal.seller.pk):
        assert PayeeInstruction.objects.live().get().payee_id == deal.financier.pk


def test_postgres_keeps_somebody_named() -> None:
    deal = stories.parties()
    cancelled_after_acceptance(deal)
    with (
        pytest.raises(IntegrityError, match="names a payee who is not paid any more"),
        transaction.atomic(using="owner"),
        connections["owner"].cursor() as cursor,
    ):
        cursor.execute("UPDATE invoicing_payeeinstruction SET revoked_at = now() WHERE revoked_at IS NULL")
    other = stories.active_contract(deal, number="C-2")
    milestone = stories.plan_of(other)[0]
    with (
        walls.asking_for(deal.seller.pk),
        pytest.raises(IntegrityError, match="seller is named again only on an invoice"),
        transaction.atomic(),
    ):
        PayeeInstruction.objects.create(
            contract=other,
            milestone=milestone,
            payee=deal.seller,
            payee_name="Nordlicht",
            iban=SELLERS,
            given_at=stories.START,
        )
