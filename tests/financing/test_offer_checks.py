"""Before an offer goes out everything is looked at; what is not met stops it, until a second person waives it."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from apps.core import clock
from apps.core.database import walls
from apps.core.errors import IllegalTransition, NotAllowed, Refused
from apps.financing import services as financing
from apps.financing.models import CheckWaiver, Offer
from apps.financing.models.waiver import Check
from apps.workflows import funding, underwriting
from tests.conftest import Once
from tests.financing import events, stories
from tests.scenarios import Parties, acting, key, member


@pytest.fixture(scope="module")
def deal(once: Once) -> Parties:
    return once(stories.parties)


@pytest.fixture(scope="module")
def priced(once: Once, deal: Parties) -> Offer:
    """One buyer may owe a quarter of the book, and owes all of it."""

    def story() -> Offer:
        facility = stories.opened_facility(deal, concentration_rate=Decimal(25))
        return stories.priced(deal, stories.requested(deal, stories.invoiced(deal), facility))

    return once(story)


@pytest.fixture(autouse=True)
def at_the_start(db: None) -> Iterator[None]:
    with clock.stopped(stories.START):
        yield


def waived(deal: Parties, offer: Offer, *, by: str = "underwriter", check: str = "concentration") -> None:
    with acting(member(deal, by), at=stories.START) as actor:
        underwriting.waive_check(
            actor=actor, key=key(), offer_ref=offer.ref, check=check, reason="The buyer is rated AA."
        )


def approved(deal: Parties, offer: Offer) -> None:
    with acting(member(deal, "underwriter"), at=stories.START) as actor:
        funding.approve_offer(actor=actor, key=key(), offer_ref=offer.ref)


def state_of(deal: Parties, offer: Offer) -> str:
    with walls.asking_for(deal.financier.pk):
        return str(Offer.objects.get(pk=offer.pk).state)


def found(deal: Parties, offer: Offer, *, days: int = 0) -> dict[Check, str]:
    """What stands in the way, by check."""
    with walls.asking_for(deal.financier.pk):
        row = Offer.objects.select_related("request__contract__buyer", "request__facility").get(pk=offer.pk)
        findings = financing.checks_of_offer(row, at=stories.START + timedelta(days=days))
    return {one.check: str(one.obstacle) for one in findings if one.obstacle is not None}


def test_what_is_not_met_stops_the_offer_until_a_second_person_waives_it(deal: Parties, priced: Offer) -> None:
    said = "Meridian Logistik AG would owe 100% of your book, and at most 25% is agreed."
    assert found(deal, priced)[Check.CONCENTRATION] == said
    with pytest.raises(Refused, match="Waive this check with a reason first"):
        approved(deal, priced)
    assert state_of(deal, priced) == "draft"
    waived(deal, priced)
    with walls.asking_for(deal.financier.pk):
        (waiver,) = CheckWaiver.objects.all()
    assert (waiver.finding, waiver.reason) == (said, "The buyer is rated AA.")
    approved(deal, priced)
    assert state_of(deal, priced) == "issued"


def test_whoever_priced_does_not_waive_and_nobody_twice(deal: Parties, priced: Offer) -> None:
    with pytest.raises(NotAllowed):
        waived(deal, priced, by="analyst")
    with pytest.raises(Refused, match="cannot be waived"):
        waived(deal, priced, check="eligible")
    with pytest.raises(Refused, match="cannot be waived"):
        waived(deal, priced, check="nonsense")
    with pytest.raises(Refused, match="Nothing stands in the way"):
        waived(deal, priced, check="seller")
    waived(deal, priced)
    with pytest.raises(Refused, match="Nothing stands in the way"):
        waived(deal, priced)
    approved(deal, priced)
    with pytest.raises(IllegalTransition):
        waived(deal, priced)


def test_the_owner_who_priced_is_refused_as_well() -> None:
    deal = stories.parties("Second")
    facility = stories.opened_facility(deal, concentration_rate=Decimal(25))
    request = stories.requested(deal, stories.invoiced(deal), facility)
    with acting(member(deal, "financier"), at=stories.START) as owner:
        answer = funding.price_offer(actor=owner, key=key(), request_ref=request.ref, terms=stories.offer_terms())
        offer = Offer.objects.get(ref=answer["offer"])
    with pytest.raises(NotAllowed, match="second person has to waive"):
        waived(deal, offer, by="financier")


def test_a_buyer_that_is_not_verified_stops_the_payout_and_not_the_offer(deal: Parties, priced: Offer) -> None:
    assert Check.BUYER in found(deal, priced)
    waived(deal, priced)
    approved(deal, priced)


def test_postgres_holds_who_may_waive_what(deal: Parties, priced: Offer) -> None:
    with walls.asking_for(deal.financier.pk):
        values: dict[str, Any] = {
            "offer": priced,
            "financier": deal.financier,
            "checked": Check.SELLER,
            "finding": "It owes.",
            "reason": "It will pay.",
            "priced_by_id": priced.created_by_id,
            "waived_by": deal.people["underwriter"].user,
            "waived_at": stories.START,
        }
        wrong: dict[str, dict[str, Any]] = {
            "check_waived_by_a_second": {"waived_by_id": priced.created_by_id, "waived_by": None},
            "check_waived_with_a_reason": {"reason": ""},
            "only_judgements_are_waived": {"checked": Check.ELIGIBLE},
            "check of a draft is waived": {"priced_by_id": deal.people["treasury"].user.pk},
        }
        for because, change in wrong.items():
            changed = {name: value for name, value in (values | change).items() if value is not None}
            with pytest.raises(IntegrityError, match=because), transaction.atomic():
                CheckWaiver.objects.create(**changed)
        kept = CheckWaiver.objects.create(**values)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            CheckWaiver.objects.filter(pk=kept.pk).update(reason="Another.")


def test_a_seller_that_does_not_pay_back_stops_the_next_offer() -> None:
    """What was charged back on day 100 is to be paid within 45 days."""
    deal = stories.parties("Third")
    facility = stories.opened_facility(deal)
    advance = stories.paid_out(deal, stories.advance_before_acceptance(deal, facility=facility), reference="OUT-9")
    events.demanded(deal, advance, on=stories.day(100))
    offer = stories.priced(deal, stories.requested(deal, stories.invoiced(deal, number="NL-2026-015"), facility))
    assert Check.SELLER not in found(deal, offer, days=146)
    assert found(deal, offer, days=147)[Check.SELLER].endswith("back on other advances for more than 45 days.")
    events.repaid(deal, advance, on=stories.day(120))
    assert Check.SELLER not in found(deal, offer, days=147)
