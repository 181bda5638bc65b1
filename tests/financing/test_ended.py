"""A contract is terminated on whose milestones a financier has promised money, or paid it: nothing is left hanging."""

import pytest

from apps.core.errors import Refused
from tests import scenarios, terminations
from tests.financing import stories


def test_what_is_promised_is_valued_whole_or_cancelled_first(scratch: str) -> None:
    deal = stories.parties()
    contract = stories.active_contract(deal)
    request = stories.requested_on(deal, stories.opened_facility(deal), stories.plan_of(contract)[1])
    stories.accepted(deal, stories.issued(deal, request, **stories.SECOND))
    sina, olga = scenarios.seller_actor(deal), scenarios.buyer_actor(deal)
    at = stories.noon(stories.day(5))
    terminations.noticed(contract, by=olga, effective_on=stories.day(5), at=at)
    with pytest.raises(Refused, match="agreed an advance on “Integration” as a whole"):
        terminations.proposed(contract, {1: "120000.00", 2: "48000.00", 3: "160000.00"}, by=sina, at=at)
