"""What is accepted and what is payable are told apart until the last milestone is accepted; then all is payable."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F

from apps.contracts.drafts import RATE, DraftLine, Due, Recovery
from apps.contracts.models import Contract
from apps.contracts.retention import payable_until_final
from apps.core import clock
from apps.core.database import walls
from apps.core.errors import Refused
from apps.invoicing import services as invoicing
from apps.invoicing.models import Invoice, OpenItem
from apps.invoicing.retention_checks import CHECKS
from apps.milestones.models import Milestone
from apps.portals.invoice_to_come import invoice_to_come
from apps.workflows import retention
from tests import scenarios

NOON = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.django_db
def test_above_the_limit_it_is_accepted_and_payable_with_the_last_one() -> None:
    """12,000.00, 12,000.00 and 16,000.00 with 19 % tax in any order: 22,000.00 net are payable before the last one."""
    parties = scenarios.organisations()
    draft = scenarios.software_draft(
        parties, partial_acceptance=False, retention=payable_until_final(Decimal(55)), is_assignable=False
    )
    contract = scenarios.active_contract(parties, draft=draft, at=NOON)
    scenarios.accepted_milestone(contract, position=3, at=NOON + DAY)
    assert _to_come(contract, position=1) == (Decimal("6000.00"), Decimal("8280.00"))
    scenarios.accepted_milestone(contract, position=1, at=NOON + 2 * DAY)
    assert _rows(contract) == [("16000.00", "0.00", "19040.00"), ("12000.00", "6000.00", "8280.00")]

    scenarios.accepted_milestone(contract, position=2, at=NOON + 3 * DAY)
    assert _rows(contract)[2] == ("12000.00", "0.00", "14280.00")
    with clock.stopped(NOON + 3 * DAY), walls.asking_for(contract.seller_id):
        retention.tend(contract_ref=contract.ref, seller_id=contract.seller_id, position=1)
    assert _rows(contract)[3:] == [("6000.00", "0.00", "6000.00")]
    with walls.asking_for(contract.seller_id):
        state = invoicing.retention_state(Contract.objects.get(pk=contract.pk))
    assert state is not None
    assert (state.held, state.released, state.due) == (Decimal(0), Decimal("6000.00"), Decimal("6000.00"))


@pytest.mark.django_db
def test_a_deposit_that_was_paid_ahead_counts_to_the_cent() -> None:
    """8,000.00 ahead, given back at 25 %: 12,000.00 and 2,000.00 of 9,000.00 are payable below 22,000.00."""
    parties = scenarios.organisations()
    plain = scenarios.software_draft(
        parties, partial_acceptance=False, retention=payable_until_final(Decimal(55)), is_assignable=False
    )
    due = Due(recovery=Recovery(RATE, Decimal(25)))
    ahead = DraftLine("Ahead", basis="percent", percent=Decimal(20), kind="deposit", due=due)
    contract = scenarios.active_contract(parties, draft=replace(plain, lines=(ahead, *plain.lines)), at=NOON)
    scenarios.accepted_milestone(contract, position=4, at=NOON + DAY)
    scenarios.accepted_milestone(contract, position=2, at=NOON + 2 * DAY)
    with walls.asking_for(contract.seller_id):
        kept = OpenItem.objects.filter(contract=contract).order_by("invoice_id").values_list("invoice__net", "retained")
        assert list(kept) == [(Decimal(8000), Decimal(0)), (Decimal(12000), Decimal(0)), (Decimal(9000), Decimal(7000))]
    said = CHECKS[0].sql
    for sql, count in ((said, 0), (said.replace("v.price *", "0.99 * v.price *"), 1)):
        with walls.asking_for(contract.seller_id), connection.cursor() as cursor:
            cursor.execute(sql)
            assert len(cursor.fetchall()) == count, "it holds, and would not at a hundredth less"


def _rows(contract: Contract) -> list[tuple[str, str, str]]:
    with walls.asking_for(contract.seller_id):
        items = OpenItem.objects.filter(contract=contract).order_by("invoice_id").annotate(net=F("invoice__net"))
        return [(f"{one.invoice.net:.2f}", f"{one.retained:.2f}", f"{one.open:.2f}") for one in items]


def _to_come(contract: Contract, *, position: int) -> tuple[Decimal, Decimal]:
    """What the page of a sign-off says would be held back, and payable."""

    with walls.asking_for(contract.buyer_id):
        milestone = Milestone.objects.select_related("line__version__contract").get(
            contract=contract, position=position
        )
        told = invoice_to_come(milestone.amount, milestone=milestone, version=milestone.line.version)
        return told.retained, told.payable


@pytest.mark.django_db
def test_a_plan_of_which_a_milestone_could_lie_wholly_above_is_not_proposed() -> None:
    parties = scenarios.organisations()
    draft = scenarios.software_draft(parties, partial_acceptance=False, retention=payable_until_final(Decimal(40)))
    with pytest.raises(Refused, match="nothing of it would be"):
        scenarios.proposed_contract(parties, draft=draft, at=NOON)
    with walls.asking_for(parties.seller.pk):
        assert not Invoice.objects.exists()
