"""The invoice as UBL 2.1 in one of its forms, Peppol BIS Billing 3 or XRechnung: one more serialiser of the snapshot.

Every element has the business term of EN 16931 beside it. The order of elements is that of the schema. As in
:mod:`~apps.invoicing.einvoice.cii`, nothing is computed here. A credit note (381, 396) is a document of its own in UBL:
its root, its lines and its due date have other places.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils import translation
from lxml import etree

from apps.contracts.exemptions import WITH_REASON
from apps.core import canonical
from apps.invoicing import wording
from apps.invoicing.einvoice import codes, notes, profiles, texts
from apps.invoicing.einvoice.names import CREDIT_NOTE, INVOICE, NAMESPACES
from apps.invoicing.einvoice.profiles import Profile
from apps.invoicing.einvoice.ubl_elements import Element, amount, cac, filled, text
from apps.invoicing.snapshot import Address, CreditTransfer, Line, Party, SemanticInvoice, TaxRow

VAT: Final = "VAT"
OTHER_TAX: Final = "TAX"
"""Scheme of a tax number that is no VAT number (BT-32): anything but VAT."""
PROJECT_REFERENCE: Final = "50"
"""Type of the document by which a credit note refers to its project (BT-11, PEPPOL-EN16931-R080)."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What UBL calls the same things in an invoice and in a credit note."""

    namespace: str
    root: str
    type_code: str
    line: str
    quantity: str


_INVOICE: Final = _Shape(INVOICE, "Invoice", "InvoiceTypeCode", "InvoiceLine", "InvoicedQuantity")
_CREDIT_NOTE: Final = _Shape(CREDIT_NOTE, "CreditNote", "CreditNoteTypeCode", "CreditNoteLine", "CreditedQuantity")


def write(invoice: SemanticInvoice, profile: Profile) -> bytes:
    """The XML of an invoice that lacks nothing of this form (``lacks``), in the language of its buyer: the same bytes
    on every run."""
    with translation.override(invoice.language):
        root = _root(invoice, profile)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _preceding(number: str, issued_on: date) -> Element:
    """BG-3: number (BT-25) and date (BT-26) of the invoice that is corrected, or of a deposit that is deducted."""
    return cac(
        "BillingReference",
        cac("InvoiceDocumentReference", text("ID", number), text("IssueDate", issued_on.isoformat())),
    )


def _root(invoice: SemanticInvoice, profile: Profile) -> Element:
    """BT-24, BT-23, BT-1, BT-2, BT-9, BT-3, BG-1, BT-5, BT-10, BT-13, BT-12, BT-11, and the groups below."""
    type_code = profile.type_code(invoice)
    if type_code is None:
        raise LookupError(f"{profile.name} has no type for {invoice.number}")
    is_credit = type_code in codes.CREDIT_NOTES
    shape = _CREDIT_NOTE if is_credit else _INVOICE
    currency, seller = invoice.currency, invoice.seller
    # The stubs do not know that a namespace can be without a prefix.
    nsmap: Any = {None: shape.namespace, **NAMESPACES}
    root = etree.Element(f"{{{shape.namespace}}}{shape.root}", nsmap=nsmap)
    return filled(
        root,
        [
            text("CustomizationID", profile.identifier),
            text("ProfileID", profiles.BILLING),
            text("ID", invoice.number),
            text("IssueDate", invoice.issue_date.isoformat()),
            text("DueDate", invoice.payable_by.isoformat()) if invoice.payable_by else None,
            text(shape.type_code, type_code),
            *_notes(invoice, profile),
            text("DocumentCurrencyCode", currency),
            text("BuyerReference", invoice.buyer_reference),
            _period(invoice),
            cac("OrderReference", text("ID", invoice.order_number)) if invoice.order_number else None,
            *(_preceding(number, day) for number, day in invoice.referred),
            cac("ContractDocumentReference", text("ID", invoice.contract_number)),
            _project(invoice.contract_title, is_credit=is_credit),
            cac("AccountingSupplierParty", _party(seller, tax_number=seller.tax_registration_identifier)),
            # The buyer has no BT-32 of its own: a tax number that is no VAT number stands with the seller only.
            cac("AccountingCustomerParty", _party(invoice.buyer, tax_number="")),
            # BG-10: payee (BT-59)
            cac("PayeeParty", cac("PartyName", text("Name", invoice.payee.name))) if invoice.payee else None,
            _delivery(invoice),
            _payment_means(invoice, profile),
            # BT-20
            cac("PaymentTerms", text("Note", wording.payment_terms(invoice))),
            # BG-22: BT-110, with the rows of BG-23
            cac(
                "TaxTotal",
                amount("TaxAmount", invoice.totals.tax, currency),
                *(_tax(row, invoice, profile) for row in invoice.taxes),
            ),
            _totals(invoice),
            *(_line(line, currency, shape) for line in invoice.lines),
        ],
    )


