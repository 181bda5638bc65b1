"""The invoice as XML that machines read: UN/CEFACT Cross Industry Invoice (CII D22B), profile EN 16931 of Factur-X.

Every element has the business term of EN 16931 beside it. The order of elements is that of the schema. Amounts are
decimals with the digits of their currency and are never computed here: the snapshot says them, this writes them.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils import translation
from lxml import etree

from apps.core import canonical
from apps.invoicing import snapshot, wording
from apps.invoicing.einvoice import codes, notes, texts
from apps.invoicing.snapshot import Address, CreditTransfer, Instalment, Line, Party, SemanticInvoice, TaxRow

RSM: Final = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
RAM: Final = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
UDT: Final = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
QDT: Final = "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"
NAMESPACES: Final = {"rsm": RSM, "ram": RAM, "udt": UDT, "qdt": QDT}
CALENDAR_DAY: Final = "102"
"""How a date is written (UNTDID 2379): CCYYMMDD."""

Element = etree._Element


def write(invoice: SemanticInvoice) -> bytes:
    """The XML of an invoice that has no obstacle, in the language of its buyer: the same bytes on every run."""
    with translation.override(invoice.language):
        root = etree.Element(f"{{{RSM}}}CrossIndustryInvoice", nsmap=NAMESPACES)
        root.append(_context())
        root.append(_document(invoice))
        root.append(_transaction(invoice))
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _context() -> Element:
    """BG-2: business process (BT-23) and specification (BT-24)."""
    return _rsm(
        "ExchangedDocumentContext",
        _ram("BusinessProcessSpecifiedDocumentContextParameter", _text("ID", codes.PROCESS)),
        _ram("GuidelineSpecifiedDocumentContextParameter", _text("ID", codes.PROFILE)),
    )


def _document(invoice: SemanticInvoice) -> Element:
    """Number (BT-1), type (BT-3), date (BT-2), notes (BG-1)."""
    return _rsm(
        "ExchangedDocument",
        _text("ID", invoice.number),
        _text("TypeCode", codes.type_code(invoice.kind)),
        _ram("IssueDateTime", _day(invoice.issue_date)),
        *(
            _ram("IncludedNote", _text("Content", note.words), _text("SubjectCode", note.subject))
            for note in notes.of(invoice)
        ),
    )


def _transaction(invoice: SemanticInvoice) -> Element:
    return _rsm(
        "SupplyChainTradeTransaction",
        *(_line(line, invoice.currency) for line in invoice.lines),
        _agreement(invoice),
        _ram("ApplicableHeaderTradeDelivery", _delivery(invoice)),
        _settlement(invoice),
    )


def _delivery(invoice: SemanticInvoice) -> Element:
    """BT-72: the local date of the sign-off is that of the supply.

    What is billed before its supply has no such date, only to whom it will be supplied (BG-13: BT-70, BG-15); the
    element must not be missing, and not be empty.
    """
    if invoice.acceptance is None:
        return _ram("ShipToTradeParty", _text("Name", invoice.buyer.name), _address(invoice.buyer.address))
    day = _day(invoice.acceptance.accepted_on)
    return _ram("ActualDeliverySupplyChainEvent", _ram("OccurrenceDateTime", day))


def _line(line: Line, currency: str) -> Element:
    """BG-25: number (BT-126), item (BT-153, BT-154), price (BT-146), quantity (BT-129, BT-130), tax (BG-30), net
    (BT-131)."""
    return _ram(
        "IncludedSupplyChainTradeLineItem",
        _ram("AssociatedDocumentLineDocument", _text("LineID", line.identifier)),
        _ram("SpecifiedTradeProduct", _text("Name", line.name), _text("Description", line.description)),
        _ram(
            "SpecifiedLineTradeAgreement",
            _ram("NetPriceProductTradePrice", _text("ChargeAmount", canonical.plain(line.net_price))),
        ),
        _ram(
            "SpecifiedLineTradeDelivery",
            _text("BilledQuantity", canonical.plain(line.quantity), unitCode=line.unit_code),
        ),
        _ram(
            "SpecifiedLineTradeSettlement",
            _ram(
                "ApplicableTradeTax",
                _text("TypeCode", "VAT"),
                _text("CategoryCode", line.tax_category),
                _rate(line.tax_category, line.tax_rate),
            ),
            _ram("SpecifiedTradeSettlementLineMonetarySummation", _amount("LineTotalAmount", line.net, currency)),
        ),
    )


def _agreement(invoice: SemanticInvoice) -> Element:
    """Buyer's reference (BT-10), seller (BG-4), buyer (BG-7), contract (BT-12), project (BT-11)."""
    return _ram(
        "ApplicableHeaderTradeAgreement",
        _text("BuyerReference", invoice.buyer_reference),
        _party("SellerTradeParty", invoice.seller),
        _party("BuyerTradeParty", invoice.buyer),
        _ram("ContractReferencedDocument", _text("IssuerAssignedID", invoice.contract_number)),
        _project(_text("ID", invoice.contract_title)),
    )


