"""The invoice as XML that machines read: UN/CEFACT Cross Industry Invoice (CII D22B), profile EN 16931 of Factur-X.

Every element has the business term of EN 16931 beside it. The order of elements is that of the schema. Amounts are
decimals with the digits of their currency and are never computed here: the snapshot says them, this writes them.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.utils import translation
from lxml import etree

from apps.contracts.exemptions import WITH_REASON, code_of
from apps.core import canonical
from apps.invoicing import wording
from apps.invoicing.einvoice import codes, notes
from apps.invoicing.einvoice.cii_elements import NAMESPACES, QDT, RSM, Element, amount, day, ram, rsm, text
from apps.invoicing.snapshot import Address, CreditTransfer, Line, Party, SemanticInvoice, TaxRow


def write(invoice: SemanticInvoice) -> bytes:
    """The XML of an invoice that has no obstacle, in the language of its buyer: the same bytes on every run."""
    with translation.override(invoice.language):
        root = etree.Element(f"{{{RSM}}}CrossIndustryInvoice", nsmap=NAMESPACES)
        root.append(_context(codes.profile(invoice)))
        root.append(_document(invoice))
        root.append(_transaction(invoice))
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _context(profile: str) -> Element:
    """BG-2: business process (BT-23) and specification (BT-24)."""
    return rsm(
        "ExchangedDocumentContext",
        ram("BusinessProcessSpecifiedDocumentContextParameter", text("ID", codes.PROCESS)),
        ram("GuidelineSpecifiedDocumentContextParameter", text("ID", profile)),
    )


def _document(invoice: SemanticInvoice) -> Element:
    """Number (BT-1), type (BT-3), date (BT-2), notes (BG-1)."""
    return rsm(
        "ExchangedDocument",
        text("ID", invoice.number),
        text("TypeCode", codes.type_code(invoice)),
        ram("IssueDateTime", day(invoice.issue_date)),
        *(
            ram("IncludedNote", text("Content", note.words), text("SubjectCode", note.subject))
            for note in notes.of(invoice)
        ),
    )


def _transaction(invoice: SemanticInvoice) -> Element:
    return rsm(
        "SupplyChainTradeTransaction",
        *(_line(line, invoice) for line in invoice.lines),
        _agreement(invoice),
        ram("ApplicableHeaderTradeDelivery", *_delivery(invoice)),
        _settlement(invoice),
    )


def _delivery(invoice: SemanticInvoice) -> Iterator[Element]:
    """BT-72: the local date of the sign-off is that of the supply.

    What is billed before its supply has no such date, only to whom it will be supplied (BG-13: BT-70, BG-15); the
    group must not be missing, and not be empty. An intra-Community supply has both.
    """
    if invoice.names_place:
        yield ram("ShipToTradeParty", text("Name", invoice.buyer.name), _address(invoice.buyer.address))
    if invoice.acceptance is not None:
        yield ram("ActualDeliverySupplyChainEvent", ram("OccurrenceDateTime", day(invoice.acceptance.accepted_on)))


def _line(line: Line, invoice: SemanticInvoice) -> Element:
    """BG-25: number (BT-126), item (BT-153, BT-154), price (BT-146, BT-149), quantity (BT-129, BT-130), tax (BG-30),
    net (BT-131). EXTENDED wants the reason of an exemption with the line too (BT-X-96, BT-X-97)."""
    is_extended = codes.profile(invoice) == codes.EXTENDED
    exemption = code_of(line.tax_category, line.exemption_code) if is_extended else ""
    return ram(
        "IncludedSupplyChainTradeLineItem",
        ram("AssociatedDocumentLineDocument", text("LineID", line.identifier)),
        ram("SpecifiedTradeProduct", text("Name", line.name), text("Description", line.description)),
        ram(
            "SpecifiedLineTradeAgreement",
            ram(
                "NetPriceProductTradePrice",
                text("ChargeAmount", canonical.plain(line.net_price)),
                _base_quantity(line),
            ),
        ),
        ram(
            "SpecifiedLineTradeDelivery",
            text("BilledQuantity", canonical.plain(line.quantity), unitCode=line.unit_code),
        ),
        ram(
            "SpecifiedLineTradeSettlement",
            ram(
                "ApplicableTradeTax",
                text("TypeCode", "VAT"),
                text("ExemptionReason", _reason(line) if is_extended else ""),
                text("CategoryCode", line.tax_category),
                text("ExemptionReasonCode", exemption),
                _rate(line.tax_category, line.tax_rate),
            ),
            ram("SpecifiedTradeSettlementLineMonetarySummation", amount("LineTotalAmount", line.net, invoice.currency)),
        ),
    )


def _base_quantity(line: Line) -> Element | None:
    if line.base_quantity == 1:
        return None
    return text("BasisQuantity", canonical.plain(line.base_quantity), unitCode=line.unit_code)


def _agreement(invoice: SemanticInvoice) -> Element:
    """Buyer's reference (BT-10), seller (BG-4), buyer (BG-7), order (BT-13), contract (BT-12), project
    (BT-11)."""
    order = ram("BuyerOrderReferencedDocument", text("IssuerAssignedID", invoice.order_number))
    return ram(
        "ApplicableHeaderTradeAgreement",
        text("BuyerReference", invoice.buyer_reference),
        _party("SellerTradeParty", invoice.seller),
        _party("BuyerTradeParty", invoice.buyer),
        order if invoice.order_number else None,
        ram("ContractReferencedDocument", text("IssuerAssignedID", invoice.contract_number)),
        _project(text("ID", invoice.contract_title)),
    )


def _project(title: Element | None) -> Element | None:
    return None if title is None else ram("SpecifiedProcuringProject", title, text("Name", codes.PROJECT))


def _party(name: str, party: Party) -> Element:
    """Name (BT-27, BT-44), legal registration (BT-30, BT-47), contact (BG-6, BG-9), address (BG-5, BG-8), electronic
    address (BT-34, BT-49), tax identifiers (BT-31, BT-32, BT-48)."""
    legal, electronic, address = party.legal_registration_identifier, party.electronic_address, party.address
    # The buyer has no BT-32 of its own: a tax number that is no VAT number stands with the seller only.
    tax_number = party.tax_registration_identifier if name == "SellerTradeParty" else ""
    return ram(
        name,
        text("Name", party.name),
        ram("SpecifiedLegalOrganization", text("ID", legal)) if legal else None,
        _contact(party),
        _address(address),
        ram("URIUniversalCommunication", text("URIID", electronic.identifier, schemeID=electronic.scheme))
        if electronic
        else None,
        *(
            ram("SpecifiedTaxRegistration", text("ID", identifier, schemeID=scheme))
            for identifier, scheme in ((party.vat_identifier, "VA"), (tax_number, "FC"))
            if identifier
        ),
    )


def _contact(party: Party) -> Element | None:
    """BG-6, BG-9: name (BT-41, BT-56), telephone (BT-42, BT-57), mailbox (BT-43, BT-58)."""
    if not (party.contact_name or party.phone or party.email):
        return None
    return ram(
        "DefinedTradeContact",
        text("PersonName", party.contact_name),
        ram("TelephoneUniversalCommunication", text("CompleteNumber", party.phone)) if party.phone else None,
        ram("EmailURIUniversalCommunication", text("URIID", party.email)) if party.email else None,
    )


def _address(address: Address) -> Element:
    """BG-5, BG-8, BG-15."""
    return ram(
        "PostalTradeAddress",
        text("PostcodeCode", address.post_code),
        text("LineOne", address.line),
        text("CityName", address.city),
        text("CountryID", codes.country(address.country_code)),
    )


def _settlement(invoice: SemanticInvoice) -> Element:
    """Remittance (BT-83), currency (BT-5), payee (BG-10), payment (BG-16), tax (BG-23), terms (BT-20, BT-9), totals,
    preceding invoice (BG-3). Nobody pays a credit note, so it has neither remittance nor due date."""
    payee, transfer, totals, currency = invoice.payee, invoice.credit_transfer, invoice.totals, invoice.currency
    return ram(
        "ApplicableHeaderTradeSettlement",
        text("PaymentReference", invoice.remittance),
        text("InvoiceCurrencyCode", currency),
        ram("PayeeTradeParty", text("Name", payee.name)) if payee else None,
        _payment_means(transfer, currency) if transfer else None,
        *(_tax(row, currency, kind=invoice.kind) for row in invoice.taxes),
        _period(invoice.period),
        *_payment_terms(invoice),
        # BG-22: BT-106, BT-109, BT-110, BT-112, BT-115
        ram(
            "SpecifiedTradeSettlementHeaderMonetarySummation",
            amount("LineTotalAmount", totals.lines, currency),
            amount("TaxBasisTotalAmount", totals.net, currency),
            amount("TaxTotalAmount", totals.tax, currency, currencyID=currency),
            amount("GrandTotalAmount", totals.gross, currency),
            amount("DuePayableAmount", totals.due, currency),
        ),
        *(_preceding(number, day) for number, day in invoice.referred),
    )


def _payment_terms(invoice: SemanticInvoice) -> Iterator[Element]:
    """BT-20, BT-9. In EXTENDED each part of the total has terms of its own: what is due by the date, what is retained,
    and what is withheld for defects, which have no date before they are released."""
    parts = wording.parts_of_terms(invoice)
    if codes.profile(invoice) != codes.EXTENDED:
        parts = [(wording.payment_terms(invoice), invoice.totals.due)]
    for place, (words, part) in enumerate(parts):
        due = invoice.payable_by if place == 0 else None
        yield ram(
            "SpecifiedTradePaymentTerms",
            text("Description", words),
            ram("DueDateDateTime", day(due)) if due is not None else None,
            amount("PartialPaymentAmount", part, invoice.currency) if len(parts) > 1 else None,
        )


def _preceding(number: str, issued_on: date) -> Element:
    """BG-3: the invoice that is corrected, or that of a deposit that is deducted (BT-25), and its date (BT-26)."""
    return ram(
        "InvoiceReferencedDocument",
        text("IssuerAssignedID", number),
        ram("FormattedIssueDateTime", day(issued_on, namespace=QDT)),
    )


def _payment_means(transfer: CreditTransfer, currency: str) -> Element:
    """BG-16: means (BT-81), what has no field of its own (BT-82), account (BT-84), holder (BT-85), bank (BT-86)."""
    return ram(
        "SpecifiedTradeSettlementPaymentMeans",
        text("TypeCode", codes.payment_means(currency=currency, iban=transfer.iban)),
        text("Information", wording.payment_means(transfer)),
        ram(
            "PayeePartyCreditorFinancialAccount",
            text("IBANID", transfer.iban),
            text("AccountName", transfer.account_name),
            text("ProprietaryID", "" if transfer.iban else transfer.account_number),
        ),
        ram("PayeeSpecifiedCreditorFinancialInstitution", text("BICID", transfer.bic)) if transfer.bic else None,
    )


def _period(period: tuple[date, date] | None) -> Element | None:
    """BG-14: first and last day of what is billed (BT-73, BT-74); of a deposit nothing."""
    if period is None:
        return None
    return ram("BillingSpecifiedPeriod", ram("StartDateTime", day(period[0])), ram("EndDateTime", day(period[1])))


def _tax(row: TaxRow, currency: str, *, kind: str) -> Element:
    """BG-23: tax (BT-117), reason (BT-120), taxable (BT-116), category (BT-118), reason as code (BT-121), when the tax
    is due if not by the general rule (BT-8), rate (BT-119)."""
    return ram(
        "ApplicableTradeTax",
        amount("CalculatedAmount", row.tax, currency),
        text("TypeCode", "VAT"),
        text("ExemptionReason", _reason(row)),
        amount("BasisAmount", row.taxable, currency),
        text("CategoryCode", row.category),
        text("ExemptionReasonCode", row.exemption_code),
        text("DueDateTypeCode", codes.TAX_POINTS.get(kind, "") if row.tax else ""),
        _rate(row.category, row.rate),
    )


# --- elements ----------------------------------------------------------------------------------------------------


def _reason(said: Line | TaxRow) -> str:
    category = said.tax_category if isinstance(said, Line) else said.category
    return wording.tax_reason(said) if category in WITH_REASON else ""


def _rate(category: str, rate: Decimal) -> Element | None:
    return None if category in codes.WITHOUT_RATE else text("RateApplicablePercent", canonical.plain(rate))
