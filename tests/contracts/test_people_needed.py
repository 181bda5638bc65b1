"""What of a contract nobody at the buyer could do: rules, and what pages say of it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.test import Client

from apps.contracts import services as contracts
from apps.contracts.drafts import LineTerms
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.rules.people_needed import Asked, Lack, Missing, Person, missing
from apps.core import clock
from apps.core.database import walls
from apps.parties.models import Membership
from tests import scenarios
from tests.portals.buyer.browsers import Guest
from tests.scenarios import Parties, acting

OWNER = Person(signs=True, inspects=True, accepts=True)
APPROVER = Person(signs=True, inspects=False, accepts=True)
SMALL = replace(APPROVER, limit=Decimal(5000))
INSPECTOR = Person(signs=False, inspects=True, accepts=False)
GUEST = Person(signs=True, inspects=False, accepts=True)


@pytest.mark.parametrize(
    ("people", "inspection", "above", "amounts", "found"),
    [
        ([OWNER], False, None, [12000], []),
        ([OWNER], True, None, [12000], [Missing(Lack.INSPECTOR)]),  # who inspects does not accept
        ([OWNER, INSPECTOR], True, None, [12000], []),
        ([OWNER, APPROVER], True, None, [12000], []),
        ([GUEST], True, None, [12000], [Missing(Lack.INSPECTOR)]),
        ([GUEST], False, Decimal(10000), [8000, 12000], [Missing(Lack.ACCEPTOR, Decimal(12000))]),
        ([OWNER, APPROVER], False, Decimal(10000), [12000], []),
        (
            [OWNER, APPROVER],
            True,
            Decimal(10000),
            [12000],
            [Missing(Lack.INSPECTOR)],
        ),
        ([OWNER, APPROVER, INSPECTOR], True, Decimal(10000), [12000], []),
        ([OWNER, SMALL], False, Decimal(10000), [12000, 18000], [Missing(Lack.LIMIT, Decimal(12000))]),
        ([SMALL], False, None, [4000, 5000, 5001], [Missing(Lack.LIMIT, Decimal(5001))]),
        ([INSPECTOR], False, None, [1], [Missing(Lack.ACCEPTOR, Decimal(1))]),
    ],
)
def test_what_is_missing(
    people: list[Person], inspection: bool, above: Decimal | None, amounts: list[int], found: list[Missing]
) -> None:
    def asked(amount: int) -> Asked:
        return Asked(Decimal(amount), 2 if above is not None and amount > above else 1, needs_inspection=inspection)

    assert missing(people, asked=map(asked, amounts)) == found


def test_somebody_has_to_be_able_to_sign() -> None:
    def told(price: int) -> list[Missing]:
        people = [SMALL, INSPECTOR]
        return missing(people, asked=[], price=Decimal(price))

    assert (told(5000), told(5001)) == ([], [Missing(Lack.SIGNER, Decimal(5001))])


def without(parties: Parties, *roles: str) -> None:
    """Everybody of the buyer but the owner loses these roles' people."""
    with walls.asking_for(parties.buyer.pk):
        Membership.objects.filter(pk__in=[parties.people[role].pk for role in roles]).update(ended_at=clock.now())


def test_who_sends_and_who_signs_is_warned(parties: Parties) -> None:
    draft = replace(scenarios.software_draft(parties), needs_inspection=True)
    contract = scenarios.drafted_contract(parties, draft=draft)
    again = scenarios.proposed_contract(parties, draft=replace(draft, number="NL-2026-099"))
    seller = Client()
    seller.force_login(parties.people["seller"].user)
    check = f"/seller/contracts/{contract.ref}/propose/"
    assert "A step that nobody can take" not in seller.get(check).content.decode()
    without(parties, "approver")
    page = seller.get(check).content.decode()
    assert "A step that nobody can take" in page
    assert "Nobody at Meridian Logistik AG can inspect" in page
    assert "Ask an owner of the buyer to invite somebody" in page
    buyer = Client()
    buyer.force_login(parties.people["buyer"].user)
    with walls.asking_for(parties.buyer.pk):
        version = ContractVersion.objects.get(contract=again)
    page = buyer.get(f"/buyer/versions/{version.ref}/sign/").content.decode()
    assert "Nobody at Meridian Logistik AG can inspect" in page
    assert "An owner invites somebody with the role, under “Team”." in page


def test_the_page_of_a_milestone_says_who_is_missing(parties: Parties) -> None:
    draft = replace(scenarios.software_draft(parties), second_acceptor_above=Decimal(10000))
    contract = scenarios.active_contract(parties, draft=draft)
    submission = scenarios.submitted_milestone(contract)
    with walls.asking_for(parties.buyer.pk):
        milestone = submission.milestone.ref
    buyer, seller = Client(), Client()
    buyer.force_login(parties.people["buyer"].user)
    seller.force_login(parties.people["seller"].user)
    addresses = [(buyer, f"/buyer/milestones/{milestone}/"), (seller, f"/seller/milestones/{milestone}/")]
    for client, address in addresses:
        assert "A step that nobody can take" not in client.get(address).content.decode()
    without(parties, "approver")
    for client, address in addresses:
        page = client.get(address).content.decode()
        assert "too few people who may accept a milestone of 12,000.00\N{NO-BREAK SPACE}EUR" in page
    assert "too few people" in Guest(scenarios.link_to_sign_off(submission)).get().content.decode()


def test_a_buyer_without_people_here_has_the_person_who_is_named(parties: Parties) -> None:
    buyer = scenarios.named_buyer(parties)
    draft = replace(
        scenarios.software_draft(parties),
        buyer_ref=buyer.ref,
        needs_inspection=True,
        signatory_email="kai@hafen.example",
    )
    contract: Contract = scenarios.drafted_contract(parties, draft=draft)
    with acting(scenarios.seller_actor(parties)):
        version = ContractVersion.objects.select_related("contract__buyer").get(contract=contract)
        found = contracts.missing_people(version, milestones=[(Decimal(12000), LineTerms())], price=version.price)
        without = [(Decimal(12000), LineTerms(needs_inspection=False))]
        assert contracts.missing_people(version, milestones=without) == [], "a milestone that is not inspected"
    assert found == [Missing(Lack.INSPECTOR)]