def _project(title: Element | None) -> Element | None:
    return None if title is None else _ram("SpecifiedProcuringProject", title, _text("Name", codes.PROJECT))


def _party(name: str, party: Party) -> Element:
    """Name (BT-27, BT-44), legal registration (BT-30, BT-47), contact (BG-6, BG-9), address (BG-5, BG-8), electronic
    address (BT-34, BT-49), tax identifiers (BT-31, BT-32, BT-48)."""
    legal, electronic, address = party.legal_registration_identifier, party.electronic_address, party.address
    # The buyer has no BT-32 of its own: a tax number that is no VAT number stands with the seller only.
    tax_number = party.tax_registration_identifier if name == "SellerTradeParty" else ""
    return _ram(
        name,
        _text("Name", party.name),
        _ram("SpecifiedLegalOrganization", _text("ID", legal)) if legal else None,
        _contact(party),
        _address(address),
        _ram("URIUniversalCommunication", _text("URIID", electronic.identifier, schemeID=electronic.scheme))
        if electronic
        else None,
        *(
            _ram("SpecifiedTaxRegistration", _text("ID", identifier, schemeID=scheme))
            for identifier, scheme in ((party.vat_identifier, "VA"), (tax_number, "FC"))
            if identifier
        ),
    )


def _contact(party: Party) -> Element | None:
    """BG-6, BG-9: name (BT-41, BT-56), telephone (BT-42, BT-57), mailbox (BT-43, BT-58)."""
    if not (party.contact_name or party.phone or party.email):
        return None
    return _ram(
        "DefinedTradeContact",
        _text("PersonName", party.contact_name),
        _ram("TelephoneUniversalCommunication", _text("CompleteNumber", party.phone)) if party.phone else None,
        _ram("EmailURIUniversalCommunication", _text("URIID", party.email)) if party.email else None,
    )


def _address(address: Address) -> Element:
    """BG-5, BG-8, BG-15."""
    return _ram(
        "PostalTradeAddress",
        _text("PostcodeCode", address.post_code),
        _text("LineOne", address.line),
        _text("CityName", address.city),
        _text("CountryID", codes.country(address.country_code)),
    )


def _settlement(invoice: SemanticInvoice) -> Element:
    """Remittance (BT-83), currency (BT-5), payee (BG-10), payment (BG-16), tax (BG-23), terms (BT-20, BT-9), totals,
    preceding invoice (BG-3). Nobody pays a credit note, so it has neither remittance nor due date."""
    payee, transfer, totals, currency = invoice.payee, invoice.credit_transfer, invoice.totals, invoice.currency
    is_to_be_paid = invoice.preceding is None
    return _ram(
        "ApplicableHeaderTradeSettlement",
        _text("PaymentReference", invoice.remittance),
        _text("InvoiceCurrencyCode", currency),
        _ram("PayeeTradeParty", _text("Name", payee.name)) if payee else None,
        _payment_means(transfer, currency) if transfer else None,
        *(_tax(row, currency, kind=invoice.kind) for row in invoice.taxes),
        _period(invoice.instalment),
        _ram(
            "SpecifiedTradePaymentTerms",
            _text("Description", wording.payment_terms(invoice)),
            _ram("DueDateDateTime", _day(invoice.due_date)) if is_to_be_paid else None,
        ),
        # BG-22: BT-106, BT-109, BT-110, BT-112, BT-115
        _ram(
            "SpecifiedTradeSettlementHeaderMonetarySummation",
            _amount("LineTotalAmount", totals.lines, currency),
            _amount("TaxBasisTotalAmount", totals.net, currency),
            _amount("TaxTotalAmount", totals.tax, currency, currencyID=currency),
            _amount("GrandTotalAmount", totals.gross, currency),
            _amount("DuePayableAmount", totals.due, currency),
        ),
        _preceding(invoice.preceding) if invoice.preceding is not None else None,
    )


