"""A wrong invoice is cancelled and issued anew in one act: every total stays right, in any order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.contracts.drafts import ChangeDraft, ChangedTerms, DraftCriterion, DraftLine, Due, LineTerms, Recovery
from apps.contracts.late_payment import LateTerms
from apps.contracts.models import Contract
from apps.contracts.retention import BUYER, GROSS, RetentionRelease, RetentionTerms
from apps.core.database import walls
from apps.core.errors import Refused, Stale
from apps.invoicing import checks, correction_wording, credit_checks, documents, snapshot, wording
from apps.invoicing import services as invoicing
from apps.invoicing.einvoice import given as files
from apps.invoicing.models import Allocation, CreditNote, Invoice, OpenItem, Retention
from apps.invoicing.rules import Share
from apps.invoicing.services import crediting as issue
from apps.invoicing.services import reissuing
from apps.ledger.charts import Seller
from apps.ledger.models import Line
from apps.milestones.services import Defect
from apps.parties.models import BankAccount, Organisation, User
from apps.workflows import billing, crediting, late_payment, reserving, retention
from tests import change_orders, disputes, scenarios
from tests.financing import stories
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


def of(contract: Contract, position: int = 1) -> Invoice:
    """The invoice that stands for a milestone."""
    with walls.asking_for(contract.seller_id):
        return Invoice.objects.get(milestone__contract=contract, milestone__position=position)


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
        assert "What was paid on that one counts for this one" in correction_wording.correction(said)
        credited = snapshot.read(note.snapshot)
        assert "What was paid on that one counts for the one in its place" in wording.payment_terms(credited)
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


def active(parties: Parties, **changes: Any) -> Contract:
    """Another contract than the one of most tests, with its first milestone accepted."""
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, **changes), at=AT)
    scenarios.accepted_milestone(contract, at=AT)
    return contract


def test_of_each_kind_is_withheld_what_was_withheld_before(parties: Parties) -> None:
    """Two kinds: of 20,000.00 ten percent, of which at most 1,500.00; and five percent beside them. Twice."""
    performance = RetentionTerms(
        D(10), name="Performance", cap_each=D(1500), further=(RetentionTerms(D(5), name="Defects"),)
    )
    lines = tuple(scenarios.line(title, percent) for title, percent in (("Build", 50), ("Test", 20), ("Live", 30)))
    contract = active(parties, lines=lines, retention=performance)
    before = of(contract)
    with both(parties):
        told = [balance(parties, one) for one in (Seller.RECEIVABLES, Seller.RETENTION_HELD)]
    pay(parties, before, D(1000))
    for days in (0, 1):
        reissue(parties, of(contract), at=LATER + timedelta(days=days))
    scenarios.accepted_milestone(contract, position=2, at=LATER + timedelta(days=2))
    second = of(contract, 2)
    with both(parties):
        kept = Retention.objects.order_by("invoice_id", "kind").values_list("invoice__milestone__position", "held")
        assert list(kept) == [
            *[(None, D(0)), (None, D(0))] * 2,
            *[(1, D(1500)), (1, D(1000))],
            *[(2, D(800)), (2, D(400))],
        ]
        later = OpenItem.objects.get(invoice=second)
        after = [balance(parties, one) for one in (Seller.RECEIVABLES, Seller.RETENTION_HELD)]
        assert after == [told[0] - 1000 + later.open, told[1] + 1200]
    check(parties)


def test_what_could_not_be_withheld_is_withheld_once_of_what_comes_later(parties: Parties) -> None:
    """Of the first one all is withheld but a cent, which is withheld of the second one, and no other with it."""
    first, second, third = scenarios.software_draft(parties).lines
    lines = (first, replace(second, own=LineTerms(retention_rate=D(5))), third)
    halves = RetentionTerms(D(50), GROSS, name="Performance", further=(RetentionTerms(D(50), GROSS, name="Defects"),))
    contract = active(parties, lines=lines, retention=halves)
    reissue(parties, of(contract))
    scenarios.accepted_milestone(contract, position=2, at=LATER)
    with both(parties):
        kept = Retention.objects.filter(kind=2).order_by("invoice_id").values_list("held", "carried")
        cent = D("0.01")
        assert list(kept) == [(D(0), cent), (D(7140) - cent, cent), (D(7140) + cent, -cent)]
    check(parties)


def ahead() -> DraftLine:
    return DraftLine("Advance", basis="percent", percent=D(20), kind="deposit", due=Due(recovery=Recovery()))


def test_it_deducts_what_the_cancelled_one_deducted_also_where_the_price_is_another_by_now(parties: Parties) -> None:
    contract = active(parties, lines=(*scenarios.software_draft(parties).lines, ahead()))
    before = of(contract)
    anna, bea = scenarios.seller_actor(parties), scenarios.approver_actor(parties)
    scanner = DraftLine("Scanner", basis="amount", amount=D(10000), criteria=(DraftCriterion("It scans."),))
    more = ChangeDraft(title="More", reason="As asked.", added=(scanner,))
    change_orders.sign(change_orders.propose(contract, more, by=anna, at=AT), by=bea, at=AT)
    reissue(parties, before)
    for one in (before, of(contract)):
        assert (one.net, one.tax, one.recovered) == (D(9600), D(1824), D(2400))
    with both(parties):
        assert balance(parties, Seller.DEPOSITS_RECEIVED) == D(-8000 + 2400)
    check(parties)


def test_only_what_stands_in_place_of_the_final_invoice_is_final(parties: Parties) -> None:
    contract = active(parties, lines=(*scenarios.software_draft(parties).lines, ahead()))
    for position in (2, 3):
        scenarios.accepted_milestone(contract, position=position, at=AT)
    first, last = of(contract), of(contract, 3)
    for days, invoice in enumerate((first, last)):
        reissue(parties, invoice, at=LATER + timedelta(days=days))
    kinds = [snapshot.read(one.snapshot).kind for one in (first, of(contract), last, of(contract, 3))]
    assert kinds == ["milestone", "milestone", snapshot.FINAL, snapshot.FINAL]
    said = snapshot.read(of(contract, 3).snapshot)
    deducted = [one.number for one in said.deposits]
    assert of(contract).number in deducted
    assert first.number not in deducted
    assert of(contract, 3).recovered == last.recovered
    with both(parties):
        assert balance(parties, Seller.DEPOSITS_RECEIVED) == D(0)
    check(parties)


def test_the_fee_for_being_late_is_not_claimed_once_more(parties: Parties) -> None:
    contract = active(parties, late_payment=LateTerms(D(9), fee=D(40)))
    bilge = scenarios.member(parties, "billing")

    def claimed(days: int) -> list[tuple[str, Decimal, bool]]:
        with acting(bilge, at=AT + timedelta(days=days)):
            fresh = Contract.objects.get(pk=contract.pk)
            late = invoicing.late_of(fresh, today=(AT + timedelta(days=days)).date())
            late_payment.claim_late_payment(
                actor=bilge, key=key(), contract_ref=contract.ref, seen=invoicing.seen_of(late)
            )
            return [(one.number, one.charge.fee, one.charge.interest > 0) for one in late.values()]

    before = of(contract)
    assert claimed(40) == [(before.number, D(40), True)]
    reissue(parties, before, at=AT + timedelta(days=41))
    assert claimed(80) == [(of(contract).number, D(0), True)]
    check(parties)


def _disputed(parties: Parties) -> Invoice:
    invoice = of(active(parties))
    disputes.on_invoice(invoice.ref, actor=scenarios.approver_actor(parties), at=AT, share=Share(amount=D(100)))
    return invoice


def _withheld(parties: Parties) -> Invoice:
    contract = scenarios.active_contract(parties, at=AT)
    submission = scenarios.submitted_milestone(contract, at=AT)
    bea = scenarios.approver_actor(parties)
    with acting(bea, at=AT):
        reserving.accept_with_reservations(
            actor=bea,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            defects=[Defect("A scratch", (AT + timedelta(days=14)).date(), amount=D(100))],
        )
    return of(contract)


def _released(parties: Parties) -> Invoice:
    halves = RetentionTerms(D(5), releases=(RetentionRelease(D(50), BUYER), RetentionRelease(D(50), BUYER)))
    contract = active(parties, retention=halves)
    owner = scenarios.buyer_actor(parties)
    with acting(owner, at=AT):
        retention.release_retention(actor=owner, key=key(), contract_ref=contract.ref, position=1)
    return of(contract)


def _advance(parties: Parties) -> Invoice:
    contract = active(parties, lines=(*scenarios.software_draft(parties).lines, ahead()))
    with both(parties):
        return Invoice.objects.get(contract=contract, kind="advance")


def _credited(parties: Parties) -> Invoice:
    invoice, bilge = of(active(parties)), scenarios.member(parties, "billing")
    with acting(bilge, at=AT):
        seen = invoicing.preview_credit(invoice_ref=invoice.ref, share=Share(amount=D(1))).sha256
        crediting.credit_invoice(
            actor=bilge, key=key(), invoice_ref=invoice.ref, share=Share(amount=D(1)), reason="Agreed.", seen=seen
        )
    return invoice


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (_disputed, "is in dispute. Settle that first"),
        (_withheld, "withholds a part of .* for defects"),
        (_released, "was released, and a statement of its own asks for that"),
        (_advance, "Only the invoice of a milestone is cancelled"),
        (_credited, "has a credit note already"),
    ],
)
def test_what_is_bound_otherwise_is_refused_in_words(parties: Parties, made: Any, why: str) -> None:
    invoice = made(parties)
    with pytest.raises(Refused, match=why):
        reissue(parties, invoice)
    with both(parties):
        assert not CreditNote.objects.filter(purpose="replacement").exists()


def test_what_is_sold_stays_as_its_financier_bought_it(db: None) -> None:
    tranche = stories.funded_advance(deal := stories.parties())
    with walls.asking_for(deal.seller.pk):
        invoice = Invoice.objects.get(milestone=tranche.milestone_id)
    with pytest.raises(Refused, match="is sold to a financier"):
        reissue(deal, invoice, at=stories.START + timedelta(days=30))


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
            ({"net": D(1)}, "permission denied"),
            ({"milestone": None}, "replaced once it is cancelled"),
            ({"milestone": None, "replaced_milestone": invoice.milestone_id}, "replaced once it is cancelled"),
        ):
            with pytest.raises(DatabaseError, match=why), transaction.atomic():
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


def test_a_schedule_of_values_that_is_over_stays_as_it_was(parties: Parties) -> None:
    """What the cancelled invoice billed and kept back stands on its line until the day on which that is cancelled."""
    terms = RetentionTerms(D(10), releases=(RetentionRelease(D(100)),))
    contract = scenarios.active_contract(parties, draft=scenarios.software_draft(parties, retention=terms), at=AT)
    scenarios.accepted_milestone(contract, at=AT)

    def sheets() -> list[Any]:
        days = [(AT.date(), AT.date()), (LATER.date(), LATER.date())]
        with both(parties):
            return [invoicing.progress(contract, since=since, until=until) for since, until in days]

    over, _now = sheets()
    reissue(parties, of(contract))
    again, now = sheets()
    assert again == over
    for sheet in (again, now):
        assert sheet.differences == ()
        assert (sheet.lines[0].completed, sheet.lines[0].retained) == (D(12000), D(1200))
    assert now.lines[0].before == D(12000)


def test_lists_read_what_was_billed_along_with_cancelled_invoices(parties: Parties, contract: Contract) -> None:
    sides = (("seller", scenarios.member(parties, "billing")), ("buyer", scenarios.buyer_actor(parties)))

    def asked() -> list[int]:
        counts = []
        for side, actor in sides:
            client = Client()
            with walls.asking_for(actor.organisation_id):
                client.force_login(User.objects.get(pk=actor.user_id or 0))
            client.get(reverse(f"{side}:invoices"))
            with CaptureQueriesContext(connection) as queries:
                assert client.get(reverse(f"{side}:invoices")).status_code == 200
            counts.append(len(queries))
        return counts

    reissue(parties, of(contract))
    once = asked()
    reissue(parties, of(contract), at=LATER + timedelta(days=1))
    assert asked() == once
