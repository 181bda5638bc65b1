"""Damages for delay, back-charges and bonuses: each by a document of its own, never below zero due, once, withdrawn."""

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

from apps.contracts.charges import PRICE, BonusTerms, ChargeTerms, DamageTerms, Rate
from apps.contracts.late_payment import LateTerms
from apps.contracts.models import Contract
from apps.contracts.retention import BUYER, RetentionRelease, RetentionTerms
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.invoicing import credit_documents, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.models import Charge, CreditNote, Invoice, OpenItem
from apps.invoicing.rules import Share
from apps.invoicing.services.late_interest import late_charges
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.milestones.models import Milestone, Nullification
from apps.workflows import billing, charge_jobs, charging, crediting, team
from tests import scenarios, terminations
from tests.scenarios import Parties, acting, key

D = Decimal
AT = datetime(2026, 4, 11, 9, tzinfo=UTC)
PLANNED = (date(2026, 4, 1), date(2026, 4, 21), date(2026, 4, 1))
"""Ten days before the acceptance, ten days after it, and again ten days before."""
TERMS = ChargeTerms(DamageTerms(Rate(D("0.2")), may_object=False), BonusTerms(Rate(amount=D(50))), back_charges=PRICE)
Told = Callable[[Callable[[], Any]], Any]


@dataclass(frozen=True)
class Story:
    """A milestone that was accepted late, one that was early, and one that was late where the seller may object."""

    parties: Parties
    contract: Contract
    late: Milestone
    early: Milestone
    objected: Milestone


@pytest.fixture(scope="module")
def story(once: Told) -> Story:
    told: Story = once(tell)
    return told


def tell() -> Story:
    parties = scenarios.organisations()
    found = []
    for number, terms in (
        ("NL-charges", TERMS),
        ("NL-objects", replace(TERMS, damages=DamageTerms(Rate(D("0.2")), tax=PRICE))),
    ):
        draft = scenarios.software_draft(parties, number=number, late_payment=LateTerms(annual_rate=D(10)))
        if terms is not TERMS:
            draft = replace(draft, retention=RetentionTerms(rate=D(10), releases=(RetentionRelease(D(100), BUYER),)))
        lines = tuple(replace(line, planned_on=day) for line, day in zip(draft.lines, PLANNED, strict=True))
        contract = scenarios.active_contract(parties, draft=replace(draft, lines=lines, charges=terms), at=AT)
        places = (1, 2) if terms is TERMS else (1,)
        found += [scenarios.accepted_milestone(contract, position=place, at=AT) for place in places]
    return Story(parties, found[0].contract, *found)


def by(story: Story, role: str, workflow: Callable[..., Any], *, days: Any = 0, **said: Any) -> Any:
    with acting(scenarios.member(story.parties, role), at=AT + timedelta(days=days, hours=1)) as actor:
        return workflow(actor=actor, key=key(), **said)


def item_of(story: Story, milestone: Milestone) -> OpenItem:
    with walls.asking_for(story.parties.seller.pk):
        return OpenItem.objects.select_related("invoice").get(invoice__milestone=milestone)


def pay(story: Story, milestone: Milestone) -> None:
    """All that is open, on the day of its acceptance."""
    item = item_of(story, milestone)
    by(
        story,
        "billing",
        billing.record_payment,
        invoice_ref=item.invoice.ref,
        amount=item.open,
        received_on=AT.date(),
        bank_reference="IN-1",
    )


def book(story: Story, account: Seller) -> Decimal:
    seller = story.parties.seller.pk
    with walls.asking_for(seller):
        return ledger.balance(organisation_id=seller, currency="EUR", purpose=ledger.Purpose.SELLER, account=account)


