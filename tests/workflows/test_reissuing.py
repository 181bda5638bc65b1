"""A wrong invoice is cancelled and issued anew in one act: every total stays right, in any order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from apps.contracts.drafts import ChangeDraft, ChangedTerms
from apps.contracts.models import Contract
from apps.core.database import walls
from apps.core.errors import Refused, Stale
from apps.invoicing import checks, credit_checks, documents, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.einvoice import given as files
from apps.invoicing.models import Allocation, CreditNote, Invoice, OpenItem
from apps.invoicing.rules import Share
from apps.invoicing.services import crediting as issue
from apps.invoicing.services import reissuing
from apps.ledger.charts import Seller
from apps.ledger.models import Line
from apps.parties.models import BankAccount, Organisation
from apps.workflows import billing, crediting
from tests import change_orders, scenarios
from tests.scenarios import Parties, acting, key

AT = datetime(2026, 4, 11, 9, tzinfo=UTC)
LATER = AT + timedelta(days=3)
D = Decimal


def both(parties: Parties) -> Any:
    return walls.asking_for(parties.seller.pk, parties.buyer.pk)


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def contract(parties: Parties) -> Contract:
    contract = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    return contract


def of(contract: Contract) -> Invoice:
    """The invoice that stands for the first milestone."""
    with walls.asking_for(contract.seller_id):
        return Invoice.objects.get(milestone__contract=contract, milestone__position=1)


def reissue(parties: Parties, invoice: Invoice, *, at: datetime = LATER, once: str = "", seen: str = "") -> Any:
    bilge = scenarios.member(parties, "billing")
    with acting(bilge, at=at):
        return crediting.reissue_invoice(
            actor=bilge,
            key=once or key(),
            invoice_ref=invoice.ref,
            reason="Moved.",
            seen=seen or reissuing.preview_reissue(invoice_ref=invoice.ref).sha256,
        )


def pay(parties: Parties, invoice: Invoice, amount: Decimal) -> None:
    bilge = scenarios.member(parties, "billing")
    with acting(bilge, at=AT):
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=invoice.ref,
            amount=amount,
            received_on=AT.date(),
            bank_reference="IN-1",
        )


def check(parties: Parties) -> None:
    """Everything that is asked of the books every night."""
    with both(parties), connection.cursor() as cursor:
        for one in (*checks.CHECKS, *credit_checks.CHECKS):
            cursor.execute(one.sql)
            assert cursor.fetchall() == [], one.sentence


def balance(parties: Parties, account: Seller) -> Decimal:
    lines = Line.objects.filter(account__code=account, entry__book__organisation_id=parties.seller.pk)
    return D(lines.aggregate(sum=Sum("amount"))["sum"] or 0)


def test_the_new_invoice_says_what_is_right_now_and_the_old_one_is_cancelled(
    parties: Parties, contract: Contract
) -> None:
    before = of(contract)
    with both(parties):
        Organisation.objects.filter(pk=parties.seller.pk).update(street="Neuer Wall 1")
        told = {account: balance(parties, account) for account in (Seller.RECEIVABLES, Seller.OUTPUT_TAX)}
    answer = reissue(parties, before)
    after = of(contract)
    assert (answer["number"], answer["invoice"]) == (after.number, after.ref)
    with both(parties):
        before.refresh_from_db()
        assert (before.milestone, before.replaced_milestone) == (None, after.milestone)
        assert (after.replaces, after.net, after.gross) == (before, before.net, before.gross)
        assert before.about == after.about
        note = CreditNote.objects.get()
        assert (note.invoice, note.purpose, note.gross) == (before, "replacement", before.gross)
        assert [one.open for one in OpenItem.objects.order_by("pk")] == [D(0), after.gross]
        assert {account: balance(parties, account) for account in told} == told, "the books owe what they owed"
        said = snapshot.read(after.snapshot)
        assert said.seller.address.line == "Neuer Wall 1"
        assert said.acceptance == snapshot.read(before.snapshot).acceptance, "the work was accepted when it was"
        assert said.replaces == snapshot.Replaces(before.number, before.issued_on, note.number, "Moved.")
        assert after.due_on == LATER.date() + timedelta(days=30)
        for text in (after.snapshot, note.snapshot):
            made = documents.made_of(text)
            assert list(files.findings(made.xml)) == []
        assert before.number in made.xml.decode()
    check(parties)


def test_what_was_paid_settles_the_new_invoice(parties: Parties, contract: Contract) -> None:
    before = of(contract)
    pay(parties, before, before.gross + 100)
    reissue(parties, before)
    after = of(contract)
    with both(parties):
        item = OpenItem.objects.get(invoice=after)
        assert (item.open, item.paid) == (D(0), after.gross)
        sums = Allocation.objects.values_list("amount", flat=True).order_by("pk")
        assert list(sums) == [before.gross, -before.gross, after.gross]
        assert balance(parties, Seller.UNAPPLIED_RECEIPTS) == D(-100)
        assert balance(parties, Seller.RECEIVABLES) == D(0)
    check(parties)


def test_a_tax_that_both_sides_agreed_on_since_is_that_of_the_new_invoice(parties: Parties, contract: Contract) -> None:
    before = of(contract)
    pay(parties, before, before.gross)
    anna, bea = scenarios.seller_actor(parties), scenarios.approver_actor(parties)
    other = ChangeDraft(title="Tax", reason="It is 7 %.", terms=ChangedTerms(tax_rate=D(7)))
    change_orders.sign(change_orders.propose(contract, other, by=anna, at=AT), by=bea, at=AT)
    reissue(parties, before)
    after = of(contract)
    with both(parties):
        assert (before.net, before.tax) == (D(12000), D(2280))
        assert (after.net, after.tax) == (D(12000), D(840))
        assert OpenItem.objects.get(invoice=after).open == 0
        assert balance(parties, Seller.UNAPPLIED_RECEIPTS) == D(-1440), "what was paid too much is the buyer's"
        assert balance(parties, Seller.OUTPUT_TAX) == D(-840)
    check(parties)


def test_cancelled_credited_withdrawn_and_issued_again_in_any_order(parties: Parties, contract: Contract) -> None:
    """Anew twice, then the price lowered, and then the acceptance withdrawn: each of what stands by then."""
    reissue(parties, of(contract))
    reissue(parties, of(contract), at=LATER + timedelta(days=1))
    with both(parties):
        assert Invoice.objects.filter(replaced_milestone__isnull=False).count() == 2
    standing = of(contract)
    bilge, bea = scenarios.member(parties, "billing"), scenarios.approver_actor(parties)
    at = LATER + timedelta(days=2)
    with acting(bilge, at=at):
        seen = invoicing.preview_credit(invoice_ref=standing.ref, share=Share(amount=D(1000))).sha256
        crediting.credit_invoice(
            actor=bilge, key=key(), invoice_ref=standing.ref, share=Share(amount=D(1000)), reason="Agreed.", seen=seen
        )
    with pytest.raises(Refused, match="has a credit note already"):
        reissue(parties, standing, at=at)
    with acting(bilge, at=at):
        asked = crediting.ask_nullification(
            actor=bilge, key=key(), milestone_ref=standing.billed.ref, share=Share(), reason="It loses rows."
        )
    with acting(bea, at=at):
        crediting.grant_nullification(actor=bea, key=key(), nullification_ref=asked["nullification"])
    with both(parties):
        assert OpenItem.objects.aggregate(open=Sum("open"))["open"] == 0
        assert balance(parties, Seller.RECEIVABLES) == D(0)
        assert balance(parties, Seller.OUTPUT_TAX) == D(0)
    check(parties)


def test_two_clicks_are_one_and_what_changed_meanwhile_is_not_issued(parties: Parties, contract: Contract) -> None:
    invoice, once = of(contract), key()
    with acting(scenarios.member(parties, "billing"), at=LATER):
        seen = reissuing.preview_reissue(invoice_ref=invoice.ref).sha256
    with both(parties):
        BankAccount.objects.filter(organisation=parties.seller).update(is_default=False)
        account = BankAccount.objects.filter(organisation=parties.seller).first()
        assert account is not None
        account.pk, account.is_default, account.iban = None, True, "DE02120300000000202051"
        account.save(force_insert=True)
    with pytest.raises(Stale):
        reissue(parties, invoice, seen=seen)
    with both(parties):
        assert not CreditNote.objects.exists()
    with acting(scenarios.member(parties, "billing"), at=LATER):
        seen = reissuing.preview_reissue(invoice_ref=invoice.ref).sha256
    first, again = (reissue(parties, invoice, once=once, seen=seen) for _time in range(2))
    assert first == again
    with both(parties):
        assert Invoice.objects.count() == 2
        transfer = snapshot.read(of(contract).snapshot).credit_transfer
        assert transfer is not None
        assert transfer.iban == "DE02120300000000202051"


def test_the_database_refuses_half_of_it(parties: Parties, contract: Contract) -> None:
    invoice = of(contract)
    with both(parties):
        row = Invoice.objects.filter(pk=invoice.pk)
        for changed, why in (
            ({"net": D(1)}, "frozen"),
            ({"milestone": None}, "replaced once it is cancelled"),
            ({"milestone": None, "replaced_milestone": invoice.milestone_id}, "replaced once it is cancelled"),
        ):
            with pytest.raises(IntegrityError, match=why), transaction.atomic():
                row.update(**changed)
        bilge = scenarios.member(parties, "billing")
        with transaction.atomic():
            item = issue.hold(invoice.ref)
            issue.cancel("x" * 16, item=item, reason="Wrong.", actor=bilge, at=LATER)
            with pytest.raises(IntegrityError, match="cancels what is not issued anew"), transaction.atomic():
                connection.check_constraints()
            transaction.set_rollback(True)
        with transaction.atomic():
            item = issue.hold(invoice.ref)
            issue.cancel("y" * 16, item=item, reason="Wrong.", actor=bilge, at=LATER)
            row.update(milestone=None, replaced_milestone=invoice.milestone_id)
            with pytest.raises(IntegrityError, match="not issued anew"), transaction.atomic():
                connection.check_constraints()
            transaction.set_rollback(True)
