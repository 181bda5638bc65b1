"""The business terms of EN 16931 that a file says, by their numbers: the same for the same invoice in CII and in UBL.

Two serialisers that say one thing are proved by reading both back into these terms and comparing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast

from lxml import etree

from apps.invoicing.einvoice import codes, names, standard
from apps.invoicing.einvoice.cii_elements import NAMESPACES as CII_NAMESPACES

Element = etree._Element
Terms = dict[str, str]
"""Words by term, such as ``BT-1``; in the groups that repeat with the place of the group: ``BG-25/1 BT-131``."""
FIGURES: Final = frozenset(
    {"BT-106", "BT-109", "BT-110", "BT-112", "BT-115", "BT-116", "BT-117", "BT-119"}
    | {"BT-129", "BT-131", "BT-146", "BT-152"}
)
"""Terms that are numbers: how they are written does not count."""
SUBJECT: Final = re.compile(r"(#(?P<subject>[A-Z]{3})#)?(?P<words>.*)", re.DOTALL)
SPECIFICATION, TYPE, SUBJECTS, NOTES, TERMS = "BT-24", "BT-3", "BT-21", "BT-22", "BT-20"

_AGREEMENT: Final = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement"
_SETTLEMENT: Final = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement"
_MEANS: Final = f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementPaymentMeans"
_SUMS: Final = f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
_DELIVERY: Final = (
    "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeDelivery/ram:ActualDeliverySupplyChainEvent"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a term stands in either syntax, as XPath from the document's root or from that of its group."""

    term: str
    cii: str
    ubl: str


