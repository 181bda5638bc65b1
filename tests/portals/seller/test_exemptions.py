"""Why a supply bears no tax, on the pages: picked or typed, shown before it is signed, refused where it must be."""

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from apps.contracts.drafts import LineTerms
from apps.contracts.models import Contract
from tests import scenarios
from tests.portals.seller.test_drafts import FINAL, NEW, PROTOTYPE, typed
from tests.scenarios import Parties, acting

EDUCATION = "VATEX-EU-132-1I"
EXEMPT = {"tax_category": "E", "tax_rate": ""}


def drafted(parties: Parties) -> Contract:
    with acting(scenarios.seller_actor(parties)):
        return Contract.objects.get()


def test_a_reason_is_picked_for_the_contract_and_typed_for_a_line(parties: Parties, seller: Client) -> None:
    own = {"plan-1-tax_category": "E", "plan-1-exemption_reason": "Section 4 no. 21"}
    form = typed(parties, PROTOTYPE, FINAL, **EXEMPT, exemption_code=EDUCATION, **own)
    page = seller.get(NEW).content.decode()
    assert f'<option value="{EDUCATION}">' in page
    assert page.count("VATEX-EU-132-1A") == 2 * 2, "picked in the terms, and once in the page for all lines"
    assert seller.post(NEW, form | {"do": "check"}).status_code == 302
    contract = drafted(parties)
    with acting(scenarios.seller_actor(parties)):
        version = contract.versions.get()
        assert (version.exemption_code, version.exemption_reason) == (EDUCATION, "")
        assert version.lines.get(position=2).own == LineTerms(
            tax_category="E", tax_rate=Decimal(0), exemption_reason="Section 4 no. 21"
        )
    check = seller.get(reverse("seller:propose_contract", args=[contract.ref])).content.decode()
    assert "Exempt: article 132(1)(i) of Directive 2006/112/EC" in check
    assert "Its invoice bears another tax: Exempt: Section 4 no. 21." in check


def test_what_is_exempt_goes_on_only_with_a_reason_and_with_one_that_fits(parties: Parties, seller: Client) -> None:
    for reason, where, said in (
        ({}, "id_exemption_reason", "An invoice of an exempt supply must say why it is exempt."),
        ({"exemption_code": "VATEX-FR-AE"}, "id_exemption_reason", "belongs to another tax treatment"),
        ({"exemption_code": "VATEX-EU-0"}, "id_exemption_code", "Select a valid choice"),
    ):
        page = seller.post(NEW, typed(parties, PROTOTYPE, FINAL, **EXEMPT, **reason, do="check"))
        assert page.status_code == 422, reason
        assert f'<a href="#{where}">' in page.content.decode(), reason
        assert said in page.content.decode(), reason
    line = {"plan-0-exemption_code": EDUCATION}
    page = seller.post(NEW, typed(parties, PROTOTYPE, FINAL, **line, do="check"))
    assert "Line 1 says why it is exempt, and not that it is." in page.content.decode()


def test_a_reason_that_was_typed_for_another_treatment_is_left_out(parties: Parties, seller: Client) -> None:
    form = typed(parties, PROTOTYPE, FINAL, exemption_code=EDUCATION, exemption_reason="Small business")
    assert seller.post(NEW, form).status_code == 302
    with acting(scenarios.seller_actor(parties)):
        version = Contract.objects.get().versions.get()
    assert (version.tax_category, version.exemption_code, version.exemption_reason) == ("S", "", "")
