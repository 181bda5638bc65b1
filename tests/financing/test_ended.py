"""A contract is terminated on whose milestones a financier advances money: nothing is left hanging."""

import pytest

from apps.core.database import walls
from apps.core.errors import Refused
from apps.financing.models import Tranche
from tests import scenarios, terminations
from tests.financing import stories


def test_what_is_advanced_on_is_valued_whole_or_not_settled(scratch: str) -> None:
    deal = stories.parties()
    contract = stories.sample_book(deal)
    sina, olga = scenarios.seller_actor(deal), scenarios.buyer_actor(deal)
    at = stories.noon(stories.day(5))
    terminations.noticed(contract, by=olga, effective_on=stories.day(5), at=at)
    with pytest.raises(Refused, match="in advance on “Integration”"):
        terminations.proposed(contract, {2: "48000.00", 3: "160000.00"}, by=sina, at=at)
    claimed = terminations.proposed(contract, {2: "120000.00", 3: "160000.00"}, by=sina, at=at)
    terminations.signed(claimed, by=olga, at=at)
    with walls.asking_for(contract.seller_id):
        assert set(Tranche.objects.values_list("state", flat=True)) == {"funded_post"}
