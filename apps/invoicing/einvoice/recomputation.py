"""Every total of an invoice's XML, computed again from its lines and compared to the cent.

The official rules let tax be wrong by almost one unit (BR-CO-17 and BR-S-09 in their published form). Here equal is
equal: what is written is ``==`` what the lines give, rounded half away from zero, each part once.
"""

from collections.abc import Iterator
from decimal import Decimal

from apps.core import money
from apps.invoicing.einvoice.reading import Written, WrittenLine

ZERO = money.ZERO


def differences(written: Written) -> list[str]:
    """What does not add up, with both figures; empty when everything does."""
    return [
        f"{term}: written {said}, computed {computed}" for term, said, computed in _terms(written) if said != computed
    ]


def _terms(written: Written) -> Iterator[tuple[str, Decimal, Decimal]]:
    currency = written.currency
    for number, line in enumerate(written.lines, start=1):
        yield f"net of line {number} (BT-131)", line.net, _net(line, currency)
    # Allowances and charges of the document have a category of their own; none is written today, so none may be there.
    yield "allowances (BT-107)", written.allowances, ZERO
    yield "charges (BT-108)", written.charges, ZERO
    yield "sum of lines (BT-106)", written.line_total, money.total(line.net for line in written.lines)
    yield "net (BT-109)", written.net, written.line_total - written.allowances + written.charges
    yield from _tax_terms(written)
    yield "tax (BT-110)", written.tax, money.total(row.tax for row in written.taxes)
    yield "gross (BT-112)", written.gross, written.net + written.tax
    yield "due (BT-115)", written.due, written.gross - written.prepaid + written.rounding


def _tax_terms(written: Written) -> Iterator[tuple[str, Decimal, Decimal]]:
    """One row for each category and rate of the lines, no more and no fewer."""
    taxable: dict[tuple[str, Decimal], Decimal] = {}
    for line in written.lines:
        kind = (line.category, line.rate)
        taxable[kind] = taxable.get(kind, ZERO) + line.net
    yield "rows of tax (BG-23)", Decimal(len(written.taxes)), Decimal(len(taxable))
    for row in written.taxes:
        at = f"{row.category} {row.rate:f} %"
        yield f"taxable at {at} (BT-116)", row.taxable, taxable.get((row.category, row.rate), ZERO)
        yield f"tax at {at} (BT-117)", row.tax, money.half_up(row.taxable * row.rate / 100, written.currency)


def _net(line: WrittenLine, currency: str) -> Decimal:
    return money.half_up(line.quantity * line.price / line.base_quantity, currency)
