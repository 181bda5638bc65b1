"""Lines that are agreed by quantity: what may be said, what it comes to, and how much of it a part is."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from apps.contracts.drafts import MILESTONE, DraftLine, Measure
from apps.core import money
from apps.core.errors import Refused

UNITS: Final = (
    "MTR",
    "MTK",
    "MTQ",
    "KMT",
    "KGM",
    "TNE",
    "LTR",
    "KWH",
    "HUR",
    "DAY",
    "WEE",
    "MON",
    "C62",
    "SET",
    "FOT",
    "FTK",
    "YDK",
    "YDQ",
    "LBR",
)
"""The units that are offered. Source: UN/ECE Recommendation 20, of which EN 16931 takes the codes of BT-130."""
DECIMALS: Final = 6
"""Of a quantity and of the price of one: as many as the line of an invoice keeps."""
LARGEST: Final = Decimal(10) ** 12


def check_measure(line: DraftLine, *, position: int) -> None:
    """Refuse a line that says by quantity what cannot be billed so."""
    measure = line.measure
    if measure is None:
        return
    if line.kind != MILESTONE:
        raise Refused(
            "Line {line} of the plan is billed by the calendar and not by quantity.", field="lines", line=position
        )
    if measure.unit not in UNITS:
        raise Refused("Choose the unit of line {line} from the list.", field="lines", line=position)
    for number in (measure.quantity, measure.unit_price):
        if not number.is_finite() or not 0 < number < LARGEST or number != round(number, DECIMALS):
            raise Refused(
                "Quantity and price of line {line} are above zero, with at most {most} decimals.",
                field="lines",
                line=position,
                most=DECIMALS,
            )


def worth(measure: Measure, *, currency: str) -> Decimal:
    """What a line comes to: quantity times price of one, rounded once (EN 16931, BT-131)."""
    return money.half_up(measure.quantity * measure.unit_price, currency)


def measure_text(measure: Measure | None) -> dict[str, Any]:
    """How a canonical text says it; a lump sum says nothing, as before there were quantities."""
    return {"measure": measure} if measure is not None else {}


def read_measure(said: Mapping[str, Any]) -> Measure | None:
    """The same, read from a line of a canonical text."""
    found = said.get("measure")
    if not found:
        return None
    return Measure(Decimal(found["quantity"]), found["unit"], Decimal(found["unit_price"]))
