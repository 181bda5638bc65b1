"""Any two versions of a contract side by side, for the seller, the buyer and the guest by link."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.drafts import ContractDraft, DraftLine, Measure
from apps.contracts.models import Contract, ContractVersion
from apps.core import canonical
from apps.parties import tokens
from apps.workflows import contracting
from tests import scenarios
from tests.scenarios import Parties, acting, key, software_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def parties() -> Parties:
    return scenarios.organisations()


@pytest.fixture
def contract(parties: Parties) -> Contract:
    """Version 1 sent back, version 2 proposed with other terms and another plan."""
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.guest_actor(scenarios.link_to_sign(contract))) as guest:
        version = ContractVersion.objects.get(contract=contract)
        contracting.request_contract_changes(actor=guest, key=key(), version_ref=version.ref, reason="Cheaper.")
    prototype, integration, final = software_draft(parties).lines
    lines = (
        integration,
        replace(prototype, percent=Decimal(20), planned_on=date(2026, 5, 1), criteria=prototype.criteria[:1]),
        scenarios.line("Training", 10),
        replace(final, title="Delivery"),
    )
    with acting(scenarios.seller_actor(parties)) as sina:
        draft = software_draft(parties, price=Decimal(38_000), is_assignable=False, lines=lines, title="Warehouse")
        contracting.change_draft(actor=sina, key=key(), contract_ref=contract.ref, draft=draft)
        contract.refresh_from_db()
        _text, seen = contracts.preview(contract)
        contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen)
        contract.refresh_from_db()
    return contract


def client_of(parties: Parties, role: str) -> Client:
    client = Client()
    client.force_login(parties.people[role].user)
    return client


def pages(parties: Parties, contract: Contract) -> list[tuple[Client, str]]:
    token = tokens.token_for(purpose="guest_grant", ref=scenarios.link_to_sign(contract).ref)
    return [
        (client_of(parties, "seller"), reverse("seller:contract_differences", args=[contract.ref])),
        (client_of(parties, "buyer"), reverse("buyer:contract_differences", args=[contract.ref])),
        (Client(), reverse("link:contract_differences", args=[token])),
    ]


def test_everybody_reads_the_same_difference(parties: Parties, contract: Contract) -> None:
    for client, address in pages(parties, contract):
        page = client.get(address)
        found = page.context["difference"]
        assert [
            (row.label, row.before.replace("\xa0", " "), row.after.replace("\xa0", " ")) for row in found.terms
        ] == [
            ("What the contract is about", "Warehouse software implementation", "Warehouse"),
            ("Price, net of tax", "40,000.00 EUR", "38,000.00 EUR"),
            ("Invoices may be assigned", "yes", "no"),
        ]
        assert [(line.kind, line.title) for line in found.lines] == [
            ("changed", "Integration"),
            ("changed", "Prototype"),
            ("added", "Training"),
            ("changed", "Delivery"),
        ]
        prototype = {
            row.label: (row.before.replace("\xa0", " "), row.after.replace("\xa0", " ")) for row in found.lines[1].rows
        }
        assert prototype == {
            "Amount, net": ("12,000.00 EUR", "7,600.00 EUR"),
            "Agreed as": ("30% of the price", "20% of the price"),
            "Planned date": ("15 Apr 2026", "1 May 2026"),
            "Complete when": ("Prototype: two users of the buyer were shown how to use it.", ""),
        }
        assert "line 1, now line 2" in page.content.decode() or "line 2, now line 1" in page.content.decode()


def test_the_other_way_round_and_with_itself(parties: Parties, contract: Contract) -> None:
    for client, address in pages(parties, contract):
        back = client.get(f"{address}?before=2&after=1").context["difference"]
        assert "removed" in [line.kind for line in back.lines]
        assert "Both versions say the same." in client.get(f"{address}?before=1&after=1").content.decode()
        for nonsense in ("?before=x&after=-1", "?before=99999999&after=3"):
            page = client.get(address + nonsense)
            assert (page.context["before"], page.context["after"]) == (1, 2)


def test_a_draft_is_compared_by_the_seller_alone(parties: Parties, contract: Contract) -> None:
    with acting(scenarios.guest_actor(scenarios.link_to_sign(contract))) as guest:
        version = contract.versions.get(number=2)
        contracting.request_contract_changes(actor=guest, key=key(), version_ref=version.ref, reason="Once more.")
    with acting(scenarios.seller_actor(parties)) as sina:
        contracting.change_draft(
            actor=sina, key=key(), contract_ref=contract.ref, draft=software_draft(parties, number="NL-NEW", lines=())
        )
    seller, buyer = client_of(parties, "seller"), client_of(parties, "buyer")
    page = seller.get(reverse("seller:contract_differences", args=[contract.ref]))
    assert [version.number for version in page.context["versions"]] == [1, 2, 3]
    labels = [row.label for row in page.context["difference"].terms]
    assert "Contract number" in labels
    assert "Seller" not in labels
    page = buyer.get(reverse("buyer:contract_differences", args=[contract.ref]))
    assert [version.number for version in page.context["versions"]] == [1, 2]
    assert "NL-NEW" not in [row.after for row in page.context["difference"].terms]


def test_with_one_version_there_is_nothing_to_compare(parties: Parties) -> None:
    for client, address in pages(parties, scenarios.proposed_contract(parties)):
        assert "There is one version so far" in client.get(address).content.decode()


def test_the_page_is_reached_from_the_contract_and_from_the_signature(parties: Parties, contract: Contract) -> None:
    (seller, sellers), (buyer, buyers), (guest, guests) = pages(parties, contract)
    assert sellers in seller.get(reverse("seller:contract", args=[contract.ref])).content.decode()
    assert buyers in buyer.get(reverse("buyer:contract", args=[contract.ref])).content.decode()
    token = guests.split("/")[2]
    assert guests in guest.get(f"/s/{token}/").content.decode()
    assert guests in guest.get(f"/s/{token}/sign/").content.decode()
    assert guest.get(f"/s/{token}/plan.csv").status_code == 200
    assert guest.get(f"/s/{token}/plan.xlsx").content.startswith(b"PK")


def test_a_spent_link_to_something_else_compares_nothing(parties: Parties) -> None:
    submission = scenarios.submitted_milestone(scenarios.active_contract(parties))
    token = tokens.token_for(purpose="guest_grant", ref=scenarios.link_to_sign_off(submission).ref)
    for path in ("differences/", "plan.csv", "plan.xlsx"):
        assert Client().get(f"/s/{token}/{path}").status_code == 404


# --- nothing of a version is left out of the comparison -----------------------------------------------------------


def test_a_draft_and_its_proposal_say_the_same(parties: Parties) -> None:
    """The one is read from rows, the other from the signed text: what only one of them knew would differ."""
    hybrid = scenarios.hybrid_draft(parties)
    panels = replace(
        scenarios.line("Panels", 1),
        basis="amount",
        percent=None,
        amount=Decimal("250.00"),
        measure=Measure(Decimal(10), "C62", Decimal(25)),
    )
    contract = scenarios.drafted_contract(parties, draft=replace(hybrid, lines=(*hybrid.lines, panels)))
    with acting(scenarios.seller_actor(parties)) as sina:
        before = contracts.paper_of(contract.versions.get())
        _text, seen = contracts.preview(contract)
        contracting.propose_contract(actor=sina, key=key(), contract_ref=contract.ref, seen=seen)
        version = contract.versions.get()
    assert version.canonical_text
    assert not rules.difference(before, contracts.paper_of(version))
    said = canonical.read(version.canonical_text)
    known = {one.name for one in fields(rules.PaperLine)}
    assert {name for line in said["plan"] for name in line} == known | {"position"}
    assert set(said) == {"format", "contract", "seller", "buyer", "terms", "signs_for_buyer", "plan"}
    assert set(said["terms"]) - {"further"} <= set(before.terms)


def test_a_template_says_all_of_a_draft_but_its_parties(parties: Parties) -> None:
    draft = software_draft(parties)
    read = rules.read_template(rules.template_text(draft))
    left_out = {"number", "buyer_ref", "signatory_name", "signatory_email", "lines"}
    for one in fields(ContractDraft):
        expected = "" if one.name in left_out else getattr(draft, one.name)
        assert one.name == "lines" or getattr(read, one.name) == expected
    assert read.lines == tuple(replace(line, planned_on=None) for line in draft.lines)
    assert rules.read_plan(rules.plan_text(draft.lines)) == draft.lines
    assert rules.read_plan(rules.plan_text((DraftLine("A"),))) == (DraftLine("A"),)
