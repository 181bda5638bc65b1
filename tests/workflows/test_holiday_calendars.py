"""An organisation's own calendar of holidays: what a contract takes that names none, for as long as it is in force."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError

from apps.contracts import services as contracts
from apps.contracts.drafts import ChangeDraft, ChangedTerms
from apps.contracts.models import Contract
from apps.contracts.rules import ReviewTerms
from apps.core.database import walls
from apps.parties.models import Organisation
from tests import change_orders, scenarios
from tests.scenarios import Parties

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


def keeps(parties: Parties, country: str, region: str) -> None:
    with walls.asking_for(parties.buyer.pk):
        Organisation.objects.filter(pk=parties.buyer.pk).update(calendar_country=country, calendar_subdivision=region)


def review(contract: Contract) -> ReviewTerms:
    with walls.asking_for(contract.seller_id):
        found = Contract.objects.select_related("active_version__contract__buyer").get(pk=contract.pk)
        assert found.active_version is not None
        return contracts.review_terms(found.active_version)


def changed(parties: Parties, contract: Contract, terms: ChangedTerms) -> set[str]:
    draft = ChangeDraft("Days", "As agreed on site.", terms=terms)
    answer = change_orders.propose(contract, draft, by=scenarios.seller_actor(parties), at=NOON)
    change_orders.sign(answer, by=scenarios.buyer_actor(parties), at=NOON)
    with walls.asking_for(contract.seller_id):
        found = Contract.objects.select_related("active_version__contract__buyer").get(pk=contract.pk)
        assert found.active_version is not None
        return {one["term"] for one in contracts.terms_moved(found.active_version)}


def test_the_buyers_calendar_is_signed_and_stays_as_it_was_signed(parties: Parties) -> None:
    keeps(parties, "DE", "BY")
    draft = scenarios.software_draft(parties, review_unit="working")
    contract = scenarios.active_contract(parties, draft=draft, at=NOON)
    keeps(parties, "AT", "9")
    assert (review(contract).country, review(contract).subdivision) == ("DE", "BY")
    assert changed(parties, contract, ChangedTerms(review_days=12)) == {"review_days"}
    assert (review(contract).country, review(contract).subdivision) == ("DE", "BY")
    elsewhere = ChangedTerms(review_country="FR", review_subdivision="")
    assert changed(parties, contract, elsewhere) == {"review_country", "review_subdivision"}
    assert (review(contract).country, review(contract).subdivision) == ("FR", "")


def test_a_contract_that_names_a_country_takes_no_region_of_the_buyer(parties: Parties) -> None:
    keeps(parties, "DE", "BY")
    draft = scenarios.software_draft(parties, review_country="DE")
    assert review(scenarios.active_contract(parties, draft=draft, at=NOON)).subdivision == ""


def test_no_region_without_its_country(parties: Parties) -> None:
    with pytest.raises(IntegrityError, match="region_of_a_named_calendar"):
        keeps(parties, "", "BY")
