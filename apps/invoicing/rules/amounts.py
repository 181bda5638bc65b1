"""The arithmetic of an invoice by EN 16931.

Amounts are half up (away from zero), each part once; nothing that is rounded is rounded again. Tax is computed per
category and rate on the document, never per line (EN 16931, BR-CO-17). Numbers such as BT-131 are the standard's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core import money


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
