"""A change order on milestones that a financier pays for, or is asked to."""

from decimal import Decimal

import pytest

from apps.contracts.drafts import ChangeDraft, ChangedTerms
from apps.core.errors import Refused
from apps.financing.models import Assignment
from tests import change_orders, scenarios
from tests.change_orders import line
from tests.conftest import Once
from tests.financing import stories
from tests.scenarios import Parties, acting


@pytest.fixture
def deal(committed: Once) -> Parties:
    return committed(stories.parties)


def test_what_is_advanced_on_keeps_its_words_and_may_move(deal: Parties) -> None:
    contract = stories.sample_book(deal)
    sina, olga = scenarios.seller_actor(deal), scenarios.buyer_actor(deal)
    noon = stories.noon(stories.day(5))
    for other in (
        line(contract, 2, scope="Something else."),
        line(contract, 2, scope="Something else.", amount=Decimal(90_000)),
    ):
        with pytest.raises(Refused, match="“Integration” is assigned to a financier"):
            change_orders.propose(contract, ChangeDraft("Other", "Other.", lines=(other,)), by=sina, at=noon)

    later = ChangeDraft("Later", "It slips.", lines=(line(contract, 2, planned_on=stories.day(200)),))
    change_orders.sign(change_orders.propose(contract, later, by=sina, at=noon), by=olga, at=noon)

    (moved,) = (one for one in stories.plan_of(contract) if one.position == 2)
    with acting(sina):
        assert (moved.amount, moved.planned_on) == (Decimal(120_000), stories.day(200))
        assert Assignment.objects.filter(milestone=moved, revoked_at__isnull=True).count() == 1


def test_an_advance_between_proposal_and_signature_refuses_the_signature(deal: Parties) -> None:
    facility, contract = stories.opened_facility(deal), stories.active_contract(deal)
    sina, olga = scenarios.seller_actor(deal), scenarios.buyer_actor(deal)
    less = ChangeDraft("Less", "Less.", lines=(line(contract, 2, amount=Decimal(90_000)),))
    proposed = change_orders.propose(contract, less, by=sina, at=stories.START)
    request = stories.requested_on(deal, facility, stories.plan_of(contract)[1])
    stories.accepted(deal, stories.issued(deal, request, **stories.SECOND))

    with pytest.raises(Refused, match="assigned to a financier"):
        change_orders.sign(proposed, by=olga, at=stories.START)


def test_what_was_asked_for_and_then_changed_cannot_be_priced(deal: Parties) -> None:
    facility, contract = stories.opened_facility(deal), stories.active_contract(deal)
    sina, olga = scenarios.seller_actor(deal), scenarios.buyer_actor(deal)
    request = stories.requested_on(deal, facility, stories.plan_of(contract)[1])
    less = ChangeDraft("Less", "Less.", lines=(line(contract, 2, amount=Decimal(90_000)),))
    change_orders.sign(change_orders.propose(contract, less, by=sina, at=stories.START), by=olga, at=stories.START)

    with pytest.raises(Refused, match="changed by a change order after it was asked for"):
        stories.priced(deal, request, **stories.SECOND)


def test_invoices_may_be_assigned_as_long_as_one_is_and_not_once_an_order_says_so(deal: Parties) -> None:
    facility, sina, olga = stories.opened_facility(deal), scenarios.seller_actor(deal), scenarios.buyer_actor(deal)
    never = ChangeDraft("Unassigned", "The buyer wants to owe nobody else.", terms=ChangedTerms(is_assignable=False))
    for number, is_signed_first in (("NL-1", True), ("NL-2", False)):
        contract = stories.active_contract(deal, number=number)
        request = stories.requested_on(deal, facility, stories.plan_of(contract)[1])
        offer = stories.issued(deal, request, **stories.SECOND)
        order = change_orders.propose(contract, never, by=sina, at=stories.START)
        if is_signed_first:
            change_orders.sign(order, by=olga, at=stories.START)
            with pytest.raises(Refused, match="may not be assigned"):
                stories.accepted(deal, offer)
        else:
            stories.accepted(deal, offer)
            with pytest.raises(Refused, match="A financier advances money on “Integration”"):
                change_orders.sign(order, by=olga, at=stories.START)
