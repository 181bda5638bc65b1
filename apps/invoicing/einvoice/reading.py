"""What the XML of an invoice says, read back from its bytes by itself: for checks, never for writing.

Amounts are decimals as written. What is missing is an empty string or zero, so that a check can say so.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from lxml import etree

from apps.core import money
from apps.invoicing.einvoice import standard
from apps.invoicing.einvoice.cii_elements import NAMESPACES

Element = etree._Element
DUE = "ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime"
SUPPLIED = "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime"


class UnreadableError(ValueError):
    """The file is no invoice that a program could compute with."""


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """BG-25: item (BT-153), quantity (BT-129), price (BT-146), base quantity (BT-149, one when absent), net (BT-131),
    category (BT-151), rate (BT-152)."""

    name: str
    quantity: Decimal
    price: Decimal
    base_quantity: Decimal
    net: Decimal
    category: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class WrittenTax:
    """BG-23: taxable (BT-116), tax (BT-117), category (BT-118), rate (BT-119), reason (BT-120)."""

    taxable: Decimal
    tax: Decimal
    category: str
    rate: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """The invoice, or the credit note to one (``preceding``: BT-25, BT-26), as the XML has it.

    It was supplied on a day (BT-72) or in a period (BG-14), or neither. The totals are BT-106, BT-107, BT-108, BT-109,
    BT-110, BT-112, BT-113, BT-114, BT-115."""

    number: str
    type_code: str
    issued_on: date
    due_on: date | None
    delivered_on: date | None
    period: tuple[date, date] | None
    currency: str
    seller: str
    buyer: str
    payee: str
    account: str
    remittance: str
    terms: str
    preceding: str
    preceding_on: date | None
    buyer_reference: str
    order_number: str
    lines: tuple[WrittenLine, ...]
    taxes: tuple[WrittenTax, ...]
    line_total: Decimal
    allowances: Decimal
    charges: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal
    prepaid: Decimal
    rounding: Decimal
    due: Decimal


def read(xml: bytes) -> Written:
    """The invoice of a CII file. A file that is none, or that has text where a figure belongs, is refused."""
    try:
        return _read(standard.parsed(xml))
    except (etree.XMLSyntaxError, InvalidOperation, ValueError) as error:
        raise UnreadableError(str(error)) from error


def _read(root: Element) -> Written:
    settlement = ".//ram:ApplicableHeaderTradeSettlement"
    sums = f"{settlement}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
    account = f"{settlement}/ram:SpecifiedTradeSettlementPaymentMeans/ram:PayeePartyCreditorFinancialAccount"
    return Written(
        number=_words(root, "./rsm:ExchangedDocument/ram:ID"),
        type_code=_words(root, "./rsm:ExchangedDocument/ram:TypeCode"),
        issued_on=_day(root, "./rsm:ExchangedDocument/ram:IssueDateTime"),
        due_on=_day_if_said(root, f"{settlement}/{DUE}/udt:DateTimeString"),
        delivered_on=_day_if_said(root, f".//{SUPPLIED}/udt:DateTimeString"),
        period=_period(root, f"{settlement}/ram:BillingSpecifiedPeriod"),
        currency=_words(root, f"{settlement}/ram:InvoiceCurrencyCode"),
        seller=_words(root, ".//ram:SellerTradeParty/ram:Name"),
        buyer=_words(root, ".//ram:BuyerTradeParty/ram:Name"),
        payee=_words(root, f"{settlement}/ram:PayeeTradeParty/ram:Name"),
        account=_words(root, f"{account}/ram:IBANID") or _words(root, f"{account}/ram:ProprietaryID"),
        remittance=_words(root, f"{settlement}/ram:PaymentReference"),
        terms=" ".join(
            _words(one, "./ram:Description")
            for one in root.iterfind(f"{settlement}/ram:SpecifiedTradePaymentTerms", NAMESPACES)
        ),
        preceding=_words(root, f"{settlement}/ram:InvoiceReferencedDocument/ram:IssuerAssignedID"),
        preceding_on=_day_if_said(
            root, f"{settlement}/ram:InvoiceReferencedDocument/ram:FormattedIssueDateTime/qdt:DateTimeString"
        ),
        buyer_reference=_words(root, ".//ram:ApplicableHeaderTradeAgreement/ram:BuyerReference"),
        order_number=_words(
            root, ".//ram:ApplicableHeaderTradeAgreement/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"
        ),
        lines=tuple(_line(line) for line in root.iterfind(".//ram:IncludedSupplyChainTradeLineItem", NAMESPACES)),
        taxes=tuple(_tax(row) for row in root.iterfind(f"{settlement}/ram:ApplicableTradeTax", NAMESPACES)),
        line_total=_figure(root, f"{sums}/ram:LineTotalAmount"),
        allowances=_figure(root, f"{sums}/ram:AllowanceTotalAmount"),
        charges=_figure(root, f"{sums}/ram:ChargeTotalAmount"),
        net=_figure(root, f"{sums}/ram:TaxBasisTotalAmount"),
        tax=_figure(root, f"{sums}/ram:TaxTotalAmount"),
        gross=_figure(root, f"{sums}/ram:GrandTotalAmount"),
        prepaid=_figure(root, f"{sums}/ram:TotalPrepaidAmount"),
        rounding=_figure(root, f"{sums}/ram:RoundingAmount"),
        due=_figure(root, f"{sums}/ram:DuePayableAmount"),
    )


def _line(line: Element) -> WrittenLine:
    price = "./ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice"
    settlement = "./ram:SpecifiedLineTradeSettlement"
    return WrittenLine(
        name=_words(line, "./ram:SpecifiedTradeProduct/ram:Name"),
        quantity=_figure(line, "./ram:SpecifiedLineTradeDelivery/ram:BilledQuantity"),
        price=_figure(line, f"{price}/ram:ChargeAmount"),
        base_quantity=_figure(line, f"{price}/ram:BasisQuantity") or Decimal(1),
        net=_figure(line, f"{settlement}/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"),
        category=_words(line, f"{settlement}/ram:ApplicableTradeTax/ram:CategoryCode"),
        rate=_figure(line, f"{settlement}/ram:ApplicableTradeTax/ram:RateApplicablePercent"),
    )


def _tax(row: Element) -> WrittenTax:
    return WrittenTax(
        taxable=_figure(row, "./ram:BasisAmount"),
        tax=_figure(row, "./ram:CalculatedAmount"),
        category=_words(row, "./ram:CategoryCode"),
        rate=_figure(row, "./ram:RateApplicablePercent"),
        reason=_words(row, "./ram:ExemptionReason"),
    )


def _words(element: Element, path: str) -> str:
    return (element.findtext(path, "", NAMESPACES) or "").strip()


def _figure(element: Element, path: str) -> Decimal:
    written = _words(element, path)
    return Decimal(written) if written else money.ZERO


def _day(element: Element, path: str) -> date:
    return _date(_words(element, f"{path}/udt:DateTimeString"))


def _day_if_said(element: Element, path: str) -> date | None:
    written = _words(element, path)
    return _date(written) if written else None


def _date(written: str) -> date:
    return date.fromisoformat(f"{written[:4]}-{written[4:6]}-{written[6:]}")


def _period(element: Element, path: str) -> tuple[date, date] | None:
    if element.find(path, NAMESPACES) is None:
        return None
    return _day(element, f"{path}/ram:StartDateTime"), _day(element, f"{path}/ram:EndDateTime")