@pytest.mark.django_db
def test_damages_are_claimed_outside_the_scope_of_tax_and_once(story: Story) -> None:
    before = {account: book(story, account) for account in (Seller.CONTRACT_BALANCE, Seller.OUTPUT_TAX)}
    open_before = item_of(story, story.late).open
    by(story, "approver", charging.claim_damages, milestone_ref=story.late.ref)
    # 12,000.00 at 0.2 percent for ten days.
    item = item_of(story, story.late)
    assert (item.open, item.credited) == (open_before - 240, D(240))
    assert book(story, Seller.CONTRACT_BALANCE) == before[Seller.CONTRACT_BALANCE] + 240
    assert book(story, Seller.OUTPUT_TAX) == before[Seller.OUTPUT_TAX]
    with walls.asking_for(story.parties.seller.pk):
        charge = Charge.objects.select_related("credit_note").get(milestone=story.late)
        note = charge.credit_note
        assert note is not None
        assert (charge.state, charge.net, note.net, note.tax, note.purpose) == (
            "standing",
            D(240),
            D(240),
            D(0),
            "damages",
        )
        said = snapshot.read(note.snapshot)
        assert (said.lines[0].tax_category, said.seller.vat_identifier) == ("O", "")
        assert "10 days late" in said.lines[0].description
        assert invoicing.left_to_credit(invoice_ref=item.invoice.ref) == item.invoice.net
        with clock.stopped(AT):
            document = credit_documents.render(credit_note_ref=note.ref)
        assert document.state == "ready"
    with pytest.raises(Refused, match="charged once"):
        by(story, "approver", charging.claim_damages, milestone_ref=story.late.ref)
    with pytest.raises(Refused, match="charged once"):
        by(story, "approver", charging.waive_damages, milestone_ref=story.late.ref, reason="Friends.")


@pytest.mark.django_db
def test_they_are_withdrawn_by_the_exact_opposite(story: Story) -> None:
    before = {account: book(story, account) for account in Seller}
    open_before = item_of(story, story.late).open
    by(story, "approver", charging.claim_damages, milestone_ref=story.late.ref)
    with walls.asking_for(story.parties.seller.pk):
        charge = Charge.objects.get(milestone=story.late)
    by(story, "approver", charging.withdraw_charge, charge_ref=charge.ref, reason="It was our calendar.")
    assert item_of(story, story.late).open == open_before
    assert item_of(story, story.late).credited == 0
    assert {account: book(story, account) for account in Seller} == before
    with pytest.raises(IllegalTransition):
        by(story, "approver", charging.withdraw_charge, charge_ref=charge.ref, reason="Again.")
    # Withdrawn, they may be claimed anew.
    by(story, "approver", charging.claim_damages, milestone_ref=story.late.ref)


@pytest.mark.django_db
def test_they_end_with_the_acceptance(story: Story) -> None:
    by(story, "approver", charging.claim_damages, milestone_ref=story.late.ref)
    asked = by(
        story, "approver", crediting.ask_nullification, milestone_ref=story.late.ref, share=Share(), reason="It leaks."
    )
    by(story, "billing", crediting.grant_nullification, nullification_ref=asked["nullification"])
    item = item_of(story, story.late)
    assert (item.open, item.credited) == (D(0), item.gross)
    with walls.asking_for(story.parties.seller.pk):
        assert Charge.objects.get(milestone=story.late).state == "withdrawn"
        assert Nullification.objects.get().state == "granted"
        notes = CreditNote.objects.filter(invoice=item.invoice)
        assert [one.gross for one in notes.order_by("pk")] == [D(240), D(-240), item.gross]


@pytest.mark.django_db
def test_what_was_paid_comes_free_and_nothing_falls_below_zero(story: Story) -> None:
    pay(story, story.late)
    by(story, "approver", charging.claim_damages, milestone_ref=story.late.ref)
    after = item_of(story, story.late)
    assert (after.open, after.paid) == (D(0), after.gross - 240)
    assert book(story, Seller.UNAPPLIED_RECEIPTS) == D(-240)


@pytest.mark.django_db
def test_what_is_owed_again_bears_interest_from_its_withdrawal(story: Story) -> None:
    pay(story, story.late)
    by(story, "approver", charging.claim_damages, milestone_ref=story.late.ref)
    with walls.asking_for(story.parties.seller.pk):
        charge = Charge.objects.get(milestone=story.late)
    by(story, "approver", charging.withdraw_charge, days=60, charge_ref=charge.ref, reason="It was our calendar.")
    with walls.asking_for(story.parties.seller.pk):
        item = OpenItem.objects.filter(invoice__milestone=story.late)
        assert not late_charges(item, today=AT.date() + timedelta(days=60))
        (late,) = late_charges(item, today=AT.date() + timedelta(days=96)).values()
        # 240.00 at 10 percent for 36 days of 365.
        assert (late.charge.interest, [part.days for part in late.charge.stretches]) == (D("2.37"), [36])


