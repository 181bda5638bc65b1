"""A line by quantity says how much of what it is for, wherever it is decided."""

from dataclasses import replace
from decimal import Decimal

from django.test import Client
from django.urls import reverse

from apps.contracts.drafts import DraftCriterion, DraftLine, Measure
from apps.core.database import walls
from tests import scenarios
from tests.portals.buyer.browsers import Guest, hidden

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


def test_who_proposes_reads_the_quantity_where_it_is_signed(db: None) -> None:
    parties = scenarios.organisations()
    draft = scenarios.software_draft(parties, lines=(FACADE,), price=Decimal(10050))
    contract = scenarios.drafted_contract(parties, draft=draft)
    seller = Client()
    seller.force_login(parties.people["seller"].user)
    page = seller.get(reverse("seller:propose_contract", args=[contract.ref])).content.decode()
    assert "300 m² at 33.5 EUR" in page.split("<h2>Billing plan</h2>", 1)[1].split("<tfoot>", 1)[0]


def test_too_large_a_quantity_is_refused_with_what_waits_in_its_unit(db: None) -> None:
    parties = scenarios.organisations()
    facade = replace(FACADE, measure=Measure(Decimal("1000.5"), "MTK", Decimal(10)))
    draft = scenarios.software_draft(parties, lines=(facade,), price=Decimal(10005))
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties, draft=draft))
    buyer, address = Client(), reverse("buyer:accept_part", args=[submission.ref])
    buyer.force_login(parties.people["approver"].user)
    typed = {
        **hidden(buyer.get(address)),
        "verdict_1": "met",
        "verdict_2": "met",
        "comment": "More.",
        "quantity": "2000",
    }
    (why,) = buyer.post(address, typed | {"quantity": "2000"}).context["form"].errors["quantity"]
    assert why.startswith("1,000.5 m² wait for sign-off")
