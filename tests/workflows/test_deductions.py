"""A change order below what is billed takes back the difference: by a credit note, and by both signatures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.contracts.drafts import ChangeDraft
from apps.contracts.models import Contract
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import CreditNote, OpenItem
from apps.invoicing.rules import Share
from apps.milestones.models import Milestone, Nullification
from apps.parties.actor import Actor
from apps.revenue.models import Recognition
from apps.workflows import changing, crediting, revenue
from tests import change_orders, scenarios
from tests.change_orders import line
from tests.scenarios import Parties, acting, key

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
D = Decimal


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """12,000.00 accepted and billed with 19 % tax, 12,000.00 and 16,000.00 to come."""
    contract = scenarios.active_contract(parties, at=NOON - 10 * DAY)
    scenarios.accepted_milestone(contract, at=NOON)
    return contract


def less(contract: Contract, amount: str) -> ChangeDraft:
    return ChangeDraft("Smaller prototype", "Two screens were left out.", lines=(line(contract, 1, amount=D(amount)),))


def plan(contract: Contract) -> list[tuple[int, int, str, Decimal, Decimal]]:
    with walls.asking_for(contract.seller_id):
        rows = Milestone.objects.filter(contract=contract, position=1)
        return [(one.position, one.part, one.state, one.amount, one.nullified) for one in rows]


def test_the_signature_issues_the_credit_note_and_leaves_nothing_to_submit(
    parties: Parties, contract: Contract
) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    proposed = change_orders.propose(contract, less(contract, "9000.00"), by=sina, at=NOON + DAY)
    with walls.asking_for(contract.seller_id):
        assert not CreditNote.objects.exists()

    change_orders.sign(proposed, by=olga, at=NOON + 2 * DAY)

    assert plan(contract) == [
        (1, 1, "accepted", D("12000.00"), D("3000.00")),
        (1, 2, "cancelled", D("3000.00"), D(0)),
    ]
    with acting(sina, at=NOON + 2 * DAY):
        note = CreditNote.objects.get()
        assert (note.net, note.tax, note.gross) == (D("3000.00"), D("570.00"), D("3570.00"))
        assert (note.reason, note.purpose) == ("Change order 1: Smaller prototype", "nullification")
        assert OpenItem.objects.get().open == D("10710.00")
        taken = Nullification.objects.get()
        assert (taken.asker_name, taken.answerer_name, taken.asked_by) == (sina.name, olga.name, "seller")
        contract.refresh_from_db()
        assert contract.active_version is not None
        assert contract.active_version.price == D("37000.00")
    with clock.stopped(NOON + 2 * DAY):
        revenue.recognise_revenue(contract_ref=contract.ref, seller_id=contract.seller_id)
    with walls.asking_for(contract.seller_id):
        earned = sum(Recognition.objects.values_list("amount", flat=True), D(0))
        assert earned == D("9000.00")

    # And again, by the buyer this time, and below it of what is left.
    again = change_orders.propose(contract, less(contract, "8500.00"), by=olga, side="buyer", at=NOON + 3 * DAY)
    change_orders.sign(again, by=sina, at=NOON + 4 * DAY)
    assert plan(contract)[0] == (1, 1, "accepted", D("12000.00"), D("3500.00"))


def test_what_cannot_be_credited_and_who_may_not_credit_is_refused_before_anything_is_signed(
    parties: Parties, contract: Contract
) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    proposed = change_orders.propose(contract, less(contract, "9000.00"), by=sina, at=NOON + DAY)
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with pytest.raises(NotAllowed, match="signing one thing"):
        change_orders.sign(proposed, by=guest, at=NOON + DAY)
    _credit(contract, by=sina, amount="10000.00")
    with pytest.raises(Refused, match="net of tax are left to credit"):
        change_orders.sign(proposed, by=olga, at=NOON + 2 * DAY)
    assert plan(contract) == [(1, 1, "accepted", D("12000.00"), D(0))]
    with acting(sina, at=NOON + 2 * DAY):
        changing.withdraw_change(actor=sina, key=key(), order_ref=proposed["change_order"], reason="Wrong.")
    with pytest.raises(Refused, match="net of tax are left to credit"):
        change_orders.propose(contract, less(contract, "9999.00"), by=sina, at=NOON + 2 * DAY)


def _credit(contract: Contract, *, by: Actor, amount: str) -> None:
    with acting(by, at=NOON + DAY):
        invoice = OpenItem.objects.select_related("invoice").get(contract=contract).invoice
        share = Share(amount=D(amount))
        seen = invoicing.preview_credit(invoice_ref=invoice.ref, share=share).sha256
        crediting.credit_invoice(
            actor=by, key=key(), invoice_ref=invoice.ref, share=share, reason="Too dear.", seen=seen
        )