def _party(cii_name: str, ubl_name: str, numbers: tuple[str, ...]) -> tuple[Place, ...]:
    one, other = f"{_AGREEMENT}/ram:{cii_name}", f"cac:{ubl_name}/cac:Party"
    paths = (
        ("ram:Name", "cac:PartyLegalEntity/cbc:RegistrationName"),
        ("ram:PostalTradeAddress/ram:LineOne", "cac:PostalAddress/cbc:StreetName"),
        ("ram:PostalTradeAddress/ram:CityName", "cac:PostalAddress/cbc:CityName"),
        ("ram:PostalTradeAddress/ram:PostcodeCode", "cac:PostalAddress/cbc:PostalZone"),
        ("ram:PostalTradeAddress/ram:CountryID", "cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
        (
            "ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']",
            "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID='VAT']/cbc:CompanyID",
        ),
        ("ram:SpecifiedLegalOrganization/ram:ID", "cac:PartyLegalEntity/cbc:CompanyID"),
        ("ram:URIUniversalCommunication/ram:URIID", "cbc:EndpointID"),
        ("ram:URIUniversalCommunication/ram:URIID/@schemeID", "cbc:EndpointID/@schemeID"),
        ("ram:DefinedTradeContact/ram:PersonName", "cac:Contact/cbc:Name"),
        (
            "ram:DefinedTradeContact/ram:TelephoneUniversalCommunication/ram:CompleteNumber",
            "cac:Contact/cbc:Telephone",
        ),
        (
            "ram:DefinedTradeContact/ram:EmailURIUniversalCommunication/ram:URIID",
            "cac:Contact/cbc:ElectronicMail",
        ),
    )
    return tuple(
        Place(term, f"{one}/{of_cii}", f"{other}/{of_ubl}")
        for term, (of_cii, of_ubl) in zip(numbers, paths, strict=True)
    )


_SELLER_NUMBERS: Final = (
    *("BT-27", "BT-35", "BT-37", "BT-38", "BT-40", "BT-31", "BT-30"),
    *("BT-34", "BT-34-1", "BT-41", "BT-42", "BT-43"),
)
_BUYER_NUMBERS: Final = (
    *("BT-44", "BT-50", "BT-52", "BT-53", "BT-55", "BT-48", "BT-47"),
    *("BT-49", "BT-49-1", "BT-56", "BT-57", "BT-58"),
)
PLACES: Final = (
    Place(
        "BT-23",
        "rsm:ExchangedDocumentContext/ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID",
        "cbc:ProfileID",
    ),
    Place(
        SPECIFICATION,
        "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID",
        "cbc:CustomizationID",
    ),
    Place("BT-1", "rsm:ExchangedDocument/ram:ID", "cbc:ID"),
    Place("BT-2", "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString", "cbc:IssueDate"),
    Place(TYPE, "rsm:ExchangedDocument/ram:TypeCode", "cbc:InvoiceTypeCode | cbc:CreditNoteTypeCode"),
    Place("BT-5", f"{_SETTLEMENT}/ram:InvoiceCurrencyCode", "cbc:DocumentCurrencyCode"),
    Place(
        "BT-9",
        f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString",
        "cbc:DueDate | cac:PaymentMeans/cbc:PaymentDueDate",
    ),
    Place("BT-10", f"{_AGREEMENT}/ram:BuyerReference", "cbc:BuyerReference"),
    Place(
        "BT-11",
        f"{_AGREEMENT}/ram:SpecifiedProcuringProject/ram:ID",
        "cac:ProjectReference/cbc:ID | cac:AdditionalDocumentReference[cbc:DocumentTypeCode='50']/cbc:ID",
    ),
    Place(
        "BT-12",
        f"{_AGREEMENT}/ram:ContractReferencedDocument/ram:IssuerAssignedID",
        "cac:ContractDocumentReference/cbc:ID",
    ),
    Place(
        "BT-13",
        f"{_AGREEMENT}/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID",
        "cac:OrderReference/cbc:ID",
    ),
    Place(TERMS, f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:Description", "cac:PaymentTerms/cbc:Note"),
    *_party("SellerTradeParty", "AccountingSupplierParty", _SELLER_NUMBERS),
    Place(
        "BT-32",
        f"{_AGREEMENT}/ram:SellerTradeParty/ram:SpecifiedTaxRegistration/ram:ID[@schemeID='FC']",
        "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme[cac:TaxScheme/cbc:ID!='VAT']/cbc:CompanyID",
    ),
    *_party("BuyerTradeParty", "AccountingCustomerParty", _BUYER_NUMBERS),
    Place("BT-59", f"{_SETTLEMENT}/ram:PayeeTradeParty/ram:Name", "cac:PayeeParty/cac:PartyName/cbc:Name"),
    Place("BT-72", f"{_DELIVERY}/ram:OccurrenceDateTime/udt:DateTimeString", "cac:Delivery/cbc:ActualDeliveryDate"),
    Place(
        "BT-73",
        f"{_SETTLEMENT}/ram:BillingSpecifiedPeriod/ram:StartDateTime/udt:DateTimeString",
        "cac:InvoicePeriod/cbc:StartDate",
    ),
    Place(
        "BT-74",
        f"{_SETTLEMENT}/ram:BillingSpecifiedPeriod/ram:EndDateTime/udt:DateTimeString",
        "cac:InvoicePeriod/cbc:EndDate",
    ),
    Place(
        "BT-70",
        "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeDelivery/ram:ShipToTradeParty/ram:Name",
        "cac:Delivery/cac:DeliveryParty/cac:PartyName/cbc:Name",
    ),
    Place(
        "BT-80",
        "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeDelivery/ram:ShipToTradeParty"
        "/ram:PostalTradeAddress/ram:CountryID",
        "cac:Delivery/cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode",
    ),
    Place("BT-81", f"{_MEANS}/ram:TypeCode", "cac:PaymentMeans/cbc:PaymentMeansCode"),
    Place("BT-82", f"{_MEANS}/ram:Information", "cac:PaymentMeans/cbc:PaymentMeansCode/@name"),
    Place("BT-83", f"{_SETTLEMENT}/ram:PaymentReference", "cac:PaymentMeans/cbc:PaymentID"),
    Place(
        "BT-84",
        f"{_MEANS}/ram:PayeePartyCreditorFinancialAccount/ram:IBANID"
        f" | {_MEANS}/ram:PayeePartyCreditorFinancialAccount/ram:ProprietaryID",
        "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID",
    ),
    Place(
        "BT-85",
        f"{_MEANS}/ram:PayeePartyCreditorFinancialAccount/ram:AccountName",
        "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:Name",
    ),
    Place(
        "BT-86",
        f"{_MEANS}/ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID",
        "cac:PaymentMeans/cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID",
    ),
    Place("BT-106", f"{_SUMS}/ram:LineTotalAmount", "cac:LegalMonetaryTotal/cbc:LineExtensionAmount"),
    Place("BT-109", f"{_SUMS}/ram:TaxBasisTotalAmount", "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount"),
    Place("BT-110", f"{_SUMS}/ram:TaxTotalAmount", "cac:TaxTotal/cbc:TaxAmount"),
    Place("BT-112", f"{_SUMS}/ram:GrandTotalAmount", "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"),
    Place("BT-115", f"{_SUMS}/ram:DuePayableAmount", "cac:LegalMonetaryTotal/cbc:PayableAmount"),
)
GROUPS: Final = {
    Place(
        "BG-3",
        f"{_SETTLEMENT}/ram:InvoiceReferencedDocument",
        "cac:BillingReference/cac:InvoiceDocumentReference",
    ): (
        Place("BT-25", "ram:IssuerAssignedID", "cbc:ID"),
        Place("BT-26", "ram:FormattedIssueDateTime/qdt:DateTimeString", "cbc:IssueDate"),
    ),
    Place("BG-23", f"{_SETTLEMENT}/ram:ApplicableTradeTax", "cac:TaxTotal/cac:TaxSubtotal"): (
        Place("BT-116", "ram:BasisAmount", "cbc:TaxableAmount"),
        Place("BT-117", "ram:CalculatedAmount", "cbc:TaxAmount"),
        Place("BT-118", "ram:CategoryCode", "cac:TaxCategory/cbc:ID"),
        Place("BT-119", "ram:RateApplicablePercent", "cac:TaxCategory/cbc:Percent"),
        Place("BT-120", "ram:ExemptionReason", "cac:TaxCategory/cbc:TaxExemptionReason"),
        Place("BT-121", "ram:ExemptionReasonCode", "cac:TaxCategory/cbc:TaxExemptionReasonCode"),
    ),
    Place(
        "BG-25",
        "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem",
        "cac:InvoiceLine | cac:CreditNoteLine",
    ): (
        Place("BT-126", "ram:AssociatedDocumentLineDocument/ram:LineID", "cbc:ID"),
        Place(
            "BT-129",
            "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity",
            "cbc:InvoicedQuantity | cbc:CreditedQuantity",
        ),
        Place(
            "BT-130",
            "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity/@unitCode",
            "cbc:InvoicedQuantity/@unitCode | cbc:CreditedQuantity/@unitCode",
        ),
        Place(
            "BT-131",
            "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount",
            "cbc:LineExtensionAmount",
        ),
        Place(
            "BT-146",
            "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount",
            "cac:Price/cbc:PriceAmount",
        ),
        Place(
            "BT-151",
            "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode",
            "cac:Item/cac:ClassifiedTaxCategory/cbc:ID",
        ),
        Place(
            "BT-152",
            "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax/ram:RateApplicablePercent",
            "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent",
        ),
        Place("BT-153", "ram:SpecifiedTradeProduct/ram:Name", "cac:Item/cbc:Name"),
        Place("BT-154", "ram:SpecifiedTradeProduct/ram:Description", "cac:Item/cbc:Description"),
    ),
}
"""Groups that repeat, with the terms in each."""


def of(xml: bytes) -> Terms:
    """What a file says; terms that it does not have are left out, and a rate of tax that it leaves out is zero."""
    root = standard.parsed(xml)
    is_ubl = standard.is_ubl(root)
    found = dict(_found(root, PLACES, is_ubl=is_ubl))
    for group, places in GROUPS.items():
        for number, element in enumerate(_all(root, group, is_ubl=is_ubl), start=1):
            found |= {f"{group.term}/{number} {term}": words for term, words in _found(element, places, is_ubl=is_ubl)}
    notes = list(_ubl_notes(root) if is_ubl else _cii_notes(root))
    if notes:
        found[SUBJECTS] = " ".join(subject for subject, _words in notes)
        found[NOTES] = "\n".join(words for _subject, words in notes)
    return found


def differences(one: Terms, other: Terms) -> list[str]:
    """Where two files of one invoice say different things. Which specification they keep (BT-24) and which type they
    have in it (BT-3) is each one's own; several notes may have become one, whose subject is then general."""
    own = {SPECIFICATION, TYPE}
    if one.get(SUBJECTS, "").count(" ") != other.get(SUBJECTS, "").count(" "):
        own.add(SUBJECTS)
    return [
        f"{term} is {one.get(term, 'missing')!r} in one and {other.get(term, 'missing')!r} in the other"
        for term in sorted(one.keys() | other.keys())
        if term not in own and one.get(term) != other.get(term)
    ]


def _found(root: Element, places: tuple[Place, ...], *, is_ubl: bool) -> Iterator[tuple[str, str]]:
    for place in places:
        words = next(iter(_all(root, place, is_ubl=is_ubl)), None)
        said = words.text or "" if isinstance(words, etree._Element) else str(words or "")
        said = said.strip()
        if place.term == TERMS:
            # In Factur-X EXTENDED each part of the total has terms of its own.
            said = " ".join((one.text or "").strip() for one in _all(root, place, is_ubl=is_ubl))
        if not is_ubl and place.cii.endswith("DateTimeString"):
            said = f"{said[:4]}-{said[4:6]}-{said[6:]}" if said else ""
        if place.term == "BT-81" and said == codes.NO_INSTRUMENT:
            # Germany wants the group even where nobody pays: it says nothing.
            said = ""
        if place.term in FIGURES:
            said = f"{Decimal(said or 0).normalize():f}"
        if said:
            yield place.term, said


def _all(root: Element, place: Place, *, is_ubl: bool) -> list[Any]:
    path, namespaces = (place.ubl, names.NAMESPACES) if is_ubl else (place.cii, CII_NAMESPACES)
    # Every place is a set of nodes, of which the stubs cannot know.
    return cast("list[Any]", root.xpath(path, namespaces=namespaces))


def _cii_notes(root: Element) -> Iterator[tuple[str, str]]:
    for note in root.iterfind("rsm:ExchangedDocument/ram:IncludedNote", CII_NAMESPACES):
        subject = note.findtext("ram:SubjectCode", "", CII_NAMESPACES)
        yield subject, note.findtext("ram:Content", "", CII_NAMESPACES).strip()


def _ubl_notes(root: Element) -> Iterator[tuple[str, str]]:
    """UBL has no field for the subject: it stands before the text, between number signs."""
    for note in root.iterfind("cbc:Note", names.NAMESPACES):
        said = SUBJECT.fullmatch(note.text or "")
        yield (said["subject"] or "", said["words"].strip()) if said else ("", "")
