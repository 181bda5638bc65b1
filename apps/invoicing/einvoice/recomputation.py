"""Every total of an invoice's XML, computed again from its lines and compared to the cent.

The official rules let tax be wrong by almost one unit (BR-CO-17 and BR-S-09 in their published form). Here equal is
equal: what is written is ``==`` what the lines give, rounded half away from zero, each part once. On a credit note
that is the tax on all that is credited of its invoice by then, less the tax on what was credited before.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from apps.core import money
from apps.invoicing.einvoice.reading import Written, WrittenLine
from apps.invoicing.rules import credit_tax

ZERO = money.ZERO
NOTHING: Mapping[tuple[str, Decimal], Decimal] = MappingProxyType({})


Before = Mapping[tuple[str, Decimal], Decimal]
"""What was credited before of the same invoice, net, by category and rate; nothing of an invoice."""


def differences(written: Written, *, before: Before = NOTHING) -> list[str]:
    """What does not add up, with both figures; empty when everything does."""
    return [
        f"{term}: written {said}, computed {computed}"
        for term, said, computed in _terms(written, before)
        if said != computed
    ]


def _terms(written: Written, before: Before) -> Iterator[tuple[str, Decimal, Decimal]]:
    currency = written.currency
    for number, line in enumerate(written.lines, start=1):
        yield f"net of line {number} (BT-131)", line.net, _net(line, currency)
    # Allowances and charges of the document have a category of their own; none is written today, so none may be there.
    yield "allowances (BT-107)", written.allowances, ZERO
    yield "charges (BT-108)", written.charges, ZERO
    yield "sum of lines (BT-106)", written.line_total, money.total(line.net for line in written.lines)
    yield "net (BT-109)", written.net, written.line_total - written.allowances + written.charges
    yield from _tax_terms(written, before)
    yield "tax (BT-110)", written.tax, money.total(row.tax for row in written.taxes)
    yield "gross (BT-112)", written.gross, written.net + written.tax
    yield "due (BT-115)", written.due, written.gross - written.prepaid + written.rounding


def _tax_terms(written: Written, before: Before) -> Iterator[tuple[str, Decimal, Decimal]]:
    """One row for each category and rate of the lines, no more and no fewer."""
    taxable: dict[tuple[str, Decimal], Decimal] = {}
    for line in written.lines:
        kind = (line.category, line.rate)
        taxable[kind] = taxable.get(kind, ZERO) + line.net
    yield "rows of tax (BG-23)", Decimal(len(written.taxes)), Decimal(len(taxable))
    for row in written.taxes:
        at = f"{row.category} {row.rate:f}%"
        yield f"taxable at {at} (BT-116)", row.taxable, taxable.get((row.category, row.rate), ZERO)
        yield (
            f"tax at {at} (BT-117)",
            row.tax,
            credit_tax(
                row.taxable,
                before=before.get((row.category, row.rate), ZERO),
                rate=row.rate,
                currency=written.currency,
            ),
        )


def _net(line: WrittenLine, currency: str) -> Decimal:
    return money.half_up(line.quantity * line.price / line.base_quantity, currency)
