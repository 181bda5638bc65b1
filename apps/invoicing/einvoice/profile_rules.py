"""Rules of Peppol BIS Billing 3 and of XRechnung that go beyond EN 16931, asked of the bytes of a UBL file.

Neither set of rules comes with a package; these are the ones that can touch an invoice of this product, written anew
from their sentences as XPath. Not asked here: rules on allowances, direct debits, cards, attachments, billing periods,
the forms of identifiers beyond those with check digits, and the rules of other countries than Germany for their own
sellers, of which a file is said to be unchecked.

Sources: Peppol BIS Billing 3.0.19 (May 2025); XRechnung 3.0, rules BR-DE. Between two German parties Peppol has the
same as BR-DE under the names DE-R.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from lxml import etree
from stdnum import iban

from apps.invoicing.einvoice import names, standard, ubl_reading
from apps.invoicing.einvoice.lacks import OWN_RULES
from apps.invoicing.einvoice.profiles import GERMANY, PEPPOL, Profile, by_identifier
from apps.invoicing.einvoice.reading import Written
from apps.invoicing.rules import document_types
from apps.parties import electronic

SLACK: Final = Decimal("0.02")
"""How far the net of a line may be from quantity times price (PEPPOL-EN16931-R120)."""
SELLER: Final = "cac:AccountingSupplierParty/cac:Party"
BUYER: Final = "cac:AccountingCustomerParty/cac:Party"
COUNTRY: Final = "cac:PostalAddress/cac:Country/cbc:IdentificationCode"

Element = etree._Element


@dataclass(frozen=True, slots=True)
class Rule:
    """By its name in the published set, what must be true of the root of a file, and what it is when it is not."""

    name: str
    holds: str
    broken: str


PEPPOL_RULES: Final = (
    Rule(
        "PEPPOL-EN16931-R001/R007",
        "starts-with(cbc:ProfileID, 'urn:fdc:peppol.eu:2017:poacc:billing:')",
        "it names no business process of Peppol",
    ),
    Rule(
        "PEPPOL-EN16931-R003", "cbc:BuyerReference or cac:OrderReference/cbc:ID", "it bears no reference of the buyer"
    ),
    Rule("PEPPOL-EN16931-R008", "not(//*[not(*) and not(normalize-space())])", "it has empty elements"),
    Rule("PEPPOL-EN16931-R010", f"{BUYER}/cbc:EndpointID", "the buyer has no electronic address"),
    Rule("PEPPOL-EN16931-R020", f"{SELLER}/cbc:EndpointID", "the seller has no electronic address"),
    Rule(
        "PEPPOL-EN16931-R051",
        "not(//@currencyID[. != /*/cbc:DocumentCurrencyCode and not(ancestor::cac:TaxTotal[not(cac:TaxSubtotal)])])",
        "it has amounts in another currency",
    ),
    Rule("PEPPOL-EN16931-R053", "count(cac:TaxTotal[cac:TaxSubtotal]) = 1", "it has no breakdown of tax, or several"),
    Rule(
        "PEPPOL-EN16931-P0104-P0111",
        "not(//cac:TaxCategory[cbc:TaxExemptionReasonCode = 'VATEX-EU-AE' and cbc:ID != 'AE'"
        " or cbc:TaxExemptionReasonCode = 'VATEX-EU-O' and cbc:ID != 'O'"
        " or cbc:TaxExemptionReasonCode = 'VATEX-EU-G' and cbc:ID != 'G'"
        " or cbc:TaxExemptionReasonCode = 'VATEX-EU-IC' and cbc:ID != 'K'"
        " or contains(' VATEX-EU-D VATEX-EU-F VATEX-EU-I VATEX-EU-J ', concat(' ', cbc:TaxExemptionReasonCode, ' '))"
        " and cbc:ID != 'E'])",
        "the reason of an exemption is not that of its category",
    ),
)
ONE_NOTE: Final = Rule("PEPPOL-EN16931-R002", "count(cbc:Note) <= 1", "it has more than one note")
TYPES: Final = Rule(
    "PEPPOL-EN16931-P0100/P0101",
    f"contains(' {' '.join(sorted(document_types.ON_PEPPOL | document_types.GERMAN_PAIRS))} ',"
    " concat(' ', cbc:InvoiceTypeCode | cbc:CreditNoteTypeCode, ' '))",
    "its type is none of Peppol",
)
NOT_BETWEEN_OTHERS: Final = Rule(
    "PEPPOL-EN16931-P0112",
    "not(cbc:InvoiceTypeCode = '326' or cbc:InvoiceTypeCode = '384')",
    "its type is one between German parties only",
)
GERMAN_RULES: Final = (
    Rule("BR-DE-1", "cac:PaymentMeans", "it does not say how to pay"),
    Rule("BR-DE-2", f"{SELLER}/cac:Contact", "it has no contact of the seller"),
    Rule("BR-DE-3", f"{SELLER}/cac:PostalAddress/cbc:CityName", "the seller's city is missing"),
    Rule("BR-DE-4", f"{SELLER}/cac:PostalAddress/cbc:PostalZone", "the seller's post code is missing"),
    Rule("BR-DE-5", f"{SELLER}/cac:Contact/cbc:Name", "the seller's contact has no name"),
    Rule("BR-DE-6", f"{SELLER}/cac:Contact/cbc:Telephone", "the seller's contact has no telephone number"),
    Rule("BR-DE-7", f"{SELLER}/cac:Contact/cbc:ElectronicMail", "the seller's contact has no e-mail"),
    Rule("BR-DE-8", f"{BUYER}/cac:PostalAddress/cbc:CityName", "the buyer's city is missing"),
    Rule("BR-DE-9", f"{BUYER}/cac:PostalAddress/cbc:PostalZone", "the buyer's post code is missing"),
    Rule(
        "BR-DE-14",
        "not(cac:TaxTotal/cac:TaxSubtotal[not(cac:TaxCategory/cbc:Percent)])",
        "a row of tax has no rate",
    ),
    Rule("BR-DE-15", "cbc:BuyerReference", "it bears no reference of the buyer"),
    Rule(
        "BR-DE-16",
        "not(cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory[cbc:ID != 'O'])"
        f" or {SELLER}/cac:PartyTaxScheme/cbc:CompanyID",
        "the seller has neither a VAT number nor a tax number",
    ),
    Rule(
        "BR-DE-17",
        "contains(' 326 380 381 384 389 875 876 877 ', concat(' ', cbc:InvoiceTypeCode | cbc:CreditNoteTypeCode, ' '))",
        "its type is none that is used in Germany",
    ),
    Rule(
        "BR-DE-26",
        "not(cbc:InvoiceTypeCode = '384') or cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID",
        "it is a corrected invoice, but does not say of which",
    ),
    Rule(
        "BR-DE-23",
        "not(cac:PaymentMeans[not(cac:PayeeFinancialAccount)]"
        "[cbc:PaymentMeansCode = '30' or cbc:PaymentMeansCode = '58'])",
        "it is to be paid by transfer, but names no account",
    ),
)


def findings(xml: bytes) -> list[str]:
    """What is wrong with a UBL file by the rules of the form that it says to have; of any other form, nothing."""
    root = standard.parsed(xml)
    profile = by_identifier(root.findtext("cbc:CustomizationID", "", names.NAMESPACES).strip())
    return list(_findings(root, profile, ubl_reading.read(xml))) if profile is not None else []


def _findings(root: Element, profile: Profile, written: Written) -> Iterator[str]:
    seller, buyer = _country(root, SELLER), _country(root, BUYER)
    is_german = seller == buyer == GERMANY
    rules = [*PEPPOL_RULES, TYPES] if profile == PEPPOL else []
    if profile == PEPPOL and not is_german:
        rules += [ONE_NOTE, NOT_BETWEEN_OTHERS]
    if profile != PEPPOL or is_german:
        rules += GERMAN_RULES
        yield from _german(root)
    yield from (f"{rule.name}: {rule.broken}" for rule in rules if not _holds(root, rule))
    if profile == PEPPOL:
        yield from _lines(written)
        if seller in OWN_RULES:
            yield f"the rules of Peppol for sellers of {seller} are not checked here"
    yield from _addresses(root, profile)


def _holds(root: Element, rule: Rule) -> bool:
    return bool(root.xpath(f"boolean({rule.holds})", namespaces=names.NAMESPACES))


def _country(root: Element, party: str) -> str:
    return root.findtext(f"{party}/{COUNTRY}", "", names.NAMESPACES).strip()


def _german(root: Element) -> Iterator[str]:
    """Telephone (BR-DE-27), mailbox (BR-DE-28) and IBAN (BR-DE-19) have the form that they need to be of use."""
    phone = root.findtext(f"{SELLER}/cac:Contact/cbc:Telephone", "", names.NAMESPACES)
    if phone and sum(sign.isdigit() for sign in phone) < electronic.PHONE_DIGITS:
        yield f"BR-DE-27: {phone} is no telephone number"
    mail = root.findtext(f"{SELLER}/cac:Contact/cbc:ElectronicMail", "", names.NAMESPACES)
    if mail and not electronic.MAILBOX.fullmatch(mail.strip()):
        yield f"BR-DE-28: {mail} is no e-mail address"
    for means in root.iterfind("cac:PaymentMeans", names.NAMESPACES):
        account = means.findtext("cac:PayeeFinancialAccount/cbc:ID", "", names.NAMESPACES)
        if means.findtext("cbc:PaymentMeansCode", "", names.NAMESPACES) == "58" and not iban.is_valid(account):
            yield f"BR-DE-19: {account} is no IBAN"


def _lines(written: Written) -> Iterator[str]:
    for number, line in enumerate(written.lines, start=1):
        try:
            exact = line.quantity * line.price / line.base_quantity
        except InvalidOperation:
            exact = Decimal("NaN")
        if not abs(exact - line.net) <= SLACK:
            yield f"PEPPOL-EN16931-R120: the net of line {number} is {line.net}, its quantity times price {exact}"


def _addresses(root: Element, profile: Profile) -> Iterator[str]:
    """Electronic addresses: of a sort that the form knows, with right check digits where the sort has them."""
    known = electronic.ON_PEPPOL if profile == PEPPOL else electronic.ON_PEPPOL | {electronic.EMAIL}
    for party in (SELLER, BUYER):
        endpoint = root.find(f"{party}/cbc:EndpointID", names.NAMESPACES)
        if endpoint is None:
            continue
        scheme = endpoint.get("schemeID", "")
        if scheme not in known:
            yield f"PEPPOL-EN16931-CL008: {scheme or 'none'} is no sort of electronic address"
        elif not electronic.is_valid(endpoint.text or "", scheme=scheme):
            yield f"the electronic address {endpoint.text} is no valid one of the sort {scheme}"
