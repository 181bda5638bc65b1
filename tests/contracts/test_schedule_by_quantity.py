"""Lines by quantity in a schedule of values: written, read back, and refused where they say two things."""

from decimal import Decimal

import pytest

from apps.contracts.drafts import DraftLine, Measure
from apps.contracts.measure_wording import UNIT_NAMES
from apps.contracts.rules.measures import UNITS
from apps.contracts.rules.schedule import read_schedule, written_schedule
from apps.contracts.rules.schedule.cells import Cell
from apps.contracts.rules.schedule.measure_cells import UNITS as WRITTEN
from apps.contracts.rules.schedule.measure_cells import unit_of

HEADER: list[Cell] = ["Milestone", "Quantity", "Unit", "Unit price", "Amount"]
FACADE = DraftLine(
    "Facade", basis="amount", amount=Decimal("10050.00"), measure=Measure(Decimal(300), "MTK", Decimal("33.50"))
)


def refusals(*row: Cell) -> list[str]:
    return [str(one.refusal) for one in read_schedule([HEADER, list(row)], currency="EUR").problems]


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_written_reads_back(language: str) -> None:
    lump = DraftLine("Scaffold", basis="percent", percent=Decimal(20))
    rows = list(written_schedule([FACADE, lump], amounts=[FACADE.amount, None], language=language))
    (names, facade, _lump) = rows
    assert [names[5:8], facade[5:8]] == [
        ["Quantity", "Unit", "Unit price"] if language == "en" else ["Menge", "Einheit", "Einzelpreis"],
        [Decimal(300), "m²", Decimal("33.50")],
    ]
    read = read_schedule(rows, currency="EUR")
    assert not read.problems
    assert [one.line for one in read.rows] == [FACADE, lump]


def test_the_amount_follows_and_may_stand_beside() -> None:
    for amount in (None, "10050", "10,050.00"):
        read = read_schedule([HEADER, ["Facade", "300", "qm", "33.50", amount]], currency="EUR")
        assert [one.line for one in read.rows] == [FACADE]
    assert refusals("Facade", "300", "m²", "33.50", "10000") == [
        "By its quantity this line comes to 10050, and 10000 stands beside it. Keep one of them."
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("Facade", "300", None, "33.50", None), "has a quantity, a unit and a price of one unit"),
        (("Facade", "300", "furlong", "33.50", None), "“furlong” is no unit that is known here"),
        (("Facade", "-3", "m²", "33.50", None), "below zero"),
        (("Facade", "0", "m²", "33.50", None), "above zero"),
    ],
)
def test_half_a_quantity_is_refused(row: tuple[Cell, ...], said: str) -> None:
    (refusal,) = refusals(*row)
    assert said in refusal


def test_every_unit_that_is_offered_is_written_and_read() -> None:
    assert set(WRITTEN["en"]) == set(UNITS) == set(UNIT_NAMES)
    for names in WRITTEN.values():
        assert {unit_of(name): name for name in names.values()} == names
    assert [unit_of(code) for code in UNITS] == list(UNITS)
