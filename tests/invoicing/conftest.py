from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from apps.contracts.models import Contract
from apps.core.database import walls
from apps.invoicing.models import Invoice
from apps.milestones.models import Milestone
from tests import scenarios

ACCEPTED_AT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
"""Half past midnight of the next day in Berlin, where the seller is."""


@dataclass(frozen=True)
class Billed:
    """A story whose first milestone (12,000.00 EUR net, 19 % tax) is accepted and billed."""

    parties: scenarios.Parties
    contract: Contract
    milestone: Milestone
    invoice: Invoice


@pytest.fixture
def billed(scratch: str) -> Billed:
    """The first milestone accepted; everything committed. The connection asks for nobody."""
    parties = scenarios.organisations()
    contract = scenarios.active_contract(parties, at=datetime(2026, 2, 2, 9, 0, tzinfo=UTC))
    milestone = scenarios.accepted_milestone(contract, at=ACCEPTED_AT)
    with walls.asking_for(contract.seller_id):
        invoice = Invoice.objects.select_related("contract", "milestone", "seller", "buyer").get()
    return Billed(parties, contract, milestone, invoice)
