"""An invoice as it reads on paper: every figure and date of the snapshot as text, in the language of its reader.

Nothing is looked up here: what the page says is in the snapshot, so the same snapshot always makes the same page.
"""

from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_decimal
from django.utils.translation import get_language, gettext
from stdnum import iso11649

from apps.contracts import measure_wording
from apps.core import money
from apps.core.days import NOT_YET
from apps.core.printing import words
from apps.core.printing.words import NBSP
from apps.invoicing import correction_wording, paying, rules, snapshot, wording
from apps.invoicing.letterhead import address_lines, imprint_of, sender_of
from apps.invoicing.paying import PayCode
from apps.invoicing.snapshot import CreditTransfer, Line, Party, SemanticInvoice, TaxRow

Fact = tuple[str, str]
"""A term and what it is here."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the invoice. ``is_accepted``: it alone is what was accepted, and says so."""

    identifier: str
    name: str
    description: str
    quantity: str
    price: str
    tax: str
    net: str
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template shows."""

    language: str
    title: str
    kind: str
    number: str
    project: str
    seller: Party
    sender: str
    buyer: Party
    buyer_lines: list[str]
    facts: list[Fact]
    due_term: str
    due: str
    day_term: str
    day: str
    rows: list[Row]
    acceptance: str
    evidence: str
    sums: list[Fact]
    gross: str
    retained: list[Fact]
    payment: list[Fact]
    pay_code: PayCode | None
    pay_words: str
    assigned: str
    notes: list[str]
    imprint: list[list[str]]
    issued_at: str

    @property
    def says_accepted(self) -> bool:
        """Whether one of the rows says what was accepted; else the page does, below them."""
        return any(row.is_accepted for row in self.rows)


def page_of(invoice: SemanticInvoice) -> Page:
    """The page of an invoice in the language that is active."""
    currency = invoice.currency
    tax_word = gettext("VAT") if invoice.seller.vat_identifier else gettext("Tax")
    is_credit = invoice.preceding is not None
    billed = sum(line.quantity > 0 for line in invoice.lines)
    # Nobody accepted damages, nor what is charged back, nor retention.
    is_supply = not invoice.of_late_payment and (invoice.preceding is None or invoice.preceding.is_of_supply)
    return Page(
        language=get_language() or invoice.language,
        title=wording.title(invoice),
        kind=_kind(invoice),
        number=invoice.number,
        project=invoice.contract_title,
        seller=invoice.seller,
        sender=sender_of(invoice.seller),
        buyer=invoice.buyer,
        buyer_lines=[line for line in address_lines(invoice.buyer.address) if line],
        facts=_facts(invoice),
        due_term=gettext("Amount credited") if is_credit else gettext("Amount due"),
        due=words.money(_due(invoice), currency),
        day_term=gettext("Date of the credit note") if is_credit else gettext("Due date"),
        day=words.day(invoice.due_date if is_credit else invoice.payable_by or NOT_YET),
        rows=[_row(line, currency, tax_word, billed=billed, is_supply=is_supply) for line in invoice.lines],
        acceptance=wording.cause(invoice),
        evidence=invoice.acceptance.submission_sha256[:16] if invoice.acceptance else "",
        sums=_sums(invoice, tax_word),
        gross=words.money(invoice.totals.gross, currency),
        retained=_kept_back(invoice),
        payment=[] if is_credit else payment_facts(invoice.credit_transfer, invoice.remittance),
        pay_code=(code := paying.code_of(invoice)),
        pay_words=pay_words(code),
        assigned=wording.assignment(invoice),
        notes=_notes(invoice),
        imprint=imprint_of(invoice.seller),
        issued_at=invoice.issued_at.isoformat(timespec="seconds"),
    )


def _due(invoice: SemanticInvoice) -> Decimal:
    """What it asks for; of a corrected invoice what of that was still to be paid when it was issued."""
    left = invoice.corrects.open if invoice.corrects is not None else None
    return invoice.due_now if left is None else left


def _kind(invoice: SemanticInvoice) -> str:
    if invoice.preceding is not None:
        return gettext("Credit note")
    if invoice.corrects is not None:
        return gettext("Corrected invoice")
    if invoice.of_late_payment:
        return gettext("Late payment")
    return gettext("Final invoice") if invoice.kind == snapshot.FINAL else gettext("Invoice")


def _facts(invoice: SemanticInvoice) -> list[Fact]:
    """What identifies the invoice; Article 226 of Directive 2006/112/EC wants date, number, supply and VAT numbers."""
    preceding = invoice.preceding or invoice.corrects
    is_invoice = invoice.preceding is None and not invoice.of_late_payment
    # EN 16931, BR-IC-12: an intra-Community supply says to which country it goes.
    crosses = any(row.category == rules.INTRA_COMMUNITY for row in invoice.taxes)
    facts = [
        (gettext("Invoice date") if is_invoice else gettext("Date"), words.day(invoice.issue_date)),
        (_corrected_term(invoice), preceding.number if preceding is not None else ""),
        (_date_term(invoice), words.day(preceding.issue_date) if preceding is not None else ""),
        (gettext("Your reference"), invoice.buyer_reference),
        (gettext("Your order"), invoice.order_number),
        (gettext("Date of supply"), words.day(invoice.acceptance.accepted_on) if invoice.acceptance else ""),
        (gettext("Billing period"), wording.period(invoice)),
        (gettext("Delivered to"), words.territory(invoice.buyer.address.country_code) if crosses else ""),
        (gettext("Contract"), invoice.contract_number),
        (gettext("Your VAT number"), invoice.buyer.vat_identifier),
        (gettext("Your company number"), invoice.buyer.legal_registration_identifier),
    ]
    return [(term, value) for term, value in facts if value]


def _corrected_term(invoice: SemanticInvoice) -> str:
    is_of_retention = invoice.preceding is not None and invoice.preceding.kept_back_again
    return gettext("Corrects release statement") if is_of_retention else gettext("Corrects invoice")


def _date_term(invoice: SemanticInvoice) -> str:
    is_of_retention = invoice.preceding is not None and invoice.preceding.kept_back_again
    return gettext("Date of that release statement") if is_of_retention else gettext("Date of that invoice")


def _row(line: Line, currency: str, tax_word: str, *, billed: int, is_supply: bool = True) -> Row:
    """``billed`` is how many lines bill something: no deduction, nor what a final invoice repeats is accepted."""
    return Row(
        identifier=line.identifier,
        name=line.name,
        description=line.description,
        quantity=_quantity(line.quantity, line.unit_code),
        price=_price(line, currency),
        tax=_treatment(line.tax_category, line.tax_rate, tax_word),
        net=words.number(line.net, currency),
        is_accepted=line.quantity > 0 and billed == 1 and is_supply,
    )


def _quantity(number: Decimal, unit: str) -> str:
    """So many of a unit; of a lump sum only the number."""
    if unit == snapshot.ONE:
        return format_decimal(number, locale=words.locale(), decimal_quantization=False)
    return measure_wording.quantity(number, unit)


def _price(line: Line, currency: str) -> str:
    """With all decimals that it has; of more than one unit it says of how many."""
    price = (
        words.number(line.net_price, currency)
        if money.is_exact(line.net_price, currency)
        else format_decimal(line.net_price, locale=words.locale(), decimal_quantization=False)
    )
    return price if line.base_quantity == 1 else f"{price} / {_quantity(line.base_quantity, line.unit_code)}"


def _sums(invoice: SemanticInvoice, tax_word: str) -> list[Fact]:
    """The net total and one line for each row of the tax breakdown."""
    return [
        (gettext("Net total"), words.number(invoice.totals.net, invoice.currency)),
        *(
            (_tax_term(row, invoice.currency, tax_word), words.number(row.tax, invoice.currency))
            for row in invoice.taxes
        ),
    ]


def _kept_back(invoice: SemanticInvoice) -> list[Fact]:
    """What is kept back of the total, and what is due of it now."""
    retained, reserved, currency = invoice.retained, invoice.reserved, invoice.currency
    if retained is None and reserved is None:
        return []
    rows = []
    if retained is not None:
        rows.append((gettext("Retained as agreed, payable later"), words.number(-retained.withheld, currency)))
    if reserved is not None:
        rows.append((gettext("Withheld until defects are mended"), words.number(-reserved.withheld, currency)))
    return [*rows, (gettext("Due now"), words.money(invoice.due_now, currency))]


def _tax_term(row: TaxRow, currency: str, tax_word: str) -> str:
    treatment = _treatment(row.category, row.rate, tax_word)
    if row.category == rules.OUTSIDE_SCOPE:
        return treatment
    return gettext("{treatment} on {amount}").format(treatment=treatment, amount=words.number(row.taxable, currency))


def _treatment(category: str, rate: Decimal, tax_word: str) -> str:
    percentage = words.percent(rate)
    treatments = {
        rules.STANDARD: f"{tax_word} {percentage}",
        rules.ZERO_RATED: f"{tax_word} {percentage}",
        rules.EXEMPT: gettext("Tax exempt"),
        rules.REVERSE_CHARGE: gettext("Reverse charge"),
        rules.INTRA_COMMUNITY: gettext("Intra-Community supply"),
        rules.EXPORT: gettext("Export"),
        rules.OUTSIDE_SCOPE: gettext("No tax"),
    }
    return treatments[category]


def payment_facts(transfer: CreditTransfer | None, reference: str) -> list[Fact]:
    """Bank details, and the reference by which the payment is recognised."""
    shown = shown_reference(reference)
    if transfer is None:
        return [(gettext("Payment reference"), shown)]
    facts = [
        (gettext("Account holder"), transfer.account_name),
        ("IBAN", _grouped(transfer.iban)),
        ("BIC", transfer.bic),
        (gettext("Account number"), transfer.account_number),
        (gettext("Routing number"), transfer.routing_number),
        (gettext("Bank"), transfer.bank_name),
        (gettext("Payment reference"), shown),
    ]
    return [(term, value) for term, value in facts if value]


def _notes(invoice: SemanticInvoice) -> list[str]:
    """Terms and the sentences that tax law wants to read."""
    sentences = wording.of_tax(invoice)
    return [
        *filter(None, [correction_wording.correction(invoice)]),
        wording.payment_terms(invoice),
        *filter(None, sentences),
    ]


def pay_words(code: PayCode | None) -> str:
    """What a code to pay says, for those who cannot see it."""
    if code is None:
        return ""
    said = gettext("QR code to pay {amount} to {holder}; all that it contains stands beside it")
    return said.format(amount=words.money(code.amount, code.currency), holder=code.holder)


def shown_reference(reference: str) -> str:
    """A structured reference in groups of four, as an IBAN; a number as it is."""
    return _grouped(reference) if iso11649.is_valid(reference) else reference


def _grouped(iban: str) -> str:
    """In groups of four, as it is read aloud and typed."""
    return NBSP.join(iban[start : start + 4] for start in range(0, len(iban), 4))
