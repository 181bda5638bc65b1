"""Which tax treatment can stand on an invoice between two parties, and what must be known of them before it is issued.

Nothing here decides how a supply is taxed: the parties agree on that. What cannot be, where they are, is refused, in
words that say what to do, before anybody signs.

Sources: Directive 2006/112/EC, articles 44, 97 to 99, 138, 146, 196, 199, 226; VATA 1994, sections 2, 8, 30 and 55A
(United Kingdom); MWSTG, articles 23, 25 and 45 (Switzerland, and Liechtenstein, which has the same); EN 16931 rules
BR-S, BR-Z, BR-E, BR-AE, BR-IC, BR-G, BR-O. The United States have no value added tax; a sales tax is a rate of a state.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final

from apps.core.errors import Refused
from apps.core.percent import Percent
from apps.parties.rules import member_states, vat_country

STANDARD, ZERO_RATED, EXEMPT, REVERSE_CHARGE = "S", "Z", "E", "AE"
INTRA_COMMUNITY, EXPORT, OUTSIDE_SCOPE = "K", "G", "O"
"""Tax categories (UNTDID 5305, the subset that a contract can choose)."""


class Area(Enum):
    """Where one law of tax on supplies holds."""

    EUROPEAN_UNION = "EU"
    UNITED_KINGDOM = "GB"
    SWITZERLAND = "CH"
    UNITED_STATES = "US"
    WITHOUT_TAX = "none"
    ELSEWHERE = "elsewhere"


NORTHERN_IRELAND: Final = "XI"
"""Prefix of VAT numbers under which goods of Northern Ireland count as goods of the EU."""
GREECE: Final = "EL"
FRANCE: Final = "FR"
FRENCH_REASON: Final = "VATEX-FR-"
LIKE: Final = {"MC": "FR", "IM": "GB", "LI": "CH"}
"""Places that belong to the tax area of another country: Monaco, the Isle of Man, Liechtenstein."""
TAX_FREE: Final = frozenset({"BM", "BN", "FK", "GG", "GI", "GL", "HK", "KW", "KY", "MO", "QA", "TC", "VG"})
"""Places that tax no supplies in general, by value added or by sale."""
HIGHEST: Final = {
    Area.EUROPEAN_UNION: Decimal(27),
    Area.UNITED_KINGDOM: Decimal(20),
    Area.SWITZERLAND: Decimal("8.1"),
}
"""The highest rate in percent that there is in an area: Hungary's in the EU. A rate above it is a slip of the hand."""
USUAL_RATES: Final = {
    "AT": "20",
    "BE": "21",
    "BG": "20",
    "CH": "8.1",
    "CY": "19",
    "CZ": "21",
    "DE": "19",
    "DK": "25",
    "EE": "24",
    "ES": "21",
    "FI": "25.5",
    "FR": "20",
    "GB": "20",
    "GR": "24",
    "HR": "25",
    "HU": "27",
    "IE": "23",
    "IT": "22",
    "LT": "21",
    "LU": "17",
    "LV": "21",
    "MT": "18",
    "NL": "21",
    "PL": "23",
    "PT": "23",
    "RO": "21",
    "SE": "25",
    "SI": "22",
    "SK": "23",
}
"""The standard rates in percent by country, as of 2026: what a form starts with, and nobody is held to."""


@dataclass(frozen=True, slots=True)
class TaxIdentity:
    """What a party says of itself to the tax office and on its documents."""

    name: str
    street: str
    city: str
    country: str
    vat_number: str
    tax_number: str

    @property
    def area(self) -> Area:
        return area_of(self.country)

    @property
    def registered_in(self) -> str:
        """The country whose VAT number it has, if the check digits hold: ``GR``, and ``XI`` for Northern Ireland."""
        return vat_country(self.vat_number)


def area_of(country: str) -> Area:
    """The tax area of a country (ISO 3166-1 alpha-2)."""
    country = LIKE.get(country, country)
    if country in member_states():
        return Area.EUROPEAN_UNION
    if country in TAX_FREE:
        return Area.WITHOUT_TAX
    alone = {"GB": Area.UNITED_KINGDOM, "CH": Area.SWITZERLAND, "US": Area.UNITED_STATES}
    return alone.get(country, Area.ELSEWHERE)


