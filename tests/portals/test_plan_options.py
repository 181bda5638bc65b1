"""The pages of plan options: written by the seller, compared by both sides, one picked and signed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from apps.contracts import services as contracts
from apps.contracts.drafts import ContractDraft
from apps.contracts.models import Contract, ContractVersion
from apps.contracts.retention import RetentionRelease, RetentionTerms
from tests import options, scenarios
from tests.conftest import Once
from tests.portals.buyer.browsers import Guest
from tests.portals.seller.conftest import hidden, opened_facility
from tests.scenarios import Parties, acting

pytestmark = pytest.mark.django_db


@dataclass
class Story:
    parties: Parties
    proposed: Contract
    alone: Contract
    drafted: Contract
    retained: Contract
    guest: Guest

    def browser(self, role: str) -> Client:
        client = Client()
        client.force_login(self.parties.people[role].user)
        return client


@pytest.fixture(scope="module")
def story(once: Once) -> Story:
    return once(_told)


def _told() -> Story:
    parties = scenarios.organisations()
    opened_facility(parties)
    proposed = options.proposed(parties)
    alone = scenarios.proposed_contract(parties, draft=scenarios.software_draft(parties, number="NL-2026-090"))
    drafted = scenarios.drafted_contract(parties, draft=scenarios.software_draft(parties, number="NL-2026-091"))
    halves = (RetentionRelease(Decimal(50)), RetentionRelease(Decimal(50), days=365))
    retained = scenarios.active_contract(
        parties,
        draft=scenarios.software_draft(
            parties,
            number="NL-2026-092",
            retention=RetentionTerms(Decimal(10), releases=halves),
            bills_by="application",
            partial_acceptance=False,
        ),
        at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    )
    return Story(parties, proposed, alone, drafted, retained, Guest(scenarios.link_to_sign(proposed)))


def words(response: object) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " "))


def test_the_seller_compares_every_plan_with_what_a_facility_would_give(story: Story) -> None:
    page = words(story.browser("seller").get(f"/seller/contracts/{story.proposed.ref}/compare/"))
    for said in ("By milestones", "Upfront", "Monthly", "A mix", "38,800.00 EUR", "1,200.00 EUR (3%)", "on offer"):
        assert said in page
    assert "Upfront cash by financing, indicative" in page
    assert "Kontor Capital" in page
    assert "illustration, not on offer" not in page  # every way of paying is offered
    assert "Pick “" not in page  # the buyer picks


def test_a_proposal_with_one_plan_is_compared_with_illustrations_that_nobody_can_sign(story: Story) -> None:
    page = words(story.browser("approver").get(f"/buyer/contracts/{story.alone.ref}/compare/"))
    assert page.count("illustration, not on offer") == 2
    assert "The same price by month" in page
    assert "The same price upfront" in page
    assert page.count("Read and sign") == 1
    assert "Upfront cash by financing" not in page


def test_cash_by_month_leaves_out_what_is_kept_back_until_it_is_released(story: Story) -> None:
    """40,000.00 less a tenth, certified at the end of each month; half is released with the end of the works, half a
    year later. An illustration has no milestones, so nothing of it is kept back."""
    page = story.browser("seller").get(f"/seller/contracts/{story.retained.ref}/compare/")
    found = page.context["comparison"]
    assert [(f"{one.on:%Y-%m-%d}", one.title, one.amount) for one in found.plans[0].cash if one.on is not None] == [
        ("2026-05-30", "Prototype", 10800),
        ("2026-08-30", "Integration", 10800),
        ("2026-11-30", "Final delivery and sign-off", 14400),
        ("2026-11-30", "Retention released", 2000),
        ("2027-11-30", "Retention released", 2000),
    ]
    assert [sum(row[at] for _month, row in found.rows) for at in range(3)] == [40000] * 3
    said = words(page)
    assert "What is accepted in a month is certified and invoiced on the last day of that month." in said
    assert "What is kept back as retention is paid when it is released" in said
    other = words(story.browser("seller").get(f"/seller/contracts/{story.alone.ref}/compare/"))
    assert "kept back as retention" not in other
    assert "certified" not in other


def test_the_buyer_picks_a_plan_by_link_and_signs_it(story: Story) -> None:
    compared = words(story.guest.get("plans/"))
    assert "Pick “A mix” and sign" in compared
    assert story.guest.get("sign/")["Location"].endswith("/plans/")
    asked = story.guest.get("sign/?pick=3")
    assert "I pick the plan “A mix” at the price of 39,500.00 EUR" in words(asked)
    form = hidden(asked)
    unpicked = story.guest.post("sign/", form)
    assert unpicked.status_code == 422
    assert "Pick one of the plans" in words(unpicked)
    assert story.guest.post("sign/", {**form, "pick": "3"}).status_code == 302
    with acting(scenarios.seller_actor(story.parties)):
        contract = Contract.objects.select_related("active_version").get(pk=story.proposed.pk)
        assert contract.active_version is not None
        assert contract.active_version.plan_name == "A mix"
    after = words(story.guest.get(""))
    assert "The contract is signed by both sides" in after
    assert "A mix" in after
    compared = words(story.guest.get("plans/"))
    assert "not picked, never billed" in compared
    assert "in force" in compared
    page = words(story.browser("seller").get(f"/seller/contracts/{contract.ref}/"))
    for said in ("Billing plan: A mix", "39,500.00", "Everything", "Bea Berg"):
        assert said in page
    assert "Signed" in words(story.browser("approver").get(f"/buyer/contracts/{contract.ref}/"))
    assert (
        "Everything"
        in story.browser("seller").get(f"/seller/versions/{options.version_of(contract).ref}/plan.csv").content.decode()
    )


def test_the_seller_generates_changes_and_removes_plans(story: Story) -> None:
    seller, address = story.browser("seller"), f"/seller/contracts/{story.drafted.ref}/options/"
    shown = seller.get(address)
    form = {**hidden(shown, "adding"), "do": "add", "how": "upfront", "name": "Upfront", "discount_percent": "3"}
    assert seller.post(address, form).status_code == 302
    again = {**hidden(seller.get(address), "adding"), "do": "add", "how": "month", "name": "Monthly"}
    assert seller.post(address, again).status_code == 302
    draft = _draft(story)
    assert draft.plan_name == "By milestones"
    assert [(one.name, one.discount_percent, one.lines[0].kind) for one in draft.options] == [
        ("Upfront", Decimal(3), "deposit"),
        ("Monthly", None, "recurring"),
    ]
    assert len(draft.lines) == 3  # the base plan stays

    edited = seller.get(f"/seller/contracts/{story.drafted.ref}/option/?number=1")
    form = {**hidden(edited), "name": "All at once", "discount_percent": "", "discount": "1,500.00"}
    form |= {"plan-count": "1", "plan-0-title": "Everything", "plan-0-basis": "remainder", "plan-0-kind": "deposit"}
    form |= {"plan-0-start": "signature", "plan-0-count": "1", "do": "save"}
    assert seller.post(f"/seller/contracts/{story.drafted.ref}/option/?number=1", form).status_code == 302
    assert (_draft(story).options[0].name, _draft(story).options[0].discount) == ("All at once", Decimal("1500.00"))

    form = {**hidden(seller.get(address), "naming"), "do": "remove:2", "plan_name": "By milestones"}
    assert seller.post(address, form).status_code == 302
    assert [one.name for one in _draft(story).options] == ["All at once"]

    # What the page of the draft does not send stays as it is.
    kept = seller.get(f"/seller/contracts/{story.drafted.ref}/change/")
    assert "1 other is offered" in words(kept)
    twice = {**hidden(seller.get(address), "adding"), "do": "add", "how": "copy", "name": "by milestones"}
    refused = seller.post(address, twice)
    assert refused.status_code == 422
    assert "Two plans are named" in words(refused)


def _draft(story: Story) -> ContractDraft:
    with acting(scenarios.seller_actor(story.parties)):
        return contracts.as_draft(ContractVersion.objects.get(contract=story.drafted))
