"""A buyer's order begins from a template, as a copy, and from a sheet, as a seller's contract does."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.contracts import services as contracts
from apps.contracts.drafts import ContractDraft
from apps.contracts.models import Contract, PlanUpload
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.workflows import contracting
from tests import scenarios
from tests.portals.test_negotiation import browser, hidden, typed
from tests.scenarios import Parties, acting, key, software_draft

NEW = reverse("buyer:draft_contract")
SHEET = "Milestone;Amount;Criterion\nConcept;12000.50;It is there.\nRest;Rest;It runs.\n"


@pytest.fixture
def buyer(parties: Parties) -> Client:
    return browser(parties, "buyer")


def at(name: str, ref: str) -> str:
    return reverse(f"buyer:{name}", args=[ref])


def order_numbered(parties: Parties, number: str) -> tuple[Contract, ContractDraft]:
    with acting(scenarios.buyer_actor(parties)):
        contract = Contract.objects.get(number=number)
        return contract, contracts.draft_of(contract, side="buyer")


def copied(parties: Parties, buyer: Client, number: str = "PO-COPY") -> Contract:
    """A draft of the buyer's own that began as a copy of what both signed."""
    signed = scenarios.active_contract(parties)
    page = buyer.get(f"{NEW}?copy={signed.ref}")
    saved = buyer.post(f"{NEW}?copy={signed.ref}", typed(page) | {"number": number, "do": "save"})
    assert saved.status_code == 302, saved.context["problems"]
    return order_numbered(parties, number)[0]


def test_a_copy_has_the_plan_and_the_seller_and_a_number_of_its_own(parties: Parties, buyer: Client) -> None:
    contract = copied(parties, buyer)
    _found, draft = order_numbered(parties, "PO-COPY")
    assert (draft.lines, draft.price) == (software_draft(parties).lines, Decimal(40_000))
    assert (contract.seller_id, contract.state) == (parties.seller.pk, "draft")
    assert f"?copy={contract.ref}" in buyer.get(at("contract", contract.ref)).content.decode()


def test_a_template_of_the_buyers_starts_an_order_and_the_seller_sees_none_of_it(
    parties: Parties, buyer: Client
) -> None:
    contract = scenarios.active_contract(parties)
    form = buyer.get(at("save_template", contract.ref))
    kept = buyer.post(at("save_template", contract.ref), hidden(form) | {"name": "Ours"})
    assert kept["Location"] == reverse("buyer:templates")
    shown = buyer.get(kept["Location"])
    ((template, rename),) = shown.context["templates"]
    assert f"{NEW}?template={template.ref}" in shown.content.decode()
    page = buyer.get(f"{NEW}?template={template.ref}")
    order = typed(page) | {"number": "PO-T", "seller": parties.seller.ref, "do": "save"}
    assert buyer.post(f"{NEW}?template={template.ref}", order).status_code == 302
    lines = tuple(replace(one, planned_on=None) for one in software_draft(parties).lines)
    assert order_numbered(parties, "PO-T")[1].lines == lines
    seller = browser(parties, "seller")
    assert "Ours" not in seller.get(reverse("seller:templates")).content.decode()
    assert seller.get(reverse("seller:rename_template", args=[template.ref])).status_code == 404
    again = buyer.post(rename, hidden(buyer.get(rename)) | {"name": "Ours still"})
    assert "Ours still" in buyer.get(again["Location"]).content.decode()
    ending = at("delete_template", template.ref)
    assert buyer.post(ending, hidden(buyer.get(ending))).status_code == 302
    assert buyer.get(ending)["Location"] == reverse("buyer:templates")


def test_a_sheet_is_shown_and_imported_once_and_the_sellers_draft_has_a_file_of_its_own(
    parties: Parties, buyer: Client
) -> None:
    contract = copied(parties, buyer)
    file = SimpleUploadedFile("plan.csv", SHEET.encode(), content_type="text/csv")
    sent = buyer.post(at("import_plan", contract.ref), {"key": key(), "file": file})
    assert (sent.status_code, sent["Location"]) == (302, at("check_plan", contract.ref))
    check = buyer.get(sent["Location"])
    assert "Adds up exactly" in check.content.decode()
    before = order_numbered(parties, "PO-COPY")[1].lines
    assert before == software_draft(parties).lines
    form = check.context["confirm"]
    confirmed = {"key": str(form["key"].value()), "upload": str(form["upload"].value())}
    for _click in range(2):
        assert buyer.post(sent["Location"], confirmed)["Location"] == at("change_draft", contract.ref)
    first, second = order_numbered(parties, "PO-COPY")[1].lines
    assert (first.title, first.amount, second.basis) == ("Concept", Decimal("12000.50"), "remainder")
    with walls.asking_for(parties.buyer.pk):
        assert not PlanUpload.objects.exists()


def test_who_writes_no_orders_imports_nothing_into_one(parties: Parties, buyer: Client) -> None:
    """Neither the seller, whose draft it is not, nor somebody of the buyer's who only pays."""
    contract = copied(parties, buyer)
    for role in ("seller", "payables"):
        member = scenarios.member(parties, role)
        with acting(member), pytest.raises((NotAllowed, Refused)):
            contracting.save_template(actor=member, key=key(), contract_ref=contract.ref, name="Mine")
    assert browser(parties, "payables").get(at("import_plan", contract.ref)).context["refusal"]