def usual_tax(*, seller: str, buyer: str) -> tuple[str, Decimal]:
    """The treatment and the rate of a service that one business renders another, by their countries: a start for a
    form, which the parties change where theirs is another.

    At home the standard rate; to a business in another tax country its place is there (article 44), and the recipient
    accounts for the tax where a law says so (article 196).
    """
    here, there = area_of(seller), area_of(buyer)
    if here in (Area.WITHOUT_TAX, Area.UNITED_STATES):
        return OUTSIDE_SCOPE, Decimal(0)
    if LIKE.get(seller, seller) == LIKE.get(buyer, buyer):
        return STANDARD, Decimal(USUAL_RATES.get(LIKE.get(seller, seller), "0"))
    if Area.EUROPEAN_UNION in (here, there) and there in (Area.EUROPEAN_UNION, Area.UNITED_KINGDOM, Area.SWITZERLAND):
        return REVERSE_CHARGE, Decimal(0)
    return OUTSIDE_SCOPE, Decimal(0)


def check_tax(*, category: str, rate: Decimal, seller: TaxIdentity, buyer: TaxIdentity) -> None:
    """Refuse to bill what tax law does not let be billed, and say whose data or which term must be changed."""
    _check_address(seller, lacks="seller_address")
    _check_address(buyer, lacks="buyer_address")
    if category == STANDARD and rate <= 0:
        raise Refused("The standard tax rate is zero. Give the rate, or choose the zero rate or an exemption instead.")
    if category != STANDARD and rate != 0:
        raise Refused("Only the standard rate bears tax; with this tax treatment the rate must be zero.")
    _check_area(category, rate=rate, seller=seller)
    if category in _PAIRS:
        _PAIRS[category](seller, buyer)
    elif category != OUTSIDE_SCOPE and not (seller.vat_number or seller.tax_number):
        raise Refused(
            "An invoice needs the seller's VAT number or tax number, and {name} has given neither."
            " {name} must add one to its organisation's data.",
            name=seller.name,
        )


def check_reason(code: str, *, seller: TaxIdentity) -> None:
    """Refuse a reason that a law gives which does not hold for the seller: a code of VATEX names an article of it."""
    registered = seller.registered_in
    if code.startswith(FRENCH_REASON) and FRANCE not in (LIKE.get(seller.country, seller.country), registered):
        raise Refused(
            "{code} is an exemption of the law of France, where {name} is not. Choose another reason, or write it in"
            " words.",
            code=code,
            name=seller.name,
        )
    if code and Area.EUROPEAN_UNION not in (seller.area, area_of(registered)) and registered != NORTHERN_IRELAND:
        raise Refused(
            "{code} is an exemption of the European Union, where {name} is not. Write the reason in words, as the law"
            " of {country} has it.",
            code=code,
            name=seller.name,
            country=seller.country,
        )


def _check_area(category: str, *, rate: Decimal, seller: TaxIdentity) -> None:
    """What there is not where the seller is."""
    if seller.area == Area.WITHOUT_TAX and category != OUTSIDE_SCOPE:
        raise Refused(
            "Supplies are not taxed in {country}, where {name} is. Choose “Outside the scope of tax”.",
            country=seller.country,
            name=seller.name,
        )
    if seller.area == Area.UNITED_STATES and category not in (STANDARD, EXEMPT, OUTSIDE_SCOPE):
        raise Refused(
            "The United States, where {name} is, have no value added tax, and this treatment belongs to one. Choose the"
            " standard rate for a sales tax, “Exempt” for a sale for resale or to an exempt buyer, or “Outside the"
            " scope of tax”.",
            name=seller.name,
        )
    highest = HIGHEST.get(seller.area)
    if (
        highest is not None
        and rate > highest
        and seller.registered_in in ("", LIKE.get(seller.country, seller.country))
    ):
        raise Refused(
            "A tax of {rate} is higher than any where {name} is: {highest} at most. Check the rate.",
            rate=Percent(rate),
            highest=Percent(highest),
            name=seller.name,
        )


