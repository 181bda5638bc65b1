"""Writing a contract: everything is kept, the plan is edited by buttons, what is wrong stands at its field."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from apps.contracts.models import Contract, ContractVersion
from apps.parties.models import Organisation
from apps.parties.services import OrganisationData
from apps.portals.drafting.dates import past_dates
from apps.workflows import team
from tests import scenarios
from tests.portals.seller.conftest import SignIn, hidden
from tests.scenarios import Parties, acting, key, software_draft

NEW = "/seller/contracts/new/"


def typed(parties: Parties, *lines: dict[str, Any], **changes: Any) -> dict[str, str]:
    """A filled-in page as a browser sends it."""
    form: dict[str, Any] = {
        "key": scenarios.key(),
        "title": "Warehouse software",
        "number": "NL-7",
        "buyer": parties.buyer.ref,
        "signatory_name": "Bea Berg",
        "signatory_email": parties.people["approver"].user.email,
        "currency": "EUR",
        "price": "400,000.00",
        "payment_days": "30",
        "review_days": "14",
        "tax_category": "S",
        "tax_rate": "19",
        "is_assignable": "on",
        "governing_law": "Germany",
        "terms": "",
        "plan-count": str(len(lines)),
        **changes,
    }
    for index, line in enumerate(lines):
        criteria = line.get("criteria", [("It works.", False)])
        for name in ("title", "scope", "basis", "portion", "planned_on"):
            form[f"plan-{index}-{name}"] = line.get(name, "percent" if name == "basis" else "")
        form[f"plan-{index}-count"] = str(len(criteria))
        for at, (text, needs) in enumerate(criteria):
            form[f"plan-{index}-c-{at}-text"] = text
            if needs:
                form[f"plan-{index}-c-{at}-needs_evidence"] = "on"
    return form


PROTOTYPE = {"title": "Prototype", "portion": "30", "planned_on": "2027-01-15", "criteria": [("It runs.", True)]}
INTEGRATION = {"title": "Integration", "portion": "30"}
FINAL = {"title": "Final delivery", "basis": "remainder"}


def test_a_draft_is_saved_with_its_plan(parties: Parties, seller: Client) -> None:
    response = seller.post(NEW, typed(parties, PROTOTYPE, INTEGRATION, FINAL))
    with acting(scenarios.seller_actor(parties)):
        contract = Contract.objects.get()
        lines = list(contract.versions.get().lines.prefetch_related("criteria"))
    assert response.status_code == 302
    assert response["Location"] == reverse("seller:change_draft", args=[contract.ref])
    assert [line.amount for line in lines] == [Decimal(120_000), Decimal(120_000), Decimal(160_000)]
    assert [criterion.needs_evidence for criterion in lines[0].criteria.all()] == [True]


def test_a_draft_may_be_incomplete(parties: Parties, seller: Client) -> None:
    form = typed(parties, {"title": "Prototype", "criteria": []}, signatory_name="", signatory_email="")
    assert seller.post(NEW, form).status_code == 302


def test_two_clicks_make_one_draft(parties: Parties, seller: Client) -> None:
    form = typed(parties, PROTOTYPE)
    first, second = seller.post(NEW, form), seller.post(NEW, form)
    assert first["Location"] == second["Location"]
    with acting(scenarios.seller_actor(parties)):
        assert Contract.objects.count() == 1


def test_check_answers_goes_on_only_with_a_plan_that_adds_up(parties: Parties, seller: Client) -> None:
    response = seller.post(NEW, typed(parties, PROTOTYPE, INTEGRATION, do="check"))
    assert response.status_code == 422
    assert "The plan adds up to 60%, 160,000.00 EUR short." in response.content.decode()
    with acting(scenarios.seller_actor(parties)):
        assert not Contract.objects.exists()
    response = seller.post(NEW, typed(parties, PROTOTYPE, INTEGRATION, FINAL, do="check"))
    with acting(scenarios.seller_actor(parties)):
        contract = Contract.objects.get()
    assert response["Location"] == reverse("seller:propose_contract", args=[contract.ref])


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(parties: Parties, seller: Client) -> None:
    line = {"title": "", "portion": "130", "scope": "Screens for the yard"}
    response = seller.post(NEW, typed(parties, line, price="12,00.0", title="", review_days="0"))
    page = response.content.decode()
    assert response.status_code == 422
    for target in ("id_price", "id_title", "id_review_days", "id_plan-0-title", "id_plan-0-portion"):
        assert f'<a href="#{target}">' in page, target
    assert "Enter an amount such as 12,400.50" in page
    for kept in ('value="12,00.0"', 'value="130"', "Screens for the yard", "It works."):
        assert kept in page, kept


def test_the_terms_of_the_review_are_kept_and_told_in_plain_words(parties: Parties, seller: Client) -> None:
    review = {
        "review_days": "12",
        "review_unit": "working",
        "silence": "accepted",
        "review_country": "DE",
        "review_subdivision": "by",
        "review_time_zone": "Europe/Vienna",
    }
    response = seller.post(NEW, typed(parties, PROTOTYPE, FINAL, do="check", **review))
    with acting(scenarios.seller_actor(parties)):
        version = ContractVersion.objects.get()
    assert (version.review_unit, version.silence) == ("working", "accepted")
    assert (version.review_country, version.review_subdivision) == ("DE", "BY")
    page = seller.get(response["Location"]).content.decode()
    assert "12 working days, Monday to Saturday (holidays: Germany, BY) from the day on which" in page
    assert "days of Europe/Vienna" in page
    assert "The milestone counts as accepted and is billed as agreed." in page
    assert "Directive 2011/7/EU" not in page


def test_a_review_longer_than_thirty_days_is_noticed(parties: Parties, seller: Client) -> None:
    response = seller.post(NEW, typed(parties, PROTOTYPE, FINAL, do="check", review_days="31"))
    assert "Directive 2011/7/EU, Article 3(4)" in seller.get(response["Location"]).content.decode()


def test_a_region_that_is_not_known_is_refused_at_its_field(parties: Parties, seller: Client) -> None:
    response = seller.post(NEW, typed(parties, PROTOTYPE, review_country="DE", review_subdivision="XX"))
    page = response.content.decode()
    assert response.status_code == 422
    assert '<a href="#id_review_subdivision">' in page
    assert "The calendar of DE knows no region XX, but these: BB, BE, BW" in page


def test_a_new_buyer_is_written_down_with_the_draft(parties: Parties, seller: Client) -> None:
    form = typed(
        parties,
        PROTOTYPE,
        buyer="new",
        new_legal_name="Hafen Spedition KG",
        new_country="DE",
        new_street="Kai 1",
        new_city="Hamburg",
        signatory_email="kai@hafen.example",
    )
    assert seller.post(NEW, form).status_code == 302
    assert seller.post(NEW, form).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        assert Organisation.objects.filter(legal_name="Hafen Spedition KG").count() == 1
        assert Contract.objects.get().buyer.legal_name == "Hafen Spedition KG"


def test_a_new_buyer_is_written_to_in_the_language_of_its_country_or_in_the_chosen_one(
    parties: Parties, seller: Client
) -> None:
    for number, (country, chosen, spoken) in enumerate(
        (("AT", "", "de"), ("FR", "", "en"), ("FR", "de", "de"), ("DE", "en", "en"))
    ):
        form = typed(
            parties,
            PROTOTYPE,
            number=f"L-{number}",
            buyer="new",
            new_legal_name=f"Buyer {number}",
            new_country=country,
            buyer_language=chosen,
            signatory_email="kai@hafen.example",
        )
        assert seller.post(NEW, form).status_code == 302
        with acting(scenarios.seller_actor(parties)):
            assert Organisation.objects.get(legal_name=f"Buyer {number}").language == spoken


def test_the_language_of_a_buyer_without_people_is_changed_in_the_draft_and_of_no_other(
    parties: Parties, seller: Client
) -> None:
    named = scenarios.named_buyer(parties)
    for buyer, spoken in ((named, "de"), (parties.buyer, "en")):
        form = typed(parties, PROTOTYPE, number=buyer.ref[:8], buyer=buyer.ref, buyer_language="de")
        form["signatory_email"] = "kai@hafen.example"
        assert seller.post(NEW, form).status_code == 302
        with acting(scenarios.seller_actor(parties)):
            assert Organisation.objects.get(pk=buyer.pk).language == spoken


def test_a_new_buyer_needs_a_name_and_a_country(parties: Parties, seller: Client) -> None:
    response = seller.post(NEW, typed(parties, PROTOTYPE, buyer="new"))
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"new_legal_name", "new_country"}
    response = seller.post(
        NEW, typed(parties, buyer="new", new_legal_name="X", new_country="DE", new_vat_number="DE000000000")
    )
    assert response.status_code == 422
    assert "new_vat_number" in response.context["form"].errors


def test_a_new_buyer_is_written_down_with_what_its_e_invoices_need(parties: Parties, seller: Client) -> None:
    leitweg = "04011000-1234512345-06"
    form = typed(
        parties,
        PROTOTYPE,
        buyer="new",
        new_legal_name="Stadt Hafen",
        new_country="DE",
        new_electronic_scheme="0204",
        new_electronic_address="04011000-1234512345-07",
        new_buyer_reference=leitweg,
        signatory_email="kai@hafen.example",
    )
    refused = seller.post(NEW, form)
    assert refused.status_code == 422
    assert "not a valid address of the sort Leitweg-ID" in refused.content.decode()
    assert seller.post(NEW, form | {"new_electronic_address": leitweg}).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        buyer = Organisation.objects.get(legal_name="Stadt Hafen")
    assert (buyer.electronic_scheme, buyer.electronic_address, buyer.buyer_reference) == ("0204", leitweg, leitweg)


def test_a_buyer_whom_the_seller_does_not_know_cannot_be_chosen(
    parties: Parties, strangers: Parties, seller: Client
) -> None:
    response = seller.post(NEW, typed(parties, PROTOTYPE, buyer=strangers.buyer.ref))
    assert response.status_code == 422
    assert "buyer" in response.context["form"].errors


def test_a_signatory_from_the_sellers_own_house_is_refused(parties: Parties, seller: Client) -> None:
    response = seller.post(NEW, typed(parties, PROTOTYPE, signatory_email="friend@nordlicht.example"))
    assert response.status_code == 422
    assert "signatory_email" in response.context["form"].errors


def rows(response: Any) -> list[Any]:
    return [line.form["title"].value() for line in response.context["lines"]]


def test_rows_are_added_removed_and_moved_by_plain_buttons(parties: Parties, seller: Client) -> None:
    def after(do: str) -> Any:
        response = seller.post(NEW, typed(parties, PROTOTYPE, INTEGRATION, FINAL, do=do, terms="Keep this."))
        assert response.status_code == 200
        assert "Keep this." in response.content.decode()
        return response

    assert rows(after("add")) == ["Prototype", "Integration", "Final delivery", None]
    assert rows(after("remove:1")) == ["Prototype", "Final delivery"]
    assert rows(after("up:2")) == ["Prototype", "Final delivery", "Integration"]
    assert rows(after("down:0")) == ["Integration", "Prototype", "Final delivery"]
    assert rows(after("up:0")) == rows(after("down:2")) == ["Prototype", "Integration", "Final delivery"]
    assert rows(after("remove:99")) == rows(after("remove:x")) == ["Prototype", "Integration", "Final delivery"]
    assert len(after("criterion:0").context["lines"][0].criteria) == 2
    assert after("drop:0:0").context["lines"][0].criteria == []
    with acting(scenarios.seller_actor(parties)):
        assert not Contract.objects.exists()


def test_the_page_says_how_much_is_allocated(parties: Parties, seller: Client) -> None:
    lines = (PROTOTYPE, {"title": "Integration", "portion": "55"})
    page = seller.post(NEW, typed(parties, *lines, do="calculate")).content.decode()
    assert "Allocated 85%" in page
    assert "60,000.00\N{NO-BREAK SPACE}EUR still to allocate" in page
    over = seller.post(NEW, typed(parties, *lines, FINAL | {"basis": "percent", "portion": "40"}, do="calculate"))
    assert "100,000.00\N{NO-BREAK SPACE}EUR too much" in over.content.decode()
    exact = seller.post(NEW, typed(parties, *lines, FINAL, do="calculate"))
    assert "Adds up exactly" in exact.content.decode()


def test_htmx_gets_only_the_allocation_and_the_amounts(parties: Parties, seller: Client) -> None:
    response = seller.post(NEW, typed(parties, PROTOTYPE, FINAL, do="calculate"), headers={"HX-Request": "true"})
    page = response.content.decode()
    assert "<html" not in page
    assert 'id="allocation"' in page
    assert 'id="plan-1-result"' in page
    assert "280,000.00" in page


def test_a_saved_draft_is_shown_as_it_was_written_and_can_be_changed(parties: Parties, seller: Client) -> None:
    contract = scenarios.drafted_contract(parties)
    address = reverse("seller:change_draft", args=[contract.ref])
    response = seller.get(address)
    assert rows(response) == ["Prototype", "Integration", "Final delivery and sign-off"]
    assert response.context["allocation"].left == 0
    form = typed(parties, PROTOTYPE, FINAL, **hidden(response), price="50000", number="NL-8")
    assert seller.post(address, form)["Location"] == address
    with acting(scenarios.seller_actor(parties)):
        version = ContractVersion.objects.get()
        assert version.price == Decimal(50_000)
        assert [line.title for line in version.lines.all()] == ["Prototype", "Final delivery"]


def test_what_somebody_else_changed_meanwhile_is_replaced_only_knowingly(parties: Parties, seller: Client) -> None:
    contract = scenarios.drafted_contract(parties)
    address = reverse("seller:change_draft", args=[contract.ref])
    first, second = seller.get(address), seller.get(address)
    theirs = typed(parties, PROTOTYPE, FINAL, **hidden(first), title="Theirs")
    assert seller.post(address, theirs).status_code == 302
    mine = typed(parties, PROTOTYPE, FINAL, **hidden(second), title="Mine")
    refused = seller.post(address, mine)
    assert refused.status_code == 422
    assert "Somebody changed this draft after you opened it" in refused.content.decode()
    assert refused.context["form"]["title"].value() == "Mine"
    assert rows(refused) == ["Prototype", "Final delivery"]
    with acting(scenarios.seller_actor(parties)):
        assert Contract.objects.get().title == "Theirs"
    assert seller.post(address, mine | hidden(refused)).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        assert Contract.objects.get().title == "Mine"


def test_what_was_proposed_is_not_written_to_any_more(parties: Parties, seller: Client) -> None:
    contract = scenarios.proposed_contract(parties)
    address = reverse("seller:change_draft", args=[contract.ref])
    own = reverse("seller:contract", args=[contract.ref])
    assert seller.get(address)["Location"] == own
    assert seller.post(address, typed(parties, PROTOTYPE))["Location"] == own


def test_who_may_not_write_contracts_is_told_so(parties: Parties, signed_in: SignIn) -> None:
    for role in ("delivery", "billing"):
        assert "Your role does not allow you to write and propose contracts" in (
            signed_in(role).get(NEW).content.decode()
        )
        response = signed_in(role).post(NEW, typed(parties, PROTOTYPE))
        assert response.status_code == 422
        assert "Your role does not allow you to write and propose contracts" in response.content.decode()


def test_a_forged_count_of_rows_is_bounded(parties: Parties, seller: Client) -> None:
    for count in ("1000000000", "-1", "x", "\N{ARABIC-INDIC DIGIT FIVE}"):
        response = seller.post(NEW, typed(parties, **{"plan-count": count}, do="calculate"))
        assert response.status_code == 200
        assert len(response.context["lines"]) <= 100


def test_a_date_in_the_past_is_taken_with_a_warning(parties: Parties, seller: Client) -> None:
    late = {**PROTOTYPE, "planned_on": "2020-01-15"}
    answer = seller.post(NEW, typed(parties, late, INTEGRATION, FINAL))
    assert answer.status_code == 302
    warning = "The planned date of “Prototype” is in the past."
    assert warning in seller.get(answer["Location"]).content.decode()
    with acting(scenarios.seller_actor(parties)):
        contract = Contract.objects.get()
    check = reverse("seller:propose_contract", args=[contract.ref])
    assert warning in seller.get(check).content.decode()
    later = seller.post(NEW, typed(parties, PROTOTYPE, INTEGRATION, FINAL, number="NL-8"))
    assert "in the past" not in seller.get(later["Location"]).content.decode()


def test_a_warning_names_the_first_milestones_and_counts_all() -> None:
    planned = [(f"Part {number}", date(2026, 1, number)) for number in range(1, 8)]
    said = past_dates([*planned, ("Undated", None)], today=date(2026, 1, 7))
    assert said.startswith(
        "6 planned dates are in the past: those of “Part 1”, “Part 2”, “Part 3”, “Part 4”, “Part 5” …."
    )
    assert past_dates(planned[6:], today=date(2026, 1, 7)) == ""


def test_the_address_of_a_buyer_without_people_is_entered_by_who_wrote_it_down(
    parties: Parties, seller: Client
) -> None:
    sina = scenarios.seller_actor(parties)
    data = OrganisationData(legal_name="Hafen Spedition KG", country="DE", vat_number="DE136695976")
    with acting(sina):
        hafen = team.name_counterparty(actor=sina, key=key(), data=data)["organisation"]
    contract = scenarios.drafted_contract(parties, draft=replace(software_draft(parties), buyer_ref=hafen))
    check = reverse("seller:propose_contract", args=[contract.ref])
    address = reverse("seller:counterparty_address", args=[contract.ref])
    page = seller.get(check).content.decode()
    assert "missing: street, city" in page
    assert f'<a href="{address}">Complete the address</a>' in page
    place = {"street": "Kai 9", "postcode": "20457", "city": "Hamburg"}
    assert seller.post(address, {**place, "key": key(), "city": " "}).status_code == 422
    assert seller.post(address, {**place, "key": key()})["Location"] == check
    page = seller.get(check).content.decode()
    assert ("missing: street" in page, "Kai 9" in page) == (False, True)
    theirs = scenarios.drafted_contract(parties, draft=software_draft(parties, number="NL-2"))
    words = {**place, "key": key()}
    refused = seller.post(reverse("seller:counterparty_address", args=[theirs.ref]), words)
    assert (refused.status_code, "enters its address itself" in refused.content.decode()) == (422, True)


def test_without_a_bank_account_the_way_to_add_one_is_shown(parties: Parties, seller: Client) -> None:
    contract = scenarios.drafted_contract(parties, draft=scenarios.software_draft(parties, currency="CHF"))
    page = seller.get(reverse("seller:propose_contract", args=[contract.ref])).content.decode()
    assert "has no bank account in CHF that invoices could name." in page
    assert f'<a href="{reverse("account:bank_account")}">Add a bank account</a>' in page