@pytest.mark.django_db
def test_a_sheet_that_is_over_stays_when_a_charge_takes_of_what_was_retained(story: Story) -> None:
    contract, until = story.objected.contract, AT.date()

    def retained(until: date) -> Decimal:
        with walls.asking_for(story.parties.seller.pk):
            fresh = Contract.objects.select_related("seller", "active_version").get(pk=contract.pk)
            return invoicing.progress(fresh, since=AT.date(), until=until).now.retained

    assert retained(until) == D(1200)
    pay(story, story.objected)
    by(story, "approver", charging.claim_damages, milestone_ref=story.objected.ref)
    with walls.asking_for(story.parties.seller.pk):
        charge = Charge.objects.get(milestone=story.objected)
    by(story, "billing", charging.answer_charge, days=2, charge_ref=charge.ref, agrees=True)
    assert retained(until) == D(1200)
    assert retained(until + timedelta(days=2)) == D("914.40")


@pytest.mark.django_db
def test_what_the_end_of_a_contract_values_was_not_early(story: Story) -> None:
    parties, contract = story.parties, story.objected.contract
    seller, buyer = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    terminations.noticed(contract, by=seller, effective_on=AT.date(), at=AT)
    settled = terminations.proposed(contract, {2: "100.00"}, by=seller, at=AT)
    terminations.signed(settled, by=buyer, at=AT)
    with acting(seller, at=AT):
        valued = scenarios.milestone_of(contract, position=2)
    assert valued.state == "accepted"
    with pytest.raises(Refused, match="earns no bonus"):
        by(story, "billing", charging.claim_bonus, milestone_ref=valued.ref)


@pytest.mark.django_db
def test_the_seller_objects_or_agrees_where_the_terms_say_so(story: Story) -> None:
    by(story, "approver", charging.claim_damages, milestone_ref=story.objected.ref)
    assert item_of(story, story.objected).credited == 0
    with walls.asking_for(story.parties.seller.pk):
        charge = Charge.objects.get(milestone=story.objected)
    answer = {"charge_ref": charge.ref}
    with pytest.raises(Refused, match="Say why you object"):
        by(story, "billing", charging.answer_charge, **answer, agrees=False, reason=" ")
    for role in ("approver", "delivery"):
        with pytest.raises(NotAllowed):
            by(story, role, charging.answer_charge, **answer, agrees=True)
    by(story, "billing", charging.answer_charge, **answer, agrees=False, reason="You sent the data late.")
    charge_jobs.send_charge_news.func(charge_ref=charge.ref, state="objected", organisation_id=story.parties.buyer.pk)
    assert "You sent the data late." in mail.outbox[-1].body
    by(story, "billing", charging.answer_charge, **answer, agrees=True)
    # A part of the price here: its tax falls with it.
    assert item_of(story, story.objected).credited == D("285.60")
    with walls.asking_for(story.parties.seller.pk):
        note = CreditNote.objects.get(invoice__milestone=story.objected)
        assert (note.net, note.tax) == (D(240), D("45.60"))


@pytest.mark.django_db
def test_whoever_agrees_to_much_shows_once_more_who_it_is(story: Story, client: Client) -> None:
    by(story, "approver", charging.claim_damages, milestone_ref=story.objected.ref)
    with clock.stopped(AT + timedelta(hours=1)):
        by(story, "seller", team.set_step_up, above=D("239.99"))
    with walls.asking_for(story.parties.seller.pk):
        charge = Charge.objects.get(milestone=story.objected)
    client.force_login(story.parties.people["billing"].user)
    here = reverse("seller:milestone_charges", args=[story.objected.ref])
    with clock.stopped(AT + timedelta(hours=1)):
        asked = client.post(here, {"key": key(), "do": "agree", "charge": charge.ref})
    assert asked.status_code == 422
    assert "Confirm that it is you" in asked.content.decode()
    assert item_of(story, story.objected).credited == 0
    with clock.stopped(AT + timedelta(hours=1)):
        by(story, "billing", charging.answer_charge, charge_ref=charge.ref, agrees=True)
    assert item_of(story, story.objected).credited == D("285.60")


