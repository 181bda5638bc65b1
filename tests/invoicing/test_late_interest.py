"""Interest and fee for late payment: by the day, to the cent, on what is overdue, open and not in dispute."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts.late_payment import LateTerms
from apps.contracts.models import Contract, ContractVersion, SentMail
from apps.contracts.rules import plain_late_payment, read_late_payment
from apps.contracts.rules.late_payment import check_late_payment
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import documents
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice, InvoiceLink, OpenItem
from apps.invoicing.rules import Share
from apps.invoicing.rules.late_interest import Change, late_charge
from apps.invoicing.services.late_interest import Late, claimable, late_charges
from apps.milestones.models import Reservation
from apps.milestones.services import Defect
from apps.workflows import billing, crediting, jobs, reminding, reserving
from tests import corrections, disputes, scenarios
from tests.returned import bounce
from tests.scenarios import Parties, acting, key

D = Decimal
TERMS = LateTerms(annual_rate=D("10.27"), basis="Base rate of 1.27 plus 9 points", fee=D(40))
DUE = date(2026, 4, 1)
Told = Callable[[Callable[[], Any]], Any]


def day(number: int) -> date:
    """So many days after the due date."""
    return DUE + timedelta(days=number)


def charged(*changes: tuple[int, str], until: int = 10, terms: LateTerms = TERMS, currency: str = "EUR") -> Any:
    said = [Change(day(on), D(amount)) for on, amount in changes]
    return late_charge(terms, changes=said, due_on=DUE, until=day(until), currency=currency)


@pytest.mark.parametrize(
    ("changes", "until", "interest"),
    [
        # 14,280.00 at 10.27 % for ten days: 14280 * 0.1027 * 10 / 365 = 40.1797…
        ([(-30, "14280")], 10, "40.18"),
        ([(-30, "14280")], 1, "4.02"),
        ([(-30, "14280")], 0, "0"),
        ([(-30, "14280")], -5, "0"),
        # Paid on the due date or before, it is not late; on the next day, by one day.
        ([(-30, "14280"), (0, "-14280")], 10, "0"),
        ([(-30, "14280"), (1, "-14280")], 10, "4.02"),
        # A part before, a part on the fifth day: 4280 for five days, then 280 for five.
        ([(-30, "14280"), (-3, "-10000"), (5, "-4000")], 10, "6.42"),
        # What is in dispute from the second to the sixth day counts for nobody in between.
        ([(-30, "14280"), (2, "-14280"), (6, "14280")], 10, "24.11"),
        # Overpaid is nobody's interest, and what happens later than asked is not known yet.
        ([(-30, "100"), (-1, "-500")], 10, "0"),
        ([(-30, "14280"), (11, "-14280"), (12, "99999")], 10, "40.18"),
        ([(-30, "14280"), (10, "-14280")], 10, "40.18"),
    ],
)
def test_interest_runs_by_the_day(changes: list[tuple[int, str]], until: int, interest: str) -> None:
    made = charged(*changes, until=until)
    assert made.interest == D(interest)
    assert made.fee == (D(40) if D(interest) else 0)


def test_the_year_the_currency_and_the_fee_are_as_agreed() -> None:
    assert charged((-30, "14280"), terms=LateTerms(D("10.27"), 360)).interest == D("40.74")
    assert charged((-30, "14280"), terms=LateTerms(D("10.27"), 360)).fee == 0
    only_fee = charged((-30, "0.01"), terms=LateTerms(D(0), fee=D(40)))
    assert (only_fee.interest, only_fee.total) == (0, D(40))
    assert charged((-30, "1000000"), currency="JPY", terms=LateTerms(D(5))).interest == D(1370)
    assert charged((-30, "1000.000"), currency="KWD", terms=LateTerms(D(5))).interest == D("1.370")


PARTS = st.lists(st.tuples(st.integers(-20, 30), st.integers(-5_000, 5_000)), max_size=6)


@settings(max_examples=50)
@given(PARTS, st.integers(0, 40))
def test_interest_is_what_its_days_come_to(parts: list[tuple[int, int]], until: int) -> None:
    """Against a plain count, day by day: rounded once, at the end."""
    changes = [(-25, "9000"), *((on, str(amount)) for on, amount in parts)]
    by_days = sum(
        max(D(0), sum((D(amount) for on, amount in changes if on < number), D(0))) for number in range(1, until + 1)
    )
    exact = by_days * TERMS.annual_rate / 36500
    made = charged(*changes, until=until)
    assert abs(made.interest - exact) <= D("0.005")
    assert sum(one.days for one in made.stretches) <= until


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        (LateTerms(D(-1)), "between 0 and"),
        (LateTerms(D("50.01")), "between 0 and"),
        (LateTerms(D("NaN")), "between 0 and"),
        (LateTerms(D("1.00001")), "decimals"),
        (LateTerms(D(5), 364), "365 or 360"),
        (LateTerms(D(5), basis="x" * 161), "how the rate"),
        (LateTerms(D(5), fee=D("1.001")), "decimals"),
        (LateTerms(D(0)), "or leave both empty"),
    ],
)
def test_terms_that_nobody_could_compute_are_refused(terms: LateTerms, says: str) -> None:
    with pytest.raises(Refused, match=says):
        check_late_payment(terms, currency="EUR")


def test_terms_are_read_as_they_were_written() -> None:
    assert read_late_payment(plain_late_payment(TERMS)) == TERMS
    assert plain_late_payment(None) is None


@dataclass
class Story:
    """Two milestones are accepted under a contract that agrees on interest, and one under a contract that does not."""

    parties: Parties
    contract: Contract
    first: Invoice
    second: Invoice


AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def story(once: Told) -> Story:
    told: Story = once(_tell)
    return told


def _tell() -> Story:
    parties = scenarios.organisations()
    plain = scenarios.active_contract(parties, at=AT)
    scenarios.accepted_milestone(plain, at=AT)
    draft = scenarios.software_draft(parties, number="NL-late", late_payment=TERMS)
    contract = scenarios.active_contract(parties, draft=draft, at=AT)
    milestones = [scenarios.accepted_milestone(contract, position=place, at=AT) for place in (1, 2)]
    with walls.asking_for(parties.seller.pk), clock.stopped(AT):
        first, second = (Invoice.objects.select_related("open_item").get(milestone=one) for one in milestones)
        assert (first.due_on, first.gross) == (DUE, D(14280))
        documents.render(invoice_ref=first.ref)
    return Story(parties, contract, first, second)


def found(story: Story, number: int, *, role: str = "billing") -> dict[str, Late]:
    with acting(scenarios.member(story.parties, role)):
        late = late_charges(OpenItem.objects.all(), today=day(number))
        return {one.number: one for one in late.values()}


@pytest.mark.django_db
def test_what_was_agreed_is_signed_and_only_where_it_was(story: Story) -> None:
    with walls.asking_for(story.parties.seller.pk):
        texts = {one.contract_id: one.canonical_text for one in ContractVersion.objects.all()}
    said = json.loads(texts.pop(story.contract.pk))["terms"]
    (plain,) = (json.loads(text)["terms"] for text in texts.values())
    assert said["late_payment"] == {
        "annual_rate": "10.27",
        "basis": "Base rate of 1.27 plus 9 points",
        "days_of_year": 365,
        "fee": "40",
    }
    assert "late_payment" not in plain


@pytest.mark.django_db
def test_both_sides_see_it_run_and_the_reminder_says_it(story: Story) -> None:
    assert found(story, 0) == {}
    for role in ("billing", "buyer"):
        late = found(story, 10, role=role)
        assert {number: one.charge.interest for number, one in late.items()} == {
            story.first.number: D("40.18"),
            story.second.number: D("40.18"),
        }
    bilge = scenarios.member(story.parties, "billing")
    at = datetime(2026, 4, 11, 12, tzinfo=UTC)
    with acting(bilge, at=at):
        sent = reminding.remind_buyer(actor=bilge, key=key(), invoice_ref=story.first.ref)
    with clock.stopped(at):
        jobs.send_invoice.func(delivery_ref=sent["delivery"], organisation_id=story.parties.buyer.pk)
    body = mail.outbox[-1].body
    assert "14,280.00" in body
    assert "40.18" in body
    assert "40.00" in body


@pytest.mark.django_db
def test_of_what_came_back_it_counts_from_the_day_on_which_it_arrived(story: Story) -> None:
    sent = {}
    for one in (story.first, story.second):
        with walls.asking_for(story.parties.seller.pk):
            documents.render(invoice_ref=one.ref)
            delivery = invoicing.deliver(invoice=one, at=AT)
        with clock.stopped(AT):
            jobs.send_invoice.func(delivery_ref=delivery.ref, organisation_id=story.parties.buyer.pk)
        with walls.asking_for(story.parties.seller.pk):
            sent[one.ref] = SentMail.objects.get(subject=f"invoice:{one.ref}")
    bounce(sent[story.first.ref], sent[story.first.ref].recipients, at=AT)
    # What is told when servers have given up long ago takes nothing back.
    bounce(sent[story.second.ref], sent[story.second.ref].recipients, at=AT + timedelta(days=8))
    assert set(found(story, 10)) == {story.second.number}
    with walls.asking_for(story.parties.seller.pk), clock.stopped(AT + timedelta(days=35)):
        invoicing.host(invoice=story.first, at=AT)
        InvoiceLink.objects.filter(invoice=story.first).update(
            first_viewed_at=AT + timedelta(days=35), last_viewed_at=AT + timedelta(days=35), views=1
        )
    # Opened on 6 April: 14,280.00 for the five days after it.
    assert found(story, 10)[story.first.number].charge.interest == D("20.09")


@pytest.mark.django_db
def test_the_statement_of_account_shows_it_beside_the_balance(story: Story, client: Client) -> None:
    client.force_login(story.parties.people["billing"].user)
    with clock.stopped(datetime(2026, 4, 11, 12, tzinfo=UTC)):
        page = client.get(reverse("seller:account_statement", args=[story.parties.buyer.ref]))
    assert page.status_code == 200
    assert [one.charge.total for one in page.context["late"]] == [D("80.18"), D("80.18")]
    assert "10.27" in page.content.decode()
    assert page.context["statement"].closing == page.context["standing"].balance


@pytest.mark.django_db
def test_payments_credits_and_disputes_stop_it(story: Story) -> None:
    bilge, approver = (scenarios.member(story.parties, role) for role in ("billing", "approver"))
    with acting(bilge, at=datetime(2026, 4, 6, 9, tzinfo=UTC)):
        paid = billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=story.first.ref,
            amount=D(10000),
            received_on=day(4),
            bank_reference="IN-1",
        )
    disputes.on_invoice(story.second.ref, actor=approver, at=datetime(2026, 4, 3, 9, tzinfo=UTC), reason="No.")
    late = found(story, 10)
    # 14,280.00 for four days, then 4,280.00 for six; the other one stands in dispute from the second day on.
    assert late[story.first.number].charge.interest == D("23.30")
    assert story.second.number not in late or late[story.second.number].charge.interest == D("8.04")
    with acting(bilge, at=datetime(2026, 4, 7, 9, tzinfo=UTC)):
        billing.reverse_payment(actor=bilge, key=key(), payment_ref=paid["payment"], reason="Not theirs.")
    assert found(story, 10)[story.first.number].charge.interest == D("40.18")


@pytest.mark.django_db
def test_what_ended_in_a_credit_note_is_left_out_once(story: Story) -> None:
    """It is owed from the first day no more; what of a dispute or a defect was not credited only waits meanwhile."""
    bilge, approver = (scenarios.member(story.parties, role) for role in ("billing", "approver"))
    start, end = (datetime(2026, 4, number, 9, tzinfo=UTC) for number in (3, 7))
    dispute = disputes.on_invoice(story.second.ref, actor=approver, at=start, share=Share(amount=D(6000)))
    proposal = disputes.proposed(dispute, "partly_upheld", actor=bilge, at=end, amount="5000.00")
    disputes.agreed(proposal, actor=approver, at=end)
    # 8,330.00 are owed; for four of ten days another 1,190.00 were in dispute, and stood.
    assert found(story, 10)[story.second.number].charge.interest == D("22.10")

    draft = scenarios.software_draft(story.parties, number="NL-defect", late_payment=TERMS)
    submission = scenarios.submitted_milestone(scenarios.active_contract(story.parties, draft=draft, at=AT), at=AT)
    with acting(approver, at=AT):
        reserving.accept_with_reservations(
            actor=approver,
            key=key(),
            submission_ref=submission.ref,
            seen=submission.sha256,
            defects=(Defect("Paint", date(2026, 4, 20), D(1000)),),
        )
        paint = Reservation.objects.get()
    with acting(bilge, at=end):
        offer = reserving.offer_reduction(actor=bilge, key=key(), reservation_ref=paint.ref, amount=D(400))["offer"]
    with acting(approver, at=end):
        reserving.agree_reduction(actor=approver, key=key(), offer_ref=offer)
        defective = Invoice.objects.get(milestone=submission.milestone)
    # 13,804.00 are owed; the 714.00 of the defect that were not credited for the last four days only.
    assert found(story, 10)[defective.number].charge.interest == D("37.63")


@pytest.mark.django_db
def test_new_days_for_what_was_withheld_forgive_nothing_that_was_paid_late(story: Story) -> None:
    """13,090.00 are paid nine days late; 1,190.00 for a defect are due on 11 May, thirty days after its release."""
    bilge, approver = (scenarios.member(story.parties, role) for role in ("billing", "approver"))
    draft = scenarios.software_draft(story.parties, number="NL-defect", late_payment=TERMS)
    submission = scenarios.submitted_milestone(scenarios.active_contract(story.parties, draft=draft, at=AT), at=AT)
    with acting(approver, at=AT):
        defects = (Defect("Paint", date(2026, 4, 20), D(1000)),)
        reserving.accept_with_reservations(
            actor=approver, key=key(), submission_ref=submission.ref, seen=submission.sha256, defects=defects
        )
        paint, invoice = Reservation.objects.get(), Invoice.objects.get(milestone=submission.milestone)
    with acting(bilge, at=datetime(2026, 4, 10, 9, tzinfo=UTC)):
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=invoice.ref,
            amount=D(13090),
            received_on=day(9),
            bank_reference="IN-13090",
        )
    with acting(approver, at=datetime(2026, 4, 11, 9, tzinfo=UTC)):
        reserving.release_reservation(actor=approver, key=key(), reservation_ref=paint.ref)
        assert OpenItem.objects.get(invoice=invoice).due_on == date(2026, 5, 11)
    # 13,090.00 for nine days, and the 1,190.00 for five more once their own day is over.
    for number, interest in ((9, "33.15"), (20, "33.15"), (40, "33.15"), (45, "34.82")):
        late = found(story, number)[invoice.number]
        assert (late.charge.interest, late.due_on) == (D(interest), DUE)


@pytest.mark.django_db
def test_what_was_used_late_and_comes_free_again_counts_from_its_use(story: Story) -> None:
    """5,720.00 that were left of a payment settle another invoice on 5 April; a credit of 1,190.00 frees them."""
    bilge = scenarios.member(story.parties, "billing")

    def pay(invoice: Invoice, amount: str) -> str:
        answer = billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=invoice.ref,
            amount=D(amount),
            received_on=date(2026, 3, 20),
            bank_reference=f"IN-{amount}",
        )
        return answer["payment"]

    with acting(bilge, at=datetime(2026, 3, 20, 9, tzinfo=UTC)):
        pay(story.second, "8560.00")
        more = pay(story.first, "20000.00")
    with acting(bilge, at=datetime(2026, 4, 5, 9, tzinfo=UTC)):
        crediting.allocate_payment(actor=bilge, key=key(), payment_ref=more, invoice_ref=story.second.ref)
    at = datetime(2026, 4, 7, 9, tzinfo=UTC)
    corrections.credited(story.parties, story.second.ref, "1000.00", at=at)
    with acting(bilge):
        late = claimable(OpenItem.objects.all(), today=day(10))
    # 13,090.00 are owed, 8,560.00 were there in time: 4,530.00 for four days.
    assert [(one.number, one.charge.interest) for one in late.values()] == [(story.second.number, D("5.10"))]


@pytest.mark.django_db
def test_the_database_keeps_terms_within_bounds(story: Story) -> None:
    with walls.asking_for(story.parties.seller.pk), clock.stopped(AT):
        version = ContractVersion.objects.filter(contract=story.contract).get()
        values = {"annual_rate": "51", "days_of_year": 365, "basis": "", "fee": "0"}
        with pytest.raises(IntegrityError, match="within bounds"), transaction.atomic():
            ContractVersion.objects.create(
                contract=story.contract, number=9, price=1, late_payment=values, created_at=version.created_at
            )
