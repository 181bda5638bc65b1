"""A plan from a file: read, shown line by line, imported as a whole, once, or not at all; and taken away again."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.contracts import rules
from apps.contracts import services as contracts
from apps.contracts.drafts import DraftLine
from apps.contracts.models import Contract, PlanUpload
from apps.contracts.rules.schedule import read_schedule
from apps.core.errors import Refused
from apps.portals.spreadsheets import read_rows
from apps.workflows import contracting
from tests import scenarios
from tests.portals.seller.conftest import SignIn
from tests.portals.spreadsheets.samples import uploaded, xlsx
from tests.scenarios import Parties, acting, key

PLAN = (
    "Milestone;Betrag;Termin;Kriterium;Nachweis\nKonzept;12.000,50;15.01.2027;Liegt vor.;ja\nRest;Rest;;Läuft.;nein\n"
)
BAD = "Milestone;Amount\nConcept;-5\nPrototype;100\n;7\n"


@pytest.fixture
def draft(parties: Parties) -> Contract:
    return scenarios.drafted_contract(parties)


def at(name: str, contract: Contract) -> str:
    return reverse(f"seller:{name}", args=[contract.ref])


def upload(client: Client, contract: Contract, content: bytes | str, name: str = "plan.csv", **more: str) -> Any:
    file = uploaded(content, name)
    return client.post(at("import_plan", contract), {"key": key(), "file": file, **more})


def confirmation(client: Client, contract: Contract) -> dict[str, str]:
    form = client.get(at("check_plan", contract)).context["confirm"]
    return {"key": str(form["key"].value()), "upload": str(form["upload"].value())}


def lines_of(parties: Parties, contract: Contract) -> tuple[DraftLine, ...]:
    with acting(scenarios.seller_actor(parties)):
        return contracts.draft_of(Contract.objects.get(pk=contract.pk)).lines


def test_a_file_is_shown_before_it_is_imported(parties: Parties, seller: Client, draft: Contract) -> None:
    before = lines_of(parties, draft)
    answer = upload(seller, draft, PLAN)
    assert (answer.status_code, answer["Location"]) == (302, at("check_plan", draft))
    page = seller.get(at("check_plan", draft))
    content = page.content.decode()
    assert "Konzept" in content
    assert "12,000.50" in content
    assert "with a decimal comma" in content
    assert "27,999.50" in content  # what the remainder comes to
    assert "Adds up exactly" in content
    assert lines_of(parties, draft) == before
    answer = seller.post(at("check_plan", draft), confirmation(seller, draft))
    assert (answer.status_code, answer["Location"]) == (302, at("change_draft", draft))
    first, second = lines_of(parties, draft)
    assert (first.title, first.amount, str(first.planned_on)) == ("Konzept", Decimal("12000.50"), "2027-01-15")
    assert [(one.text, one.needs_evidence) for one in first.criteria] == [("Liegt vor.", True)]
    assert (second.title, second.basis) == ("Rest", "remainder")


def test_a_second_click_imports_nothing_twice(parties: Parties, seller: Client, draft: Contract) -> None:
    upload(seller, draft, PLAN)
    form = confirmation(seller, draft)
    assert seller.post(at("check_plan", draft), form).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        plan = list(Contract.objects.get().versions.get().lines.values_list("ref", flat=True))
    assert seller.post(at("check_plan", draft), form)["Location"] == at("change_draft", draft)
    with acting(scenarios.seller_actor(parties)):
        assert list(Contract.objects.get().versions.get().lines.values_list("ref", flat=True)) == plan
        assert not PlanUpload.objects.exists()


def test_a_file_with_a_fault_imports_nothing_and_says_what_to_mend(
    parties: Parties, seller: Client, draft: Contract
) -> None:
    before = lines_of(parties, draft)
    answer = upload(seller, draft, BAD)
    assert answer.status_code == 422
    assert answer.context["problems"] == [
        (2, [("Amount", "“-5” is below zero. Every line of a plan is above zero.")]),
        (4, [("Milestone", "The name of a milestone is missing.")]),
    ]
    content = answer.content.decode()
    assert "Row 2" in content
    assert "1 milestone is fine." in content
    assert lines_of(parties, draft) == before
    with acting(scenarios.seller_actor(parties)):
        assert not PlanUpload.objects.exists()
    assert seller.get(at("check_plan", draft))["Location"] == at("import_plan", draft)


def test_what_a_column_leaves_open_is_answered_beside_the_file(seller: Client, draft: Contract) -> None:
    open_ = "Milestone,Amount,Date\nConcept,1.234,03/04/2027\n"
    assert len(upload(seller, draft, open_).context["problems"][0][1]) == 2
    assert upload(seller, draft, open_, decimal=",", dates="month").status_code == 302
    page = seller.get(at("check_plan", draft)).content.decode()
    assert "1,234.00" in page
    assert "month first" in page


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ("", "plan.csv", "The file is empty."),
        ("A;B", "plan.pdf", "Choose a CSV or an XLSX file."),
        (xlsx(["Milestone", "Amount"], ["A", "=1+1"]), "plan.xlsx", "formulas are not reckoned here"),
    ],
)
def test_what_cannot_be_read_is_said(
    seller: Client, draft: Contract, content: bytes | str, name: str, words: str
) -> None:
    answer = upload(seller, draft, content, name)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_without_a_file_it_is_asked_for(seller: Client, draft: Contract) -> None:
    answer = seller.post(at("import_plan", draft), {"key": key()})
    assert answer.status_code == 422
    assert "Choose the file with the plan." in answer.content.decode()


def test_a_draft_that_was_changed_meanwhile_is_not_overwritten(
    parties: Parties, seller: Client, draft: Contract
) -> None:
    upload(seller, draft, PLAN)
    form = confirmation(seller, draft)
    with acting(scenarios.seller_actor(parties)) as sina:
        other = replace(contracts.draft_of(draft), title="Changed meanwhile")
        contracting.change_draft(actor=sina, key=key(), contract_ref=draft.ref, draft=other)
    answer = seller.post(at("check_plan", draft), form)
    assert answer.status_code == 422
    assert "Somebody changed this draft after the file was uploaded" in answer.content.decode()
    assert lines_of(parties, draft) == other.lines


def test_a_later_file_takes_the_place_of_an_earlier_one(seller: Client, draft: Contract) -> None:
    upload(seller, draft, PLAN)
    form = confirmation(seller, draft)
    upload(seller, draft, PLAN.replace("Konzept", "Entwurf"))
    answer = seller.post(at("check_plan", draft), form)
    assert answer.status_code == 422
    assert "This file was replaced by another" in answer.content.decode()
    assert "Entwurf" in seller.get(at("check_plan", draft)).content.decode()


def test_a_proposed_contract_takes_no_plan(parties: Parties, seller: Client) -> None:
    contract = scenarios.proposed_contract(parties)
    for name in ("import_plan", "check_plan"):
        assert seller.get(at(name, contract)).status_code == 302
    assert upload(seller, contract, PLAN)["Location"] == at("contract", contract)
    with acting(scenarios.seller_actor(parties)) as sina, pytest.raises(Refused, match="Only a draft can be changed"):
        contracting.keep_plan(
            actor=sina,
            key=key(),
            contract_ref=contract.ref,
            lines=(),
            file_name="plan.csv",
            file_sha256="0" * 64,
            reading="{}",
        )


def test_who_may_not_write_contracts_imports_nothing(signed_in: SignIn, draft: Contract) -> None:
    client = signed_in("delivery")
    answer = upload(client, draft, PLAN)
    assert answer.status_code == 422
    assert "Your role does not allow you to write and propose contracts" in answer.content.decode()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_taken_away_comes_back_as_it_was(parties: Parties, seller: Client, draft: Contract, kind: str) -> None:
    lines = lines_of(parties, draft)
    with acting(scenarios.seller_actor(parties)):
        version = draft.versions.get()
    answer = seller.get(reverse(f"seller:plan_{kind}", args=[version.ref]))
    assert answer.status_code == 200
    file = SimpleUploadedFile(f"plan.{kind}", answer.content)
    assert read_schedule(read_rows(file), currency="EUR").lines == lines


def test_plans_to_pick_from_are_taken_away_and_imported_together(parties: Parties, seller: Client) -> None:
    upfront = rules.upfront("Upfront", title="All of it", discount_percent=Decimal(3))
    told = scenarios.software_draft(parties, plan_name="By milestones", options=(upfront,))
    contract = scenarios.drafted_contract(parties, draft=told)
    with acting(scenarios.seller_actor(parties)):
        stands, version = contracts.draft_of(contract), contract.versions.get()
    file = seller.get(reverse("seller:plan_csv", args=[version.ref])).content.decode()
    assert upload(seller, contract, file.replace("All of it", "Everything"))["Location"] == at("check_plan", contract)
    page = seller.get(at("check_plan", contract)).content.decode()
    for words in ("Upfront", "By milestones", "Everything", "38,800.00", "The file names its plans"):
        assert words in page, words
    seller.post(at("check_plan", contract), confirmation(seller, contract))
    line = replace(upfront.lines[0], title="Everything")
    with acting(scenarios.seller_actor(parties)):
        found = contracts.draft_of(Contract.objects.get(pk=contract.pk))
    assert found == replace(stands, options=(replace(upfront, lines=(line,)),))
    # A file that names no plan is the base plan's alone.
    upload(seller, contract, PLAN)
    seller.post(at("check_plan", contract), confirmation(seller, contract))
    with acting(scenarios.seller_actor(parties)):
        after = contracts.draft_of(Contract.objects.get(pk=contract.pk))
    assert (after.options, after.lines == found.lines) == (found.options, False)
    # Six plans are too many, and nothing of the file is kept.
    names = "".join(f"Plan {number};M;100 %\n" for number in range(7))
    answer = upload(seller, contract, "Plan;Milestone;Percent\n" + names)
    assert (answer.status_code, "at most" in answer.content.decode()) == (422, True)


def test_the_buyer_takes_the_plan_away_once_it_was_proposed(parties: Parties, signed_in: SignIn) -> None:
    contract = scenarios.proposed_contract(parties)
    with acting(scenarios.seller_actor(parties)):
        version = contract.versions.get()
    buyer = signed_in("buyer")
    assert b"Prototype" in buyer.get(reverse("buyer:plan_csv", args=[version.ref])).content
    assert buyer.get(reverse("buyer:plan_xlsx", args=[version.ref])).content.startswith(b"PK")
    assert buyer.get(reverse("seller:plan_csv", args=[version.ref])).status_code == 404


# --- thousands of lines -------------------------------------------------------------------------------------------


def many(count: int) -> str:
    rows = "".join(f"Line {number};10.50;2027-01-15;It is there.;no\n;;;It is proved.;yes\n" for number in range(count))
    return f"Milestone;Amount;Date;Criterion;Evidence\n{rows}"


def test_a_plan_too_long_for_a_form_is_kept_when_the_draft_is_saved(
    parties: Parties, seller: Client, draft: Contract
) -> None:
    upload(seller, draft, many(300))
    seller.post(at("check_plan", draft), confirmation(seller, draft))
    lines = lines_of(parties, draft)
    assert len(lines) == 300
    page = seller.get(at("change_draft", draft))
    content = page.content.decode()
    assert "This plan has 300 lines." in content
    assert "plan-0-title" not in content
    shown = {name: page.context["form"][name].value() for name in page.context["form"].fields}
    form = {name: value for name, value in shown.items() if value not in (None, False)}
    answer = seller.post(at("change_draft", draft), form | {"title": "Renamed", "plan-kept": "1", "do": "save"})
    assert answer.status_code == 302
    with acting(scenarios.seller_actor(parties)):
        assert Contract.objects.get().title == "Renamed"
    assert lines_of(parties, draft) == lines
    wrong = seller.post(at("change_draft", draft), form | {"title": "", "plan-kept": "1", "do": "save"})
    assert wrong.status_code == 422
    assert "This plan has 300 lines." in wrong.content.decode()
    again = seller.post(at("change_draft", draft), form | {"price": "6,300", "plan-kept": "1", "do": "calculate"})
    assert "3,150.00" in again.content.decode()


def test_the_report_of_a_long_plan_comes_in_pages(seller: Client, draft: Contract) -> None:
    upload(seller, draft, many(300))
    first = seller.get(at("check_plan", draft))
    assert [line.title for _row, _plan, line, _amount in first.context["rows"]][::199] == ["Line 0", "Line 199"]
    second = seller.get(at("check_plan", draft) + first.context["next_url"])
    assert [line.title for _row, _plan, line, _amount in second.context["rows"]][::99] == ["Line 200", "Line 299"]
    assert seller.get(f"{at('check_plan', draft)}?from=x").context["first"] == 1
