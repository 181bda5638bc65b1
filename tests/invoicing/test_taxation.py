"""Which tax treatment two parties can agree on, by where they are; the rest is refused in words before it is issued."""

from decimal import Decimal
from itertools import product

import pytest

from apps.core.errors import Refused
from apps.invoicing import rules
from apps.invoicing.rules import TaxIdentity
from apps.parties import rules as parties

D = Decimal
SELLER = TaxIdentity("Nordlicht GmbH", "Speicherstraße 12", "Hamburg", "DE", "DE136695976", "")
BUYER = TaxIdentity("Meridian B.V.", "Maasboulevard 100", "Rotterdam", "NL", "NL004495445B01", "")
NAMELESS = TaxIdentity("Nordlicht GmbH", "Speicherstraße 12", "Hamburg", "DE", "", "")
NUMBERS = {
    "DE": "DE136695976",
    "NL": "NL004495445B01",
    "GB": "GB980780684",
    "XI": "XI980780684",
    "CH": "CHE107787577IVA",
    "LI": "CHE107787577IVA",
    "US": "12-3456789",
    "HK": "12345678",
    "NO": "NO995525828MVA",
}
"""A number of each area, as the data of an organisation keep it; XI is a party in Belfast."""


def party(place: str) -> TaxIdentity:
    return TaxIdentity(f"Party in {place}", "Street 1", "City", "GB" if place == "XI" else place, NUMBERS[place], "")


@pytest.mark.parametrize(
    ("category", "rate", "seller", "buyer"),
    [
        ("S", "19", SELLER, BUYER),
        ("S", "19", TaxIdentity("N", "Street 1", "City", "DE", "", "22/123/45678"), BUYER),
        ("Z", "0", SELLER, BUYER),
        ("E", "0", SELLER, BUYER),
        ("AE", "0", SELLER, BUYER),
        ("O", "0", NAMELESS, TaxIdentity("B", "Street 2", "Austin", "US", "", "")),
    ],
)
def test_complete_tax_data_can_be_billed(category: str, rate: str, seller: TaxIdentity, buyer: TaxIdentity) -> None:
    rules.check_tax(category=category, rate=D(rate), seller=seller, buyer=buyer)