def _preceding(invoice: snapshot.Preceding) -> Element:
    """BG-3: the invoice that is corrected (BT-25), and its date (BT-26)."""
    return _ram(
        "InvoiceReferencedDocument",
        _text("IssuerAssignedID", invoice.number),
        _ram("FormattedIssueDateTime", _day(invoice.issue_date, namespace=QDT)),
    )


def _payment_means(transfer: CreditTransfer, currency: str) -> Element:
    """BG-16: means (BT-81), what has no field of its own (BT-82), account (BT-84), holder (BT-85), bank (BT-86)."""
    return _ram(
        "SpecifiedTradeSettlementPaymentMeans",
        _text("TypeCode", codes.payment_means(currency=currency, iban=transfer.iban)),
        _text("Information", wording.payment_means(transfer)),
        _ram(
            "PayeePartyCreditorFinancialAccount",
            _text("IBANID", transfer.iban),
            _text("AccountName", transfer.account_name),
            _text("ProprietaryID", "" if transfer.iban else transfer.account_number),
        ),
        _ram("PayeeSpecifiedCreditorFinancialInstitution", _text("BICID", transfer.bic)) if transfer.bic else None,
    )


def _period(instalment: Instalment | None) -> Element | None:
    """BG-14: first and last day of what is billed (BT-73, BT-74); of a deposit nothing."""
    if instalment is None or instalment.last is None:
        return None
    return _ram(
        "BillingSpecifiedPeriod",
        _ram("StartDateTime", _day(instalment.first)),
        _ram("EndDateTime", _day(instalment.last)),
    )


def _tax(row: TaxRow, currency: str, *, kind: str) -> Element:
    """BG-23: tax (BT-117), reason (BT-120), taxable (BT-116), category (BT-118), reason as code (BT-121), when the tax
    is due if not by the general rule (BT-8), rate (BT-119)."""
    reason = wording.tax_sentence(row.category) if row.category in codes.WITH_REASON else ""
    return _ram(
        "ApplicableTradeTax",
        _amount("CalculatedAmount", row.tax, currency),
        _text("TypeCode", "VAT"),
        _text("ExemptionReason", reason),
        _amount("BasisAmount", row.taxable, currency),
        _text("CategoryCode", row.category),
        _text("ExemptionReasonCode", row.exemption_code),
        _text("DueDateTypeCode", codes.TAX_POINTS.get(kind, "") if row.tax else ""),
        _rate(row.category, row.rate),
    )


# --- elements ----------------------------------------------------------------------------------------------------


def _rate(category: str, rate: Decimal) -> Element | None:
    return None if category in codes.WITHOUT_RATE else _text("RateApplicablePercent", canonical.plain(rate))


def _amount(name: str, amount: Decimal, currency: str, **attributes: str) -> Element | None:
    """With the digits of the currency; an amount that has more of them was not rounded where it had to be."""
    return _text(name, texts.figure(name, amount, currency), **attributes)


def _day(value: date, *, namespace: str = UDT) -> Element:
    element = etree.Element(f"{{{namespace}}}DateTimeString", {"format": CALENDAR_DAY})
    element.text = f"{value:%Y%m%d}"
    return element


def _text(name: str, words: str, **attributes: str) -> Element | None:
    """An element with text; None where there is nothing to say, because EN 16931 refuses empty elements."""
    cleaned = texts.cleaned(words)
    if not cleaned:
        return None
    element = etree.Element(f"{{{RAM}}}{name}", attributes)
    element.text = cleaned
    return element


def _ram(name: str, *children: Element | None) -> Element:
    return _filled(etree.Element(f"{{{RAM}}}{name}"), children)


def _rsm(name: str, *children: Element | None) -> Element:
    return _filled(etree.Element(f"{{{RSM}}}{name}"), children)


def _filled(parent: Element, children: Iterable[Element | None]) -> Element:
    parent.extend(child for child in children if child is not None)
    return parent
