"""How much of what a line is, as a deal file says it."""

from decimal import Decimal

from apps.contracts import rules
from apps.contracts.drafts import Measure
from apps.workflows.deal_file.reader import Place

LEAST = Decimal("0.000001")


def read_measure(place: Place) -> Measure | None:
    """Quantity, unit and price of one unit; None of a lump sum."""
    quantity, unit, price = place.maybe("quantity"), place.maybe("unit"), place.maybe("unit_price")
    if quantity is None and unit is None and price is None:
        return None
    if quantity is None or unit is None or price is None:
        place.refuse("needs `quantity`, `unit` and `unit_price` together")
    return Measure(quantity.number(least=LEAST), unit.one_of(*rules.UNITS), price.number(least=LEAST))


def worth(measure: Measure | None, currency: str) -> Decimal | None:
    """What that comes to; None of a lump sum."""
    return rules.worth(measure, currency=currency) if measure is not None else None