@pytest.mark.parametrize(
    ("category", "rate", "seller", "buyer", "words"),
    [
        ("S", "0", SELLER, BUYER, "Give the rate, or choose the zero rate"),
        ("S", "19", NAMELESS, BUYER, "Nordlicht GmbH must add one"),
        ("Z", "0", NAMELESS, BUYER, "Nordlicht GmbH must add one"),
        ("E", "0", NAMELESS, BUYER, "Nordlicht GmbH must add one"),
        ("AE", "0", NAMELESS, BUYER, "Nordlicht GmbH is missing"),
        ("AE", "0", SELLER, TaxIdentity("Meridian B.V.", "S", "C", "NL", "", "123"), "Meridian B.V. is missing"),
        (
            "AE",
            "0",
            SELLER,
            TaxIdentity("Meridian B.V.", "S", "C", "NL", "NL004495446B01", ""),
            "Correct it in the data",
        ),
        ("O", "19", SELLER, BUYER, "the rate must be zero"),
        ("AE", "19", SELLER, BUYER, "the rate must be zero"),
        ("S", "190", SELLER, BUYER, "27% at most. Check the rate"),
        ("S", "19", party("CH"), party("DE"), "8.1% at most"),
        ("S", "21", party("GB"), party("GB"), "20% at most"),
        ("S", "5", party("HK"), party("HK"), "not taxed in HK"),
        ("Z", "0", party("US"), party("DE"), "have no value added tax"),
        ("AE", "0", SELLER, party("US"), "no VAT in US"),
        ("AE", "0", party("CH"), party("LI"), "the seller owes the tax"),
        ("K", "0", SELLER, party("CH"), "Party in CH has given none"),
        ("K", "0", SELLER, SELLER, "both VAT numbers are of DE"),
        ("G", "0", SELLER, BUYER, "or “Intra-Community supply” between member states"),
        ("G", "0", NAMELESS, party("US"), "That of Nordlicht GmbH is missing"),
        ("S", "19", SELLER, TaxIdentity("Meridian B.V.", "", "", "NL", "NL004495445B01", ""), "missing: street, city"),
        ("O", "0", TaxIdentity("Nordlicht GmbH", "", "Hamburg", "DE", "", ""), BUYER, "address of Nordlicht GmbH"),
    ],
)
def test_what_tax_law_does_not_let_be_billed_is_refused_in_words(
    category: str, rate: str, seller: TaxIdentity, buyer: TaxIdentity, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        rules.check_tax(category=category, rate=D(rate), seller=seller, buyer=buyer)


def pairs(category: str) -> set[str]:
    """Between which places a treatment can be agreed on, as ``DE>NL``."""
    found = set()
    for seller, buyer in product(NUMBERS, NUMBERS):
        try:
            rules.check_tax(category=category, rate=D(0), seller=party(seller), buyer=party(buyer))
        except Refused:
            continue
        found.add(f"{seller}>{buyer}")
    return found


def test_reverse_charge_goes_where_a_recipient_can_owe_the_tax() -> None:
    """From wherever there is a VAT to wherever there is one; not within Switzerland and Liechtenstein."""
    with_vat = ("DE", "NL", "GB", "XI", "CH", "LI", "NO")
    swiss = {"CH>CH", "CH>LI", "LI>CH", "LI>LI"}
    assert pairs("AE") == {f"{one}>{other}" for one, other in product(with_vat, with_vat)} - swiss


def test_an_intra_community_supply_goes_from_one_member_state_to_another() -> None:
    """Northern Ireland counts as one for goods."""
    union = ("DE", "NL", "XI")
    assert pairs("K") == {f"{one}>{other}" for one, other in product(union, union) if one != other}


def test_an_export_leaves_the_area_of_the_seller() -> None:
    sellers = ("DE", "NL", "GB", "XI", "CH", "LI", "NO")
    inside = {"DE", "NL"}, {"GB", "XI"}, {"CH", "LI"}, {"NO"}
    assert pairs("G") == {
        f"{one}>{other}" for one, other in product(sellers, NUMBERS) if not any({one, other} <= area for area in inside)
    }


def test_zero_rates_and_exemptions_need_a_tax_to_be_free_of() -> None:
    assert {pair.split(">")[0] for pair in pairs("Z")} == set(NUMBERS) - {"US", "HK"}
    assert {pair.split(">")[0] for pair in pairs("E")} == set(NUMBERS) - {"HK"}
    assert {pair.split(">")[0] for pair in pairs("O")} == set(NUMBERS)


def test_an_american_sales_tax_is_a_rate() -> None:
    rules.check_tax(category="S", rate=D("8.875"), seller=party("US"), buyer=party("US"))


@pytest.mark.parametrize(
    ("seller", "buyer", "treatment"),
    [
        ("DE", "DE", ("S", D(19))),
        ("LI", "CH", ("S", D("8.1"))),
        ("GB", "GB", ("S", D(20))),
        ("DE", "NL", ("AE", D(0))),
        ("DE", "GB", ("AE", D(0))),
        ("GB", "DE", ("AE", D(0))),
        ("DE", "US", ("O", D(0))),
        ("US", "US", ("O", D(0))),
        ("HK", "DE", ("O", D(0))),
        ("NO", "NO", ("S", D(0))),
    ],
)
def test_a_form_starts_with_what_is_usual(seller: str, buyer: str, treatment: tuple[str, Decimal]) -> None:
    assert rules.usual_tax(seller=seller, buyer=buyer) == treatment


def test_every_member_state_has_a_usual_rate_that_it_may_have() -> None:
    """Directive 2006/112/EC, article 97: at least fifteen percent."""
    from apps.invoicing.rules.taxation import HIGHEST, USUAL_RATES, Area

    rates = {state: D(USUAL_RATES[state]) for state in parties.member_states()}
    assert len(rates) == 27
    assert min(rates.values()) >= 15
    assert max(rates.values()) == HIGHEST[Area.EUROPEAN_UNION]


@pytest.mark.parametrize(
    ("number", "country"),
    [(NUMBERS[place], place) for place in ("DE", "NL", "GB", "XI", "CH")]
    + [("EL094259216", "GR"), ("DE136695977", ""), ("136695976", ""), ("", ""), ("12-3456789", "")],
)
def test_a_vat_number_tells_who_gave_it(number: str, country: str) -> None:
    assert parties.vat_country(number) == country