@pytest.mark.django_db
def test_back_charges_name_a_reason_and_what_shows_it(story: Story) -> None:
    asked = {"milestone_ref": story.early.ref, "amount": D("99.90"), "reason": "We cleaned up."}
    with pytest.raises(Refused, match="what shows it"):
        by(story, "approver", charging.charge_back, **asked, evidence="")
    with pytest.raises(NotAllowed):
        by(story, "billing", charging.charge_back, **asked, evidence="Invoice 7")
    made = by(story, "approver", charging.charge_back, **asked, evidence="Invoice 7 of Reinhold GmbH")
    by(story, "billing", charging.answer_charge, charge_ref=made["charge"], agrees=True)
    with walls.asking_for(story.parties.seller.pk):
        note = CreditNote.objects.get(charge__ref=made["charge"])
        assert (note.net, note.tax, note.purpose) == (D("99.90"), D("18.98"), "back_charge")


@pytest.mark.django_db
def test_a_bonus_is_an_invoice_of_its_own_and_ends_with_the_acceptance(story: Story) -> None:
    with pytest.raises(NotAllowed):
        by(story, "approver", charging.claim_bonus, milestone_ref=story.early.ref)
    with pytest.raises(Refused, match="earns no bonus"):
        by(story, "billing", charging.claim_bonus, milestone_ref=story.late.ref)
    with pytest.raises(Refused, match="Nothing is owed for delay"):
        by(story, "approver", charging.claim_damages, milestone_ref=story.early.ref)
    made = by(story, "billing", charging.claim_bonus, milestone_ref=story.early.ref)
    with walls.asking_for(story.parties.seller.pk):
        invoice = Invoice.objects.get(ref=made["invoice"])
        # Ten days at 50.00, at most 5 percent of 12,000.00; taxed as the price.
        assert (invoice.kind, invoice.net, invoice.tax) == ("bonus", D(500), D(95))
        assert snapshot.read(invoice.snapshot).acceptance is not None
    with pytest.raises(Refused, match="charged once"):
        by(story, "billing", charging.claim_bonus, milestone_ref=story.early.ref)
    asked = by(
        story, "approver", crediting.ask_nullification, milestone_ref=story.early.ref, share=Share(), reason="It leaks."
    )
    by(story, "billing", crediting.grant_nullification, nullification_ref=asked["nullification"])
    with walls.asking_for(story.parties.seller.pk):
        assert OpenItem.objects.get(invoice=invoice).open == 0


@pytest.mark.django_db
def test_pages_show_it_before_and_after(story: Story, client: Client) -> None:
    client.force_login(story.parties.people["approver"].user)
    here = reverse("buyer:milestone_charges", args=[story.late.ref])
    with clock.stopped(AT + timedelta(hours=1)):
        page = client.get(here)
        assert "10 days late" in page.content.decode()
        done = client.post(here, {"key": page.context["form"]["key"].value(), "do": "claim"}, follow=True)
        assert "credit note is issued" in done.content.decode()
        assert client.post(here, {"key": key(), "do": "waive", "reason": "No."}).status_code == 422
        client.force_login(story.parties.people["billing"].user)
        assert "240.00" in client.get(reverse("seller:milestone_charges", args=[story.late.ref])).content.decode()
        assert "240.00" in client.get(reverse("seller:milestone", args=[story.late.ref])).content.decode()


@pytest.mark.django_db
def test_the_database_refuses_charges_that_are_none(story: Story) -> None:
    by(story, "approver", charging.claim_damages, milestone_ref=story.late.ref)
    with acting(scenarios.member(story.parties, "billing"), at=AT + timedelta(hours=2)):
        charge = Charge.objects.get(milestone=story.late)
        for change, says in (
            ({"asked": D(1)}, "frozen"),
            ({"state": "objected"}, "step"),
            ({"state": "withdrawn"}, "withdrawn_charge_is_undone"),
        ):
            with pytest.raises(IntegrityError, match=says), transaction.atomic():
                Charge.objects.filter(pk=charge.pk).update(**change)
