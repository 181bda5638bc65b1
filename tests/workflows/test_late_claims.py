"""Interest and fees for late payment are claimed: to the cent, no day twice, waived, paid."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from apps.contracts.drafts import ChangeDraft, ChangedTerms
from apps.contracts.late_payment import LateTerms
from apps.contracts.models import Contract
from apps.contracts.rules import NOTHING
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused, Stale
from apps.invoicing import documents
from apps.invoicing import services as invoicing
from apps.invoicing.models import Delivery, Document, Invoice, LateClaim, OpenItem
from apps.invoicing.rules import Share
from apps.invoicing.services.late_interest import late_charges
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.workflows import billing, crediting, jobs, late_payment, reminding
from tests import change_orders, disputes, scenarios
from tests.scenarios import Parties, acting, key

D = Decimal
TERMS = LateTerms(annual_rate=D("10.27"), basis="Base rate of 1.27 plus 9 points", fee=D(40))
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUE = date(2026, 4, 1)
Told = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True)
class Story:
    """Two milestones were accepted under a contract that agrees on interest, and one where reminders claim it."""

    parties: Parties
    contract: Contract
    reminded: Contract
    first: Invoice
    second: Invoice


@pytest.fixture(scope="module")
def story(once: Told) -> Story:
    told: Story = once(_tell)
    return told


def _tell() -> Story:
    parties = scenarios.organisations()
    draft = scenarios.software_draft(parties, number="NL-late", late_payment=TERMS)
    contract = scenarios.active_contract(parties, draft=draft, at=AT)
    with_reminders = replace(TERMS, with_reminders=True)
    draft = scenarios.software_draft(parties, number="NL-reminded", late_payment=with_reminders)
    reminded = scenarios.active_contract(parties, draft=draft, at=AT)
    milestones = [scenarios.accepted_milestone(contract, position=place, at=AT) for place in (1, 2)]
    scenarios.accepted_milestone(reminded, at=AT)
    with walls.asking_for(parties.seller.pk):
        first, second = (Invoice.objects.get(milestone=one) for one in milestones)
    assert (first.due_on, first.gross) == (DUE, D(14280))
    return Story(parties, contract, reminded, first, second)


def moment(number: int) -> datetime:
    """Noon, so many days after the due date."""
    return datetime(2026, 4, 1, 12, tzinfo=UTC) + timedelta(days=number)


def claimed(story: Story, number: int, *, role: str = "billing", seen: str = "", contract: Any = None) -> Invoice:
    contract = contract or story.contract
    with acting(scenarios.member(story.parties, role), at=moment(number)) as actor:
        late = invoicing.late_of(contract, today=moment(number).date())
        answer = late_payment.claim_late_payment(
            actor=actor, key=key(), contract_ref=contract.ref, seen=seen or invoicing.seen_of(late)
        )
        return Invoice.objects.select_related("open_item").get(ref=answer["claim"])


def income(story: Story) -> Decimal:
    seller = story.parties.seller.pk
    with walls.asking_for(seller):
        return -ledger.balance(
            organisation_id=seller, currency="EUR", purpose=ledger.Purpose.SELLER, account=Seller.OTHER_INCOME
        )


def pay(story: Story, invoice: Invoice, amount: Decimal, on: date) -> None:
    with acting(scenarios.member(story.parties, "billing"), at=moment(40)) as bilge:
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=invoice.ref,
            amount=amount,
            received_on=on,
            bank_reference=f"IN {invoice.number}",
        )


@pytest.mark.django_db
def test_what_has_run_is_claimed_once_and_goes_on_from_there(story: Story) -> None:
    claim = claimed(story, 10)
    # 14,280.00 at 10.27 % for ten days, and 40.00 for each of two invoices.
    assert (claim.number, claim.kind, claim.net, claim.tax, claim.gross) == (
        "LPC-2026-0001",
        "late_charge",
        D("160.36"),
        D(0),
        D("160.36"),
    )
    assert claim.open_item.open == D("160.36")
    assert income(story) == D("160.36")
    with acting(scenarios.member(story.parties, "billing"), at=moment(10)):
        assert late_charges(OpenItem.objects.all(), today=moment(10).date()).keys().isdisjoint({story.first.pk})
        assert [line.net for line in claim.lines.all()] == [D("40.18"), D(40), D("40.18"), D(40)]
    with pytest.raises(Refused, match="Nothing has run"):
        claimed(story, 10)
    # Paid five days later: those five days are claimed, and no fee again; what is claimed bears no interest.
    pay(story, story.first, D(14280), moment(15).date())
    pay(story, story.second, D(14280), moment(12).date())
    again = claimed(story, 60)
    with walls.asking_for(story.parties.seller.pk):
        assert [(one.after, one.interest, one.fee) for one in again.late_claims.order_by("pk")] == [
            (moment(10).date(), D("20.09"), D(0)),
            (moment(10).date(), D("8.04"), D(0)),
        ]
    with pytest.raises(Refused, match="Nothing has run"):
        claimed(story, 90)


@pytest.mark.django_db
def test_it_is_waived_in_part_and_paid_and_the_account_ties_out(story: Story, client: Client) -> None:
    claim = claimed(story, 10)
    with acting(scenarios.member(story.parties, "billing"), at=moment(11)) as bilge:
        share = Share(amount=D(80))
        seen = invoicing.preview_credit(invoice_ref=claim.ref, share=share).sha256
        crediting.credit_invoice(
            actor=bilge, key=key(), invoice_ref=claim.ref, share=share, reason="They called.", seen=seen
        )
    assert income(story) == D("80.36")
    pay(story, claim, D("80.36"), moment(12).date())
    with walls.asking_for(story.parties.seller.pk):
        item = OpenItem.objects.get(invoice=claim)
        assert (item.open, item.credited, item.paid) == (D(0), D(80), D("80.36"))
    client.force_login(story.parties.people["billing"].user)
    with clock.stopped(moment(40)):
        page = client.get(reverse("seller:account_statement", args=[story.parties.buyer.ref]))
    assert page.context["statement"].closing == page.context["standing"].balance
    assert claim.number in page.content.decode()


@pytest.mark.django_db
def test_a_claim_is_disputed_like_an_invoice_and_what_is_upheld_is_waived(story: Story) -> None:
    claim = claimed(story, 10)
    bea, bilge = scenarios.approver_actor(story.parties), scenarios.member(story.parties, "billing")
    dispute = disputes.on_invoice(claim.ref, actor=bea, at=moment(11), share=Share(amount=D(80)))
    with walls.asking_for(story.parties.seller.pk):
        assert OpenItem.objects.get(invoice=claim).payable == D("80.36")
    disputes.agreed(disputes.proposed(dispute, "upheld", actor=bea, at=moment(12)), actor=bilge, at=moment(13))
    with walls.asking_for(story.parties.seller.pk):
        item = OpenItem.objects.get(invoice=claim)
    assert (item.open, item.credited, item.disputed) == (D("80.36"), D(80), D(0))
    assert income(story) == D("80.36")


@pytest.mark.django_db
def test_who_may_not_and_what_has_changed_is_refused_and_nothing_happens(story: Story) -> None:
    for role in ("delivery", "buyer"):
        with pytest.raises(NotAllowed):
            claimed(story, 10, role=role)
    with pytest.raises(Stale):
        claimed(story, 10, seen="0" * 64)
    with walls.asking_for(story.parties.seller.pk):
        plain = scenarios.active_contract(story.parties, at=AT)
        assert not LateClaim.objects.exists()
    with pytest.raises(Refused, match="agrees on no interest"):
        claimed(story, 10, contract=plain)


@pytest.mark.django_db
def test_a_change_order_says_other_interest_for_invoices_from_then_on_and_of_none_before(story: Story) -> None:
    sina, buyer = scenarios.seller_actor(story.parties), scenarios.buyer_actor(story.parties)
    at = AT + timedelta(days=1)

    def agreed() -> list[tuple[str, Decimal, Decimal]]:
        with acting(sina, at=moment(30)):
            late = invoicing.late_of(story.contract, today=moment(30).date())
            return [(one.number, one.terms.annual_rate, one.charge.fee) for one in late.values()]

    before = [(story.first.number, D("10.27"), D(40)), (story.second.number, D("10.27"), D(40))]
    assert agreed() == before
    for late_payment_terms in (LateTerms(D(5)), NOTHING["late_payment"]):
        terms = ChangedTerms(late_payment=late_payment_terms)
        draft = ChangeDraft("Lenient", "As telephoned.", added=(change_orders.TRAINING,), terms=terms)
        change_orders.sign(change_orders.propose(story.contract, draft, by=sina, at=at), by=buyer, at=at)
        assert agreed() == before
        if late_payment_terms.annual_rate:
            third = scenarios.accepted_milestone(story.contract, position=3, at=at)
            with walls.asking_for(story.parties.seller.pk):
                before.append((Invoice.objects.get(milestone=third).number, D(5), D(0)))
    assert agreed() == before
    # What ran on invoices from before is claimed still, though the contract agrees on nothing any more.
    assert claimed(story, 30).net > D(80)


@pytest.mark.django_db
def test_a_reminder_of_the_schedule_claims_where_the_contract_says_so(story: Story) -> None:
    seller = story.parties.seller.pk
    with walls.asking_for(seller):
        invoice = Invoice.objects.get(contract=story.reminded)
    with clock.stopped(moment(10)), walls.asking_for(seller):
        for one in (invoice, story.first):
            documents.render(invoice_ref=one.ref)
    with clock.stopped(moment(10)):
        answer = reminding.tend(invoice_ref=invoice.ref, seller_id=seller, number=1)
        plain = reminding.tend(invoice_ref=story.first.ref, seller_id=seller, number=1)
    assert "claim" not in plain
    with walls.asking_for(seller), clock.stopped(moment(10)):
        claim = Invoice.objects.get(ref=answer["claim"])
        assert (claim.gross, claim.number) == (D("80.18"), answer["number"])
        documents.render(invoice_ref=claim.ref, when_ready=jobs._deliver)
        assert Document.objects.get(invoice=claim).xml_obstacle == "late_charge"
        delivery = Delivery.objects.get(invoice=claim)
    jobs.send_invoice.func(delivery_ref=delivery.ref, organisation_id=story.parties.buyer.pk)
    letter = mail.outbox[-1]
    assert "80.18" in letter.subject
    assert invoice.number in letter.body
    with clock.stopped(moment(10)):
        assert "claim" not in reminding.tend(invoice_ref=invoice.ref, seller_id=seller, number=2)
    # Thirty days more have run on the invoice; a reminder of the claim leaves them to a reminder of that.
    with clock.stopped(moment(43)):
        again = reminding.tend(invoice_ref=claim.ref, seller_id=seller, number=1)
    assert again["delivery"]
    assert "claim" not in again


@pytest.mark.django_db
def test_the_page_shows_every_day_before_it_is_claimed(story: Story, client: Client) -> None:
    client.force_login(story.parties.people["billing"].user)
    here = reverse("seller:claim_late_payment", args=[story.contract.ref])
    with clock.stopped(moment(10)):
        page = client.get(here)
        assert "160.36" in page.content.decode()
        sent = {name: page.context["form"][name].value() for name in ("key", "seen")}
        stale = client.post(here, {**sent, "seen": "0" * 64})
        assert stale.status_code == 422
        assert "Look at the figures again" in stale.content.decode()
        answer = client.post(here, sent, follow=True)
        assert "LPC-2026-0001" in answer.content.decode()
        assert client.post(here, sent).status_code == 302
        assert "Nothing has run" in client.get(here).content.decode()
        client.force_login(story.parties.people["buyer"].user)
        with walls.asking_for(story.parties.buyer.pk):
            claim = Invoice.objects.get(kind="late_charge")
        assert "Late payment LPC-2026-0001" in client.get(reverse("buyer:invoice", args=[claim.ref])).content.decode()


@pytest.mark.django_db
def test_the_database_refuses_days_and_fees_that_are_claimed_twice(story: Story) -> None:
    claim = claimed(story, 10)
    with acting(scenarios.member(story.parties, "billing"), at=moment(20)):
        later = {"claim": claim, "invoice": story.first, "interest": D(1), "fee": D(0)}
        wrong = ((5, 9, "claimed twice"), (9, 10, "claimed twice"), (10, 20, "same contract"), (-3, 0, "same contract"))
        for after, until, says in wrong:
            with pytest.raises(IntegrityError, match=says), transaction.atomic():
                LateClaim.objects.create(**later, after=moment(after).date(), until=moment(until).date())