def _notes(invoice: SemanticInvoice, profile: Profile) -> list[Element | None]:
    """BG-1: the subject (BT-21) stands before the text (BT-22), between number signs.

    Through Peppol there is one note only, unless both parties are German (PEPPOL-EN16931-R002): several become one.
    """
    found = notes.of(invoice)
    if len(found) > 1 and not _german(invoice, profile):
        found = [notes.Note(codes.GENERAL, "\n".join(note.words for note in found))]
    return [text("Note", f"#{note.subject}#{note.words}") for note in found]


def _project(title: str, *, is_credit: bool) -> Element | None:
    """BT-11."""
    identifier = text("ID", title)
    if identifier is None:
        return None
    if is_credit:
        return cac("AdditionalDocumentReference", identifier, text("DocumentTypeCode", PROJECT_REFERENCE))
    return cac("ProjectReference", identifier)


def _party(party: Party, *, tax_number: str) -> Element:
    """Electronic address (BT-34, BT-49), address (BG-5, BG-8), VAT identifier (BT-31, BT-48), tax registration (BT-32),
    name (BT-27, BT-44), legal registration (BT-30, BT-47), contact (BG-6, BG-9)."""
    electronic, address = party.electronic_address, party.address
    contact = [
        text("Name", party.contact_name),
        text("Telephone", party.phone),
        text("ElectronicMail", party.email),
    ]
    return cac(
        "Party",
        text("EndpointID", electronic.identifier, schemeID=electronic.scheme) if electronic else None,
        _address("PostalAddress", address),
        *(
            cac("PartyTaxScheme", text("CompanyID", identifier), _tax_scheme(scheme))
            for identifier, scheme in ((party.vat_identifier, VAT), (tax_number, OTHER_TAX))
            if identifier
        ),
        cac(
            "PartyLegalEntity",
            text("RegistrationName", party.name),
            text("CompanyID", party.legal_registration_identifier),
        ),
        cac("Contact", *contact) if any(element is not None for element in contact) else None,
    )


def _address(name: str, address: Address) -> Element:
    """BG-5, BG-8, BG-15."""
    return cac(
        name,
        text("StreetName", address.line),
        text("CityName", address.city),
        text("PostalZone", address.post_code),
        cac("Country", text("IdentificationCode", codes.country(address.country_code))),
    )


def _period(invoice: SemanticInvoice) -> Element | None:
    """BG-14: first and last day (BT-73, BT-74) of what is billed; when its tax is due (BT-8) if that is not usual."""
    period = invoice.period
    tax_point = codes.TAX_POINTS_IN_UBL.get(invoice.kind, "") if invoice.totals.tax else ""
    if period is None and not tax_point:
        return None
    return cac(
        "InvoicePeriod",
        text("StartDate", period[0].isoformat() if period else ""),
        text("EndDate", period[1].isoformat() if period else ""),
        text("DescriptionCode", tax_point),
    )


def _delivery(invoice: SemanticInvoice) -> Element:
    """BT-72: the local date of the sign-off is that of the supply. What is billed before its supply has no such date,
    only to whom it will be supplied (BT-70, BG-15); an intra-Community supply has both."""
    accepted = invoice.acceptance
    return cac(
        "Delivery",
        text("ActualDeliveryDate", accepted.accepted_on.isoformat()) if accepted is not None else None,
        cac("DeliveryLocation", _address("Address", invoice.buyer.address)) if invoice.names_place else None,
        cac("DeliveryParty", cac("PartyName", text("Name", invoice.buyer.name))) if invoice.names_place else None,
    )


