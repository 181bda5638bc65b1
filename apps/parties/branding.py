"""How the papers of an organisation look: a colour that can be read on paper and on screens, and a line.

Contrast is that of WCAG 2.2 (success criterion 1.4.3): relative luminance of sRGB, at least 4.5 to 1 for text.
"""

import re
from typing import Final

from apps.core.errors import Refused
from apps.core.texts import has_unseen

HOUSE: Final = "#0b5a6a"
"""The colour of whoever chose none."""
DARK_GROUND: Final = "#191d1e"
"""What text stands on in the dark."""
ENOUGH: Final = 4.5
TINT: Final = 0.09
"""How much of the colour is in the ground of a highlighted figure."""
LONGEST_LINE: Final = 160
HEX: Final = re.compile(r"#[0-9a-f]{6}")
STEPS: Final = 100

Colour = tuple[float, float, float]


def accent(written: str) -> str:
    """The colour as ``#rrggbb``, if white on it, and it on its own tint, can be read; empty is the house's own."""
    colour = written.strip().lower()
    if not colour:
        return ""
    if not HEX.fullmatch(colour):
        raise Refused("Give the colour as # and six digits, such as #0b5a6a.", field="accent")
    if not _is_readable(colour):
        raise Refused(
            "{colour} is too light to be read on white. The nearest that can be is {darker}.",
            field="accent",
            colour=colour,
            darker=_darker(colour),
        )
    return colour


def foot_line(written: str) -> str:
    """One line for the foot of every page, such as the register court and the managing directors."""
    line = " ".join(written.split())
    if len(line) > LONGEST_LINE:
        raise Refused("The line has more than {most} characters.", field="foot_line", most=LONGEST_LINE)
    if has_unseen(line):
        raise Refused("The line contains signs that cannot be seen. Type it anew.", field="foot_line")
    return line


def tint(colour: str) -> str:
    """The colour as a ground for text: almost white."""
    return _written(_mixed(_rgb("#ffffff"), _rgb(colour), TINT))


def on_dark(colour: str) -> str:
    """The same colour, as light as it must be to be read in the dark."""
    ground, base = _rgb(DARK_GROUND), _rgb(colour)
    lighter = (_mixed(base, _rgb("#ffffff"), step / STEPS) for step in range(STEPS + 1))
    return _written(next(one for one in lighter if contrast(_written(one), _written(ground)) >= ENOUGH))


def contrast(one: str, other: str) -> float:
    """The ratio of two colours by WCAG 2.2: from 1 for the same to 21 for black and white."""
    lighter, darker = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _is_readable(colour: str) -> bool:
    return contrast(colour, tint(colour)) >= ENOUGH


def _darker(colour: str) -> str:
    black = _rgb("#000000")
    darker = (_written(_mixed(_rgb(colour), black, step / STEPS)) for step in range(STEPS + 1))
    return next(one for one in darker if _is_readable(one))


def _rgb(colour: str) -> Colour:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _written(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
