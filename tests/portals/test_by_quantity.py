"""A line by quantity says how much of what it is for, wherever it is decided."""

from decimal import Decimal

from django.test import Client

from apps.contracts.drafts import DraftCriterion, DraftLine, Measure
from apps.core.database import walls
from tests import scenarios
from tests.portals.buyer.browsers import Guest

FACADE = DraftLine(
    "Facade",
    basis="amount",
    criteria=(DraftCriterion("Painted.", needs_evidence=False), DraftCriterion("Measured.", needs_evidence=False)),
    measure=Measure(Decimal(300), "MTK", Decimal("33.50")),
)


def test_who_signs_off_reads_the_quantity_and_the_price_of_one(db: None) -> None:
    parties = scenarios.organisations()
    draft = scenarios.software_draft(parties, lines=(FACADE,), price=Decimal(10050))
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties, draft=draft))
    with walls.asking_for(parties.buyer.pk):
        milestone = submission.milestone.ref
    guest = Guest(scenarios.link_to_sign_off(submission))
    buyer, seller = Client(), Client()
    buyer.force_login(parties.people["buyer"].user)
    seller.force_login(parties.people["seller"].user)
    for page in (
        guest.get(),
        guest.get("accept/"),
        buyer.get(f"/buyer/milestones/{milestone}/"),
        seller.get(f"/seller/milestones/{milestone}/"),
    ):
        assert "300 m² at 33.5 EUR" in page.content.decode()
