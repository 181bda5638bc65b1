"""The columns of a line that is agreed by quantity: how much, of which unit, at which price of one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from apps.contracts.drafts import DraftLine, Measure
from apps.contracts.rules.measures import worth
from apps.contracts.rules.plan import AMOUNT
from apps.contracts.rules.schedule.cells import Cell, as_text, is_empty
from apps.contracts.rules.schedule.columns import Column, normal
from apps.core.canonical import plain
from apps.core.errors import Refused

COLUMNS: Final = (Column.QUANTITY, Column.UNIT, Column.UNIT_PRICE)
UNITS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "MTR": "m",
        "MTK": "m²",
        "MTQ": "m³",
        "KMT": "km",
        "KGM": "kg",
        "TNE": "t",
        "LTR": "litre",
        "KWH": "kWh",
        "HUR": "hour",
        "DAY": "day",
        "WEE": "week",
        "MON": "month",
        "C62": "piece",
        "SET": "set",
        "FOT": "ft",
        "FTK": "sq ft",
        "YDK": "sq yd",
        "YDQ": "cu yd",
        "LBR": "lb",
    },
    "de": {
        "LTR": "Liter",
        "HUR": "Stunde",
        "DAY": "Tag",
        "WEE": "Woche",
        "MON": "Monat",
        "C62": "Stück",
        "SET": "Satz",
    },
}
"""What an export writes for a unit of UN/ECE Recommendation 20; German writes what it does not name as English does."""
_MORE: Final = {
    "MTR": "metre, metres, meter, meters, lfm",
    "MTK": "sqm, qm, square metre, square metres, quadratmeter",
    "MTQ": "cbm, cubic metre, cubic metres, kubikmeter",
    "KGM": "kilogram, kilograms, kilogramm",
    "TNE": "tonne, tonnes, to, tonnen",
    "LTR": "l, litres, liter, liters",
    "HUR": "h, hours, hr, hrs, std, stunden",
    "DAY": "days, tage, personentag, personentage, pt",
    "WEE": "weeks, wochen",
    "MON": "months, monate",
    "C62": "pieces, pc, pcs, each, ea, unit, units, stk, st, stücke",
    "SET": "sets, sätze",
    "FOT": "foot, feet",
    "FTK": "sqft, square feet",
    "YDK": "square yards",
    "YDQ": "cubic yards",
    "LBR": "lbs, pound, pounds",
}
_KNOWN: Final = {
    **{normal(word): code for code, words in _MORE.items() for word in words.split(",")},
    **{normal(word): code for names in UNITS.values() for code, word in names.items()},
    **{normal(code): code for code in UNITS["en"]},
}


def written(line: DraftLine, *, language: str) -> dict[Column, Cell]:
    """The cells of a line; empty for a lump sum."""
    measure = line.measure
    if measure is None:
        return {}
    unit = UNITS.get(language, {}).get(measure.unit) or UNITS["en"].get(measure.unit, measure.unit)
    return {Column.QUANTITY: measure.quantity, Column.UNIT: unit, Column.UNIT_PRICE: measure.unit_price}


def stands_in(cells: Mapping[Column, Cell]) -> bool:
    """Whether a row says anything of a quantity."""
    return not all(is_empty(cells.get(column)) for column in COLUMNS)


def measured(
    line: DraftLine, cells: Mapping[Column, Cell], *, currency: str, number: Callable[[Cell], Decimal | None]
) -> DraftLine:
    """The line by its quantity; an amount that stands beside it has to be what that comes to.

    ``number`` reads a cell, and is None while nobody has said how its column is to be read.
    """
    missing = [column for column in COLUMNS if is_empty(cells.get(column))]
    if missing or not is_empty(cells.get(Column.PERCENT)):
        raise Refused("A line by quantity has a quantity, a unit and a price of one unit, and no percentage.")
    quantity, price = number(cells[Column.QUANTITY]), number(cells[Column.UNIT_PRICE])
    if quantity is None or price is None:
        return replace(line, basis=AMOUNT)
    measure = Measure(quantity, unit_of(as_text(cells[Column.UNIT])), price)
    amount = worth(measure, currency=currency)
    beside = cells.get(Column.AMOUNT)
    said = None if is_empty(beside) else number(beside)
    if said is not None and said != amount:
        raise Refused(
            "By its quantity this line comes to {amount}, and {said} stands beside it. Keep one of them.",
            amount=plain(amount),
            said=plain(said),
        )
    return replace(line, basis=AMOUNT, percent=None, amount=amount, measure=measure)


def unit_of(text: str) -> str:
    """The code of a unit, by its name or the code itself; refused when it is none that is offered."""
    code = _KNOWN.get(normal(text))
    if code is None:
        raise Refused(
            "“{text}” is no unit that is known here. Write one of: {known}.",
            text=text.strip()[:40],
            known=", ".join(UNITS["en"].values()),
        )
    return code