def _check_reverse_charge(seller: TaxIdentity, buyer: TaxIdentity) -> None:
    """The recipient owes the tax: in the EU on services from another state, or from outside it (article 196), and at
    home where the state says so (article 199); in the United Kingdom (VATA 1994, sections 8 and 55A); in Switzerland
    and Liechtenstein on services from abroad (MWSTG, article 45)."""
    for party in (seller, buyer):
        if not party.vat_number:
            raise Refused(
                "Under reverse charge the VAT numbers of both sides stand on the invoice."
                " That of {name} is missing; add it to the data of {name}.",
                name=party.name,
            )
    if buyer.area in (Area.WITHOUT_TAX, Area.UNITED_STATES):
        raise Refused(
            "There is no VAT in {country}, where {name} is, that it could account for. Choose “Outside the scope of"
            " tax” for services, or “Export” for goods.",
            country=buyer.country,
            name=buyer.name,
        )
    if seller.area == buyer.area == Area.SWITZERLAND:
        raise Refused(
            "Within Switzerland and Liechtenstein the seller owes the tax. Choose the standard rate, or an exemption."
        )
    for party in (seller, buyer):
        _check_number(party)


def _check_number(party: TaxIdentity) -> None:
    """A VAT number where the form of one is known: of the party's own country, or of one that registered it."""
    if party.area != Area.ELSEWHERE and not party.registered_in:
        raise Refused(
            "The VAT number {number} of {name} is none of the EU, the United Kingdom or Switzerland. Correct it in the"
            " data of {name}, with the two letters of its country in front.",
            number=party.vat_number,
            name=party.name,
        )


def _check_intra_community(seller: TaxIdentity, buyer: TaxIdentity) -> None:
    """Goods from one member state to a business registered in another (article 138); Northern Ireland counts as one."""
    for party in (seller, buyer):
        if area_of(party.registered_in) != Area.EUROPEAN_UNION and party.registered_in != NORTHERN_IRELAND:
            raise Refused(
                "For an intra-Community supply both sides have a VAT number of a member state of the EU, and {name} has"
                " given none. Add it to the data of {name}, or choose “Export” for goods that leave the EU.",
                name=party.name,
            )
    if seller.registered_in == buyer.registered_in:
        raise Refused(
            "An intra-Community supply goes to another member state, and both VAT numbers are of {country}. Choose the"
            " standard rate, or correct the VAT number of {name}.",
            country=seller.registered_in,
            name=buyer.name,
        )
    if buyer.area != Area.EUROPEAN_UNION and buyer.registered_in != NORTHERN_IRELAND:
        raise Refused(
            "An intra-Community supply stays in the EU, and {name} is in {country}. Choose “Export” for goods, or"
            " “Outside the scope of tax” for services.",
            name=buyer.name,
            country=buyer.country,
        )


def _check_export(seller: TaxIdentity, buyer: TaxIdentity) -> None:
    """Goods that leave the tax area of the seller (article 146; VATA 1994, section 30; MWSTG, article 23)."""
    if not seller.vat_number:
        raise Refused(
            "The VAT number of the seller stands on the invoice of an export. That of {name} is missing; add it to the"
            " data of {name}.",
            name=seller.name,
        )
    same_country = LIKE.get(seller.country, seller.country) == LIKE.get(buyer.country, buyer.country)
    if same_country or (seller.area == buyer.area and seller.area != Area.ELSEWHERE):
        raise Refused(
            "An export leaves the country and, from the EU, the EU: {name} is in {country}. Choose the standard rate,"
            " or “Intra-Community supply” between member states.",
            name=buyer.name,
            country=buyer.country,
        )


_PAIRS: Final = {
    REVERSE_CHARGE: _check_reverse_charge,
    INTRA_COMMUNITY: _check_intra_community,
    EXPORT: _check_export,
}
"""Treatments that depend on where both sides are."""


def _check_address(party: TaxIdentity, *, lacks: str) -> None:
    missing = [word for word, text in (("street", party.street), ("city", party.city)) if not text]
    if missing:
        raise Refused(
            "An invoice needs the full address of {name}; missing: {missing}. Complete the data of {name}.",
            lacks=lacks,
            name=party.name,
            missing=", ".join(missing),
        )