def _payment_means(invoice: SemanticInvoice, profile: Profile) -> Element | None:
    """BG-16: means (BT-81), what has no field of its own (BT-82), remittance (BT-83), account (BG-17)."""
    transfer = invoice.credit_transfer
    if transfer is None:
        # Nobody pays it. Germany wants the group all the same (BR-DE-1).
        return cac("PaymentMeans", text("PaymentMeansCode", codes.NO_INSTRUMENT)) if _german(invoice, profile) else None
    code = codes.payment_means(currency=invoice.currency, iban=transfer.iban)
    said = texts.cleaned(wording.payment_means(transfer))
    return cac(
        "PaymentMeans",
        text("PaymentMeansCode", code, **({"name": said} if said else {})),
        text("PaymentID", invoice.remittance),
        _account(transfer),
    )


def _account(transfer: CreditTransfer) -> Element:
    """BG-17: account (BT-84), holder (BT-85), bank (BT-86)."""
    return cac(
        "PayeeFinancialAccount",
        text("ID", transfer.iban or transfer.account_number),
        text("Name", transfer.account_name),
        cac("FinancialInstitutionBranch", text("ID", transfer.bic)) if transfer.bic else None,
    )


def _tax(row: TaxRow, invoice: SemanticInvoice, profile: Profile) -> Element:
    """BG-23: taxable (BT-116), tax (BT-117), category (BT-118), rate (BT-119), reason as code (BT-121) and in words
    (BT-120)."""
    # Germany wants a rate of what lies outside the scope of tax too (BR-DE-14): zero.
    has_rate = row.category not in codes.WITHOUT_RATE or _german(invoice, profile)
    reason = wording.tax_reason(row) if row.category in WITH_REASON else ""
    return cac(
        "TaxSubtotal",
        amount("TaxableAmount", row.taxable, invoice.currency),
        amount("TaxAmount", row.tax, invoice.currency),
        cac(
            "TaxCategory",
            text("ID", row.category),
            text("Percent", canonical.plain(row.rate)) if has_rate else None,
            text("TaxExemptionReasonCode", row.exemption_code),
            text("TaxExemptionReason", reason),
            _tax_scheme(VAT),
        ),
    )


def _totals(invoice: SemanticInvoice) -> Element:
    """BG-22: BT-106, BT-109, BT-112, BT-115."""
    totals, currency = invoice.totals, invoice.currency
    return cac(
        "LegalMonetaryTotal",
        amount("LineExtensionAmount", totals.lines, currency),
        amount("TaxExclusiveAmount", totals.net, currency),
        amount("TaxInclusiveAmount", totals.gross, currency),
        amount("PayableAmount", totals.due, currency),
    )


def _line(line: Line, currency: str, shape: _Shape) -> Element:
    """BG-25: number (BT-126), quantity (BT-129, BT-130), net (BT-131), item (BT-154, BT-153), tax (BT-151, BT-152),
    price (BT-146)."""
    has_rate = line.tax_category not in codes.WITHOUT_RATE
    return cac(
        shape.line,
        text("ID", line.identifier),
        text(shape.quantity, canonical.plain(line.quantity), unitCode=line.unit_code),
        amount("LineExtensionAmount", line.net, currency),
        cac(
            "Item",
            text("Description", line.description),
            text("Name", line.name),
            cac(
                "ClassifiedTaxCategory",
                text("ID", line.tax_category),
                text("Percent", canonical.plain(line.tax_rate)) if has_rate else None,
                _tax_scheme(VAT),
            ),
        ),
        cac(
            "Price",
            text("PriceAmount", canonical.plain(line.net_price), currencyID=currency),
            text("BaseQuantity", canonical.plain(line.base_quantity), unitCode=line.unit_code)
            if line.base_quantity != 1
            else None,
        ),
    )


# --- elements ----------------------------------------------------------------------------------------------------


def _german(invoice: SemanticInvoice, profile: Profile) -> bool:
    countries = {"seller": invoice.seller.address.country_code, "buyer": invoice.buyer.address.country_code}
    return profiles.wants_german_terms(profile, **countries)


def _tax_scheme(identifier: str) -> Element:
    return cac("TaxScheme", text("ID", identifier))
