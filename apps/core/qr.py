"""QR codes as SVG that documents and pages draw alike."""

from dataclasses import dataclass
from typing import Final

from apps.core import qr_masks

QUIET: Final = 4
"""Modules of white around a code (ISO/IEC 18004)."""
SWISS_MILLIMETRES: Final = 46
"""Side of a Swiss code without its quiet zone, in the middle of which a cross of 7 mm stands (SIX, style guide)."""
_CROSS: Final = 7
_BORDER, _ARM, _ARM_LENGTH = 0.7 / 19.8, 3.3 / 19.8, 11 / 19.8
"""Of the cross's side: the white edge around the black square, the breadth of an arm, and its length."""


@dataclass(frozen=True, slots=True)
class Square:
    """A part of the Swiss cross, in modules from the corner of the drawing."""

    x: str
    y: str
    width: str
    height: str
    is_dark: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A code to draw: ``side`` in modules with the quiet zone, its dark modules as one path, the cross upon it."""

    side: int
    path: str
    cross: tuple[Square, ...] = ()


def drawing(payload: str, *, has_swiss_cross: bool = False) -> Drawing:
    """The code of a text in UTF-8 at error correction M, which both standards of payment ask for; a cross in its middle
    covers less than that mends."""
    rows = qr_masks.rows_of(payload)
    path = "".join(_runs(rows))
    return Drawing(len(rows) + 2 * QUIET, path, _cross(len(rows)) if has_swiss_cross else ())


def _runs(rows: list[list[int]]) -> list[str]:
    """Every run of dark modules in a row as one rectangle of the path."""
    runs = []
    for y, row in enumerate(rows, start=QUIET):
        start = None
        for x, module in enumerate([*row, 0], start=QUIET):
            if module and start is None:
                start = x
            elif not module and start is not None:
                runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
                start = None
    return runs


def _cross(modules: int) -> tuple[Square, ...]:
    side = modules * _CROSS / SWISS_MILLIMETRES
    middle = QUIET + modules / 2

    def square(width: float, height: float, *, is_dark: bool) -> Square:
        x, y = middle - width * side / 2, middle - height * side / 2
        return Square(f"{x:.3f}", f"{y:.3f}", f"{width * side:.3f}", f"{height * side:.3f}", is_dark)

    inner = 1 - 2 * _BORDER
    return (
        square(1, 1, is_dark=False),
        square(inner, inner, is_dark=True),
        square(_ARM, _ARM_LENGTH, is_dark=False),
        square(_ARM_LENGTH, _ARM, is_dark=False),
    )
