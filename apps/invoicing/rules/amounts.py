"""The arithmetic of an invoice by EN 16931, and what tax law wants to be known before one is issued.

Amounts are half up (away from zero), each part once; nothing that is rounded is rounded again. Tax is computed per
category and rate on the document, never per line (EN 16931, BR-CO-17). Numbers such as BT-131 are the standard's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core import money
from apps.core.errors import Refused

STANDARD, ZERO_RATED, EXEMPT, REVERSE_CHARGE, OUTSIDE_SCOPE = "S", "Z", "E", "AE", "O"
"""Tax categories (UNTDID 5305, the subset that a contract can choose)."""

EXEMPTION_CODES = {REVERSE_CHARGE: "VATEX-EU-AE", OUTSIDE_SCOPE: "VATEX-EU-O"}
"""Reason codes (BT-121) of the categories that have one of their own."""


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """A line's net amount (BT-131) with its tax category (BT-151) and rate in percent (BT-152)."""

    net: Decimal
    category: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class TaxSubtotal:
    """One row of the tax breakdown (BG-23): taxable amount (BT-116), tax (BT-117), category (BT-118), rate (BT-119)."""

    taxable: Decimal
    tax: Decimal
    category: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """Document totals (BG-22): net (BT-109), tax (BT-110), gross (BT-112)."""

    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class TaxIdentity:
    """What a party says of itself to the tax office and on its documents."""

    name: str
    street: str
    city: str
    country: str
    vat_number: str
    tax_number: str


def line_net(*, quantity: Decimal, price: Decimal, currency: str) -> Decimal:
    """BT-131: quantity × price, rounded once."""
    return money.half_up(quantity * price, currency)


def tax_breakdown(lines: Iterable[TaxedAmount], *, currency: str) -> list[TaxSubtotal]:
    """BG-23: one row per category and rate, in the order of their first lines; the tax of each is rounded once."""
    taxable: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        kind = (line.category, line.rate)
        taxable[kind] = taxable.get(kind, money.ZERO) + line.net
    return [
        TaxSubtotal(taxable=base, tax=money.half_up(base * rate / 100, currency), category=category, rate=rate)
        for (category, rate), base in taxable.items()
    ]


def totals(breakdown: Sequence[TaxSubtotal]) -> Totals:
    """BG-22 as sums of the breakdown, so that the document adds up to the cent."""
    net = money.total(row.taxable for row in breakdown)
    tax = money.total(row.tax for row in breakdown)
    return Totals(net=net, tax=tax, gross=net + tax)


def invoice_number(*, prefix: str, year: int, position: int) -> str:
    """``INV-2026-0001``; four digits or more, at most sixteen signs of ``[A-Z0-9/-]`` in all."""
    return f"{prefix}-{year}-{position:04d}"


def check_tax(*, category: str, rate: Decimal, seller: TaxIdentity, buyer: TaxIdentity) -> None:
    """Refuse to bill what tax law does not let be billed, and say whose data must be completed.

    Source: Article 226 of Directive 2006/112/EC; EN 16931 rules BR-S, BR-Z, BR-E, BR-AE, BR-O.
    """
    _check_address(seller)
    _check_address(buyer)
    if category == STANDARD and rate <= 0:
        raise Refused("The standard tax rate is zero. Give the rate, or choose the zero rate or an exemption instead.")
    if category != STANDARD and rate != 0:
        raise Refused("Only the standard rate bears tax; with this tax treatment the rate must be zero.")
    if category == REVERSE_CHARGE:
        _check_reverse_charge(seller, buyer)
    elif category != OUTSIDE_SCOPE and not (seller.vat_number or seller.tax_number):
        raise Refused(
            "An invoice needs the seller's VAT number or tax number, and {name} has given neither."
            " {name} must add one to its organisation's data.",
            name=seller.name,
        )


def _check_reverse_charge(seller: TaxIdentity, buyer: TaxIdentity) -> None:
    for party in (seller, buyer):
        if not party.vat_number:
            raise Refused(
                "Under reverse charge the VAT numbers of both sides stand on the invoice."
                " That of {name} is missing; add it to the data of {name}.",
                name=party.name,
            )


def _check_address(party: TaxIdentity) -> None:
    missing = [word for word, text in (("street", party.street), ("city", party.city)) if not text]
    if missing:
        raise Refused(
            "An invoice needs the full address of {name}; missing: {missing}. Complete the data of {name}.",
            name=party.name,
            missing=", ".join(missing),
        )
