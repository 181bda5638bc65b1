"""What a UBL file says, read back from its bytes by itself: the same :class:`Written` that a CII file gives."""

from datetime import date
from decimal import Decimal, InvalidOperation

from lxml import etree

from apps.core import money
from apps.invoicing.einvoice import names, reading, standard
from apps.invoicing.einvoice.reading import UnreadableError, Written, WrittenLine, WrittenTax

Element = etree._Element


def read(xml: bytes) -> Written:
    """The invoice or credit note of a UBL file. A file that has text where a figure belongs is refused."""
    try:
        return _read(standard.parsed(xml))
    except (etree.XMLSyntaxError, InvalidOperation, ValueError) as error:
        raise UnreadableError(str(error)) from error


def of_either(xml: bytes) -> Written:
    """The same of a file in whichever syntax."""
    try:
        is_ubl = standard.is_ubl(standard.parsed(xml))
    except etree.XMLSyntaxError as error:
        raise UnreadableError(str(error)) from error
    return read(xml) if is_ubl else reading.read(xml)


def _read(root: Element) -> Written:
    is_credit = root.tag == f"{{{names.CREDIT_NOTE}}}CreditNote"
    sums = "cac:LegalMonetaryTotal"
    seller, buyer = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
    return Written(
        number=_words(root, "cbc:ID"),
        type_code=_words(root, "cbc:CreditNoteTypeCode" if is_credit else "cbc:InvoiceTypeCode"),
        issued_on=_day(root, "cbc:IssueDate"),
        due_on=_day_if_said(root, "cac:PaymentMeans/cbc:PaymentDueDate" if is_credit else "cbc:DueDate"),
        delivered_on=_day_if_said(root, "cac:Delivery/cbc:ActualDeliveryDate"),
        period=_period(root),
        currency=_words(root, "cbc:DocumentCurrencyCode"),
        seller=_words(root, f"{seller}/cac:PartyLegalEntity/cbc:RegistrationName"),
        buyer=_words(root, f"{buyer}/cac:PartyLegalEntity/cbc:RegistrationName"),
        payee=_words(root, "cac:PayeeParty/cac:PartyName/cbc:Name"),
        account=_words(root, "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID"),
        remittance=_words(root, "cac:PaymentMeans/cbc:PaymentID"),
        terms=_words(root, "cac:PaymentTerms/cbc:Note"),
        preceding=_words(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
        preceding_on=_day_if_said(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate"),
        buyer_reference=_words(root, "cbc:BuyerReference"),
        order_number=_words(root, "cac:OrderReference/cbc:ID"),
        lines=tuple(_line(line) for line in root.iterfind(f"{{{names.CAC}}}{_line_name(is_credit=is_credit)}")),
        taxes=tuple(_tax(row) for row in root.iterfind("cac:TaxTotal/cac:TaxSubtotal", names.NAMESPACES)),
        line_total=_figure(root, f"{sums}/cbc:LineExtensionAmount"),
        allowances=_figure(root, f"{sums}/cbc:AllowanceTotalAmount"),
        charges=_figure(root, f"{sums}/cbc:ChargeTotalAmount"),
        net=_figure(root, f"{sums}/cbc:TaxExclusiveAmount"),
        tax=_figure(root, "cac:TaxTotal/cbc:TaxAmount"),
        gross=_figure(root, f"{sums}/cbc:TaxInclusiveAmount"),
        prepaid=_figure(root, f"{sums}/cbc:PrepaidAmount"),
        rounding=_figure(root, f"{sums}/cbc:PayableRoundingAmount"),
        due=_figure(root, f"{sums}/cbc:PayableAmount"),
    )


def _period(root: Element) -> tuple[date, date] | None:
    first, last = (
        _day_if_said(root, "cac:InvoicePeriod/cbc:StartDate"),
        _day_if_said(root, "cac:InvoicePeriod/cbc:EndDate"),
    )
    return (first, last) if first and last else None


def _line_name(*, is_credit: bool) -> str:
    return "CreditNoteLine" if is_credit else "InvoiceLine"


def _line(line: Element) -> WrittenLine:
    treatment = "cac:Item/cac:ClassifiedTaxCategory"
    return WrittenLine(
        name=_words(line, "cac:Item/cbc:Name"),
        quantity=_figure(line, "cbc:InvoicedQuantity") or _figure(line, "cbc:CreditedQuantity"),
        price=_figure(line, "cac:Price/cbc:PriceAmount"),
        base_quantity=_figure(line, "cac:Price/cbc:BaseQuantity") or Decimal(1),
        net=_figure(line, "cbc:LineExtensionAmount"),
        category=_words(line, f"{treatment}/cbc:ID"),
        rate=_figure(line, f"{treatment}/cbc:Percent"),
    )


def _tax(row: Element) -> WrittenTax:
    return WrittenTax(
        taxable=_figure(row, "cbc:TaxableAmount"),
        tax=_figure(row, "cbc:TaxAmount"),
        category=_words(row, "cac:TaxCategory/cbc:ID"),
        rate=_figure(row, "cac:TaxCategory/cbc:Percent"),
        reason=_words(row, "cac:TaxCategory/cbc:TaxExemptionReason"),
    )


def _words(element: Element, path: str) -> str:
    return (element.findtext(path, "", names.NAMESPACES) or "").strip()


def _figure(element: Element, path: str) -> Decimal:
    written = _words(element, path)
    return Decimal(written) if written else money.ZERO


def _day_if_said(element: Element, path: str) -> date | None:
    return _day(element, path) if element.find(path, names.NAMESPACES) is not None else None


def _day(element: Element, path: str) -> date:
    return date.fromisoformat(_words(element, path))
