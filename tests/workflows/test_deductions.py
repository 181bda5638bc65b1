"""A change order below what is billed takes back the difference: by a credit note, and by both signatures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

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
from apps.parties.models import Membership
from apps.parties.roles import Role
from apps.revenue.models import Recognition
from apps.workflows import changing, crediting, revenue
from tests import change_orders, corrections, scenarios
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


def test_what_cannot_be_credited_is_refused_before_anything_is_signed(parties: Parties, contract: Contract) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    proposed = change_orders.propose(contract, less(contract, "9000.00"), by=sina, at=NOON + DAY)
    _credit(contract, by=sina, amount="10000.00")
    with pytest.raises(Refused, match="net of tax are left to credit"):
        change_orders.sign(proposed, by=olga, at=NOON + 2 * DAY)
    assert plan(contract) == [(1, 1, "accepted", D("12000.00"), D(0))]
    with acting(sina, at=NOON + 2 * DAY):
        changing.withdraw_change(actor=sina, key=key(), order_ref=proposed["change_order"], reason="Wrong.")
    with pytest.raises(Refused, match="net of tax are left to credit"):
        change_orders.propose(contract, less(contract, "9999.00"), by=sina, at=NOON + 2 * DAY)


def test_who_signs_by_link_takes_back_what_the_order_says_and_nothing_else(
    parties: Parties, contract: Contract
) -> None:
    """The same as a member: what is accepted is credited, in the seller's name, and the link is spent with it."""
    sina = scenarios.seller_actor(parties)
    proposed = change_orders.propose(contract, less(contract, "9000.00"), by=sina, at=NOON + DAY)
    grant = scenarios.link_to_sign(contract)
    guest = scenarios.guest_actor(grant)
    change_orders.sign(proposed, by=guest, at=NOON + 2 * DAY)
    assert plan(contract) == [
        (1, 1, "accepted", D("12000.00"), D("3000.00")),
        (1, 2, "cancelled", D("3000.00"), D(0)),
    ]
    with walls.asking_for(contract.seller_id):
        note = CreditNote.objects.get()
        assert (note.gross, note.issued_by_name) == (D("3570.00"), sina.name)
        taken = Nullification.objects.get()
        assert (taken.answerer_id, taken.answerer_grant_id, taken.answerer_name) == (None, grant.pk, guest.name)
        grant.refresh_from_db()
        assert grant.used_at is not None
        # Asked for by hand it stays what a member grants.
        asked = corrections.asked(parties, taken.milestone.ref, at=NOON + 3 * DAY)
    with acting(guest, at=NOON + 3 * DAY), pytest.raises(NotAllowed, match="signing one thing"):
        crediting.grant_nullification(actor=guest, key=key(), nullification_ref=asked)


def test_who_may_sign_for_the_buyer_and_not_sign_off_takes_nothing_back_by_link_either(
    parties: Parties, contract: Contract
) -> None:
    proposed = change_orders.propose(contract, less(contract, "9000.00"), by=scenarios.seller_actor(parties), at=NOON)
    with walls.asking_for(contract.buyer_id):
        Membership.objects.filter(pk=parties.people["approver"].pk).update(roles=[Role.CONTRACTS])
    guest = scenarios.guest_actor(scenarios.link_to_sign(contract))
    with pytest.raises(NotAllowed, match="sign off milestones"):
        change_orders.sign(proposed, by=guest, at=NOON + DAY)
    assert plan(contract) == [(1, 1, "accepted", D("12000.00"), D(0))]


def test_a_link_that_did_not_sign_the_change_takes_nothing_back(parties: Parties, contract: Contract) -> None:
    sina, olga = scenarios.seller_actor(parties), scenarios.buyer_actor(parties)
    change_orders.sign(
        change_orders.propose(contract, less(contract, "9000.00"), by=sina, at=NOON + DAY), by=olga, at=NOON + 2 * DAY
    )
    other = scenarios.link_to_sign_off(scenarios.submitted_milestone(contract, position=2, at=NOON + 2 * DAY))
    asked = corrections.asked(parties, milestone_ref(contract), by="billing", at=NOON + 3 * DAY)
    refused = pytest.raises(DatabaseError, match="takes back only what it signed")
    with walls.asking_for(contract.seller_id), refused, transaction.atomic():
        Nullification.objects.filter(ref=asked).update(
            state="granted", answered_at=NOON, answerer_grant=other, answerer_name="Mallory"
        )


def milestone_ref(contract: Contract) -> str:
    with walls.asking_for(contract.seller_id):
        return Milestone.objects.get(contract=contract, position=1, part=1).ref


def _credit(contract: Contract, *, by: Actor, amount: str) -> None:
    with acting(by, at=NOON + DAY):
        invoice = OpenItem.objects.select_related("invoice").get(contract=contract).invoice
        share = Share(amount=D(amount))
        seen = invoicing.preview_credit(invoice_ref=invoice.ref, share=share).sha256
        crediting.credit_invoice(
            actor=by, key=key(), invoice_ref=invoice.ref, share=share, reason="Too dear.", seen=seen
        )
