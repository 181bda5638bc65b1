"""Which of the eight masks a QR code gets (ISO/IEC 18004, 7.8.3): the one of the fewest penalty points.

segno counts them module by module, eight times over, which took more than all else that it does. Here a whole symbol is
one number, a bit a module, so that a rule looks at every module at once. The code that comes of it is segno's own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import segno

MASKS: Final = 8
BETWEEN: Final = 4
"""Light modules between two rows of the number: so far a rule looks beyond the edge, where all is light."""
_DIGITS: Final = bytes.maketrans(b"\x00\x01", b"01")
_DARK: Final = ord("1")
FINDER: Final = 7
"""Modules of what looks like the middle of a finder, one row of it: dark, light, three dark, light, dark."""
OVERLAPS: Final = (4, 6)
"""How far apart two of those can share modules."""


def rows_of(payload: str) -> list[list[int]]:
    """The modules of a text in UTF-8 at error correction M, row by row, under the best mask."""
    code = _made(payload, mask=0)
    version, size = int(code.version), len(code.matrix)
    drawn, flips, plain = _number(code.matrix), _flips(version), _unformatted(size)
    # Format and version come after the mask, and count nothing.
    points = [_points((drawn ^ flip) & plain, size) for flip in flips]
    best = drawn ^ flips[points.index(min(points))]
    digits = f"{best:b}".encode()[::-1].ljust(size * (size + BETWEEN), b"0")
    starts = range(0, size * (size + BETWEEN), size + BETWEEN)
    return [[int(digit == _DARK) for digit in digits[start : start + size]] for start in starts]


def _made(payload: str, *, mask: int, version: int | None = None) -> segno.QRCode:
    return segno.make_qr(payload, error="m", boost_error=False, encoding="utf-8", mask=mask, version=version)


def _number(matrix: Sequence[Sequence[int]]) -> int:
    return int((b"0" * BETWEEN).join(bytes(row).translate(_DIGITS) for row in matrix)[::-1], 2)


@cache
def _flips(version: int) -> tuple[int, ...]:
    """What each mask turns over of a symbol under the first one, its format too: the same whatever the text."""
    codes = [_number(_made("0", mask=mask, version=version).matrix) for mask in range(MASKS)]
    return tuple(codes[0] ^ code for code in codes)


@cache
def _unformatted(size: int) -> int:
    """All modules but those of format and version, and the dark one beside them."""
    last = range(size - 8, size)
    near = [place for place in range(9) if place != 6]
    left_out = {*((8, place) for place in (*near, *last)), *((place, 8) for place in (*near, *last))}
    if size > 41:  # version 7 and above
        left_out |= {(row, size - column) for row in range(6) for column in (9, 10, 11)}
        left_out |= {(column, row) for row, column in left_out if row < 6 and column >= size - 11}
    return sum(
        1 << _place(row, column, size) for row in range(size) for column in range(size) if (row, column) not in left_out
    )


def _place(row: int, column: int, size: int) -> int:
    return row * (size + BETWEEN) + column


@dataclass(frozen=True, slots=True)
class _Inside:
    """The modules that have one at their right, and those that have one below."""

    right: int
    below: int


@cache
def _inside(size: int) -> _Inside:
    row, below = (1 << size) - 1, (1 << (size - 1)) - 1
    starts = [1 << _place(line, 0, size) for line in range(size)]
    return _Inside(sum(below * start for start in starts), sum(row * start for start in starts[:-1]))


def _points(modules: int, size: int) -> int:
    """Penalty points of a symbol: runs, blocks, what looks like a finder, and too much of one colour."""
    down, inside = size + BETWEEN, _inside(size)
    right = ~(modules ^ modules >> 1) & inside.right
    below = ~(modules ^ modules >> down) & inside.below
    blocks = (right & below & right >> down).bit_count()
    share = float(modules.bit_count()) / size**2
    return (
        _runs(right, 1)
        + _runs(below, down)
        + 3 * blocks
        + 40 * (_finders(modules, 1) + _finders(modules, down))
        + 10 * int(abs(share * 100 - 50) / 5)
    )


def _runs(same: int, step: int) -> int:
    """Three points for five modules of one colour in a row, and one for each more; ``same`` are those like the next."""
    five = same & same >> step & same >> 2 * step & same >> 3 * step
    return five.bit_count() + 2 * (five & ~(five << step)).bit_count()


def _finders(modules: int, step: int) -> int:
    """How often the row of a finder stands with four light modules before or after it, each module counted once."""
    dark, light = (0, 2, 3, 4, 6), (1, 5)
    found = modules
    for away in dark[1:]:
        found &= modules >> away * step
    for away in light:
        found &= ~(modules >> away * step)
    before = after = found
    for away in range(1, BETWEEN + 1):
        before &= ~(modules << away * step)
        after &= ~(modules >> (FINDER - 1 + away) * step)
    counted = before | after
    if not any(found & counted << away * step for away in OVERLAPS):
        return counted.bit_count()
    return _apart(found, counted, step)


def _apart(found: int, counted: int, step: int) -> int:
    """The same where two overlap: of those, the second counts only if the first does not."""
    taken: set[int] = set()
    for place in _places(found & counted):
        if not any(place - away * step in taken for away in OVERLAPS):
            taken.add(place)
    return len(taken)


def _places(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
