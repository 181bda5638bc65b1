"""A contract begins from a template or as a copy of another: what was agreed once need not be typed again."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.audit.models import Entry
from apps.contracts import services as contracts
from apps.contracts.drafts import ContractDraft
from apps.contracts.models import Contract, ContractTemplate
from apps.core.errors import NotAllowed, Refused
from apps.workflows import contracting
from tests import scenarios
from tests.portals.seller.conftest import SignIn, hidden
from tests.scenarios import Parties, acting, key, line, software_draft

NEW = "/seller/contracts/new/"


@pytest.fixture
def active(parties: Parties) -> Contract:
    return scenarios.active_contract(parties)


def saved(parties: Parties, contract: Contract, name: str = "In three steps") -> str:
    with acting(scenarios.seller_actor(parties)) as sina:
        return contracting.save_template(actor=sina, key=key(), contract_ref=contract.ref, name=name)["template"]


def as_typed(page: Any, **changes: Any) -> dict[str, Any]:
    """What a browser sends of the editor as it was shown."""
    form, data = page.context["form"], {}
    for name in form.fields:
        value = form[name].value()
        if value not in (None, False):
            data[name] = str(value)
    data["plan-count"] = str(len(page.context["lines"]))
    for index, row in enumerate(page.context["lines"]):
        for name in row.form.fields:
            data[f"plan-{index}-{name}"] = str(row.form[name].value() or "")
        data[f"plan-{index}-count"] = str(len(row.criteria))
        for at, criterion in enumerate(row.criteria):
            data[f"plan-{index}-c-{at}-text"] = str(criterion["text"].value())
            if criterion["needs_evidence"].value():
                data[f"plan-{index}-c-{at}-needs_evidence"] = "on"
    return data | changes


def draft_numbered(parties: Parties, number: str) -> ContractDraft:
    with acting(scenarios.seller_actor(parties)):
        return contracts.draft_of(Contract.objects.get(number=number))


def test_a_copy_starts_with_everything_but_the_number(parties: Parties, seller: Client, active: Contract) -> None:
    page = seller.get(f"{NEW}?copy={active.ref}")
    assert page.status_code == 200
    answer = seller.post(f"{NEW}?copy={active.ref}", as_typed(page, number="NL-COPY", do="save"))
    assert answer.status_code == 302
    assert draft_numbered(parties, "NL-COPY") == replace(software_draft(parties), number="NL-COPY")


def test_a_template_starts_a_contract_without_parties_and_dates(
    parties: Parties, seller: Client, active: Contract
) -> None:
    ref = saved(parties, active)
    page = seller.get(f"{NEW}?template={ref}")
    assert page.context["form"]["buyer"].value() == ""
    mailbox = parties.people["approver"].user.email
    typed = as_typed(page, number="NL-T", buyer=parties.buyer.ref, signatory_email=mailbox, do="save")
    assert seller.post(f"{NEW}?template={ref}", typed).status_code == 302
    original = software_draft(parties)
    lines = tuple(replace(one, planned_on=None) for one in original.lines)
    assert draft_numbered(parties, "NL-T") == replace(original, number="NL-T", signatory_name="", lines=lines)


@pytest.mark.parametrize("way", ["copy", "template"])
def test_a_plan_too_long_for_a_form_comes_along(parties: Parties, seller: Client, way: str) -> None:
    lines = (
        *(line(f"Step {number}", 1) for number in range(90)),
        *(line(f"More {number}", "0.1") for number in range(99)),
    )
    contract = scenarios.drafted_contract(parties, draft=software_draft(parties, lines=lines))
    ref = contract.ref if way == "copy" else saved(parties, contract)
    address = f"{NEW}?{way}={ref}"
    page = seller.get(address)
    assert "This plan has 189 lines." in page.content.decode()
    typed = as_typed(page, number="NL-L", buyer=parties.buyer.ref, do="save")
    answer = seller.post(address, typed | {"plan-kept": "1"})
    assert answer.status_code == 302
    assert [one.title for one in draft_numbered(parties, "NL-L").lines] == [one.title for one in lines]


def test_nothing_of_strangers_is_copied(parties: Parties, strangers: Parties, seller: Client) -> None:
    theirs = scenarios.drafted_contract(strangers)
    template = saved(strangers, theirs)
    for address in (f"{NEW}?copy={theirs.ref}", f"{NEW}?template={template}"):
        assert seller.get(address).status_code == 404
        assert seller.post(address, {"plan-kept": "1", "do": "save"}).status_code == 404


def test_the_buyer_copies_nothing_of_the_seller(parties: Parties, signed_in: SignIn, active: Contract) -> None:
    assert signed_in("buyer").get(f"{NEW}?copy={active.ref}").status_code == 404


def test_a_template_is_saved_renamed_and_deleted(parties: Parties, seller: Client, active: Contract) -> None:
    assert "Your templates will stand here" in seller.get("/seller/templates/").content.decode()
    save = reverse("seller:save_template", args=[active.ref])
    form = hidden(seller.get(save)) | {"name": "  In three\tsteps "}
    assert seller.post(save, form)["Location"] == "/seller/templates/"
    assert seller.post(save, form)["Location"] == "/seller/templates/"  # a second click
    with acting(scenarios.seller_actor(parties)):
        template = ContractTemplate.objects.get()
    assert template.name == "In three steps"
    assert "In three steps" in seller.get("/seller/templates/").content.decode()
    rename = reverse("seller:rename_template", args=[template.ref])
    assert seller.post(rename, hidden(seller.get(rename)) | {"name": "Software"}).status_code == 302
    delete = reverse("seller:delete_template", args=[template.ref])
    page = seller.get(delete)
    assert "Delete “Software”?" in page.content.decode()
    for said in ("The template is deleted.", "The template was deleted already."):
        assert seller.post(delete, hidden(page))["Location"] == "/seller/templates/"
        assert said in seller.get("/seller/templates/").content.decode()
    assert seller.get(delete)["Location"] == "/seller/templates/"  # and so does the page that was open
    with acting(scenarios.seller_actor(parties)):
        assert not ContractTemplate.objects.exists()
        entries = Entry.objects.filter(chain__subject__startswith="organisation:").order_by("position")
        verbs = list(entries.values_list("verb", flat=True))
    assert [verb for verb in verbs if verb.startswith("template.")] == [
        "template.saved",
        "template.renamed",
        "template.deleted",
    ]


def test_two_templates_have_two_names(parties: Parties, seller: Client, active: Contract) -> None:
    saved(parties, active, "Usual")
    other = saved(parties, active, "Other")
    address = reverse("seller:rename_template", args=[other])
    answer = seller.post(address, hidden(seller.get(address)) | {"name": "usual"})
    assert answer.status_code == 422
    assert "You already have a template named usual." in answer.content.decode()
    blank = seller.post(address, hidden(seller.get(address)) | {"name": " "})
    assert "Give the template a name." in blank.content.decode()


def test_a_template_of_a_draft_that_is_not_finished_keeps_what_there_is(parties: Parties, seller: Client) -> None:
    contract = scenarios.drafted_contract(parties, draft=software_draft(parties, lines=()))
    ref = saved(parties, contract)
    assert seller.get(f"{NEW}?template={ref}").status_code == 200


def test_who_may_not_write_contracts_keeps_no_templates(parties: Parties, signed_in: SignIn, active: Contract) -> None:
    ref = saved(parties, active)
    delivery = scenarios.actor_of(parties.people["delivery"])
    with acting(delivery):
        for call, parameters in (
            (contracting.save_template, {"contract_ref": active.ref, "name": "Mine"}),
            (contracting.rename_template, {"template_ref": ref, "name": "Mine"}),
            (contracting.delete_template, {"template_ref": ref}),
        ):
            with pytest.raises(NotAllowed):
                call(actor=delivery, key=key(), **parameters)
    page = signed_in("delivery").get("/seller/templates/").content.decode()
    assert "In three steps" in page
    assert "Start a contract" not in page


def test_a_template_that_is_gone_is_told_so(parties: Parties, active: Contract) -> None:
    ref = saved(parties, active)
    with acting(scenarios.seller_actor(parties)) as sina:
        contracting.delete_template(actor=sina, key=key(), template_ref=ref)
        with pytest.raises(Refused, match="There is no such template any more"):
            contracting.rename_template(actor=sina, key=key(), template_ref=ref, name="Late")
