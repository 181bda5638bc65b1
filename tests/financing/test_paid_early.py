"""The buyer pays the financier before the financier has paid the seller; and when a payment is late."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError

from apps.core.database import walls
from apps.core.errors import IllegalTransition, Refused
from apps.financing.models import Facility, Tranche
from apps.financing.rules.waterfall import Shares, for_the_seller
from apps.invoicing.models import Invoice, PayeeInstruction
from apps.parties.models import BankAccount
from apps.workflows import billing, worker
from tests import scenarios
from tests.conftest import Once
from tests.financing import stories
from tests.financing.stories import day, entries, lines
from tests.races import together
from tests.scenarios import Parties, acting, key, member

PAID_ON = date(2026, 3, 3)


@pytest.fixture
def deal(committed: Once) -> Parties:
    return committed(stories.parties)


@pytest.fixture
def waiting(deal: Parties) -> Tranche:
    """Assigned, the buyer told, nothing paid out."""
    tranche = stories.accepted_advance(deal)
    stories.acknowledged(deal, tranche)
    worker.run_due_jobs()
    mail.outbox.clear()
    return tranche


def seller_booked(deal: Parties) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for entry in entries(deal.seller, purpose="seller"):
        for code, amount in entry.items():
            sums[code] = sums.get(code, Decimal(0)) + amount
    return {code: amount for code, amount in sums.items() if amount}


def test_all_of_it_is_the_sellers_and_is_passed_on(deal: Parties, waiting: Tranche) -> None:
    stories.collected(deal, waiting, 121_000, on=PAID_ON)
    assert entries(deal.financier) == [lines(d1010=121_000, c2010=120_000, c2020=1_000)]
    assert waiting.state == "cancelled"
    assert "paid before the advance" in waiting.cancel_reason
    with walls.asking_for(deal.seller.pk):
        assert Facility.objects.get().advanced == 0
        invoice = Invoice.objects.get()
        assert invoice.open_item.open == 0
    assert seller_booked(deal) == {"1200": Decimal(120_000), "4000": Decimal(-120_000)}
    stories.verify_books()
    worker.run_due_jobs()
    assert not [message for message in mail.outbox if "again" in message.subject]
    with acting(member(deal, "treasury")):
        assert BankAccount.objects.filter(organisation=deal.seller).exists()
    stories.reserve_paid(deal, waiting, on=PAID_ON)
    assert entries(deal.financier)[-1] == lines(d2010=120_000, c1000=120_000)
    assert seller_booked(deal) == {"1000": Decimal(120_000), "4000": Decimal(-120_000)}
    with acting(member(deal, "treasury")):
        assert not BankAccount.objects.filter(organisation=deal.seller).exists()
    with pytest.raises(Refused, match="Nothing is due to the seller"):
        stories.reserve_paid(deal, waiting, on=PAID_ON, reference="OUT-3")
    with pytest.raises(IllegalTransition):
        stories.paid_out(deal, waiting, on=PAID_ON)
    stories.verify_books()


def test_the_rest_is_paid_to_the_seller_and_the_buyer_is_told(deal: Parties, waiting: Tranche) -> None:
    stories.collected(deal, waiting, 50_000, on=PAID_ON)
    worker.run_due_jobs()
    (letter,) = mail.outbox
    assert letter.subject.startswith("Pay invoice")
    assert "IBAN: DE89370400440532013000" in letter.body
    with pytest.raises(Refused, match="is paid to the seller"):
        stories.collected(deal, waiting, 70_000, on=PAID_ON, reference="IN-2")
    with acting(member(deal, "billing"), at=stories.noon(day(20))) as bilge:
        billing.record_payment(
            actor=bilge,
            key=key(),
            invoice_ref=Invoice.objects.get().ref,
            amount=Decimal(70_000),
            received_on=day(20),
            bank_reference="IN-9",
        )
        assert Invoice.objects.get().open_item.open == 0
    stories.verify_books()


def test_an_advance_that_the_acceptance_made_an_invoice_of_works_alike(deal: Parties) -> None:
    tranche = stories.advance_before_acceptance(deal)
    with walls.asking_for(deal.seller.pk):
        contract = tranche.contract
    with pytest.raises(Refused, match="is not accepted yet: the buyer owes nothing"):
        stories.collected(deal, tranche, 120_000, on=PAID_ON)
    scenarios.accepted_milestone(contract, position=2, at=stories.noon(stories.FUNDED_ON))
    stories.collected(deal, tranche, 20_000, on=PAID_ON)
    assert entries(deal.financier) == [lines(d1010=20_000, c2010=20_000)]
    with walls.asking_for(deal.seller.pk):
        assert PayeeInstruction.objects.live().get().payee_id == deal.seller.pk
    stories.verify_books()


def test_of_the_buyers_payment_and_the_payout_at_once_the_books_agree(deal: Parties, waiting: Tranche) -> None:
    outcomes = together(
        lambda: stories.collected(deal, waiting, 120_000, on=PAID_ON).ref,
        lambda: stories.paid_out(deal, waiting, on=stories.FUNDED_ON).ref,
    )
    failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert all(isinstance(one, Refused) for one in failed), failed
    (found,) = stories.tranches(deal, contract_id=waiting.contract_id)
    # Paid out first, the payment repays it; the payment first, nothing is paid out any more.
    assert (found.state, len(failed)) in {("settled", 0), ("cancelled", 1)}
    stories.verify_books()


def test_what_arrived_before_the_payout_and_is_recorded_after_it_repays_it(deal: Parties, waiting: Tranche) -> None:
    bought = stories.paid_out(deal, waiting, on=date(2026, 3, 5))
    found = stories.collected(deal, bought, 120_000, on=PAID_ON, recorded=date(2026, 3, 9))
    assert found.collected_on == date(2026, 3, 5)
    # The least of fifteen days is earned, the rest of fifty goes back to the seller.
    assert entries(deal.financier)[-1] == lines(
        d1010=120_000, d2100=1_190, d2110=357, d2000=18_000, c1100=120_000, c4010=357, c2010=19_190
    )
    assert bought.state == "settled"
    stories.verify_books()


def test_postgres_lets_nothing_be_repaid_before_it_is_advanced(
    deal: Parties, waiting: Tranche, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(amount: Decimal, *, owed: Decimal) -> Shares:
        return replace(for_the_seller(amount, owed=owed), to_advance=amount, to_seller=Decimal(0))

    monkeypatch.setattr("apps.financing.services.collecting.for_the_seller", wrong)
    with pytest.raises(IntegrityError, match="nothing is repaid before it is advanced"):
        stories.collected(deal, waiting, 120_000, on=PAID_ON)


# --- late, and not late ------------------------------------------------------------------------------------------


def accepted_late(deal: Parties) -> Tranche:
    """Advanced on before acceptance for 90 days, accepted on the 85th: the invoice is due on day 115."""
    tranche = stories.paid_out(deal, stories.advance_before_acceptance(deal))
    with walls.asking_for(deal.seller.pk):
        contract = tranche.contract
    scenarios.accepted_milestone(contract, position=2, at=stories.noon(day(85)))
    return stories.tranches(deal, contract_id=contract.pk)[0]


def test_a_buyer_that_pays_when_the_invoice_is_due_is_not_late(deal: Parties) -> None:
    bought = accepted_late(deal)
    assert bought.invoice is not None
    assert bought.invoice.due_on == day(115)
    found = stories.collected(deal, bought, 120_000, on=day(115))
    assert found.late_charge == 0
    assert found.to_seller == 60_000
    stories.verify_books()


def test_a_buyer_that_pays_after_the_grace_is(deal: Parties) -> None:
    bought = accepted_late(deal)
    # Five days of grace after the due date, then ten days at 12 % on 60,000.
    found = stories.collected(deal, bought, 120_000, on=day(130))
    assert found.late_charge == 200
    stories.verify_books()


def test_an_invoice_that_is_due_before_the_discounts_days_end_is_late_after_them(deal: Parties) -> None:
    tranche = stories.funded_advance(deal)
    found = stories.collected(deal, tranche, 120_000, on=day(70))
    assert found.late_charge == 510
