"""Texts that people typed, on their way into files that other programs read."""

import unicodedata
from dataclasses import dataclass
from typing import Final

FORMULA: Final = tuple("=+-@＝＋－＠")
"""What makes a spreadsheet reckon instead of show, also in full width. Source: OWASP, "CSV Injection"."""
LETTERS: Final = {
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ı": "i", "ŧ": "t", "Ŧ": "T", "ŋ": "n", "Ŋ": "N",
    "ĸ": "k", "ẞ": "SS", "−": "-", "\N{NARROW NO-BREAK SPACE}": " ",
}  # fmt: skip
"""Letters that Unicode does not take apart, and what people write in their place."""
UNKNOWN: Final = "?"


@dataclass(frozen=True, slots=True)
class Replaced:
    """A text as an encoding can carry it, and how many of its characters had to give way."""

    text: str
    count: int


def one_line(text: str) -> str:
    """The text without line breaks, tabs and other control characters; runs of blanks become one."""
    plain = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text)
    return " ".join(plain.split())


def starts_a_formula(text: str) -> bool:
    """Whether a spreadsheet may take the text for something to reckon."""
    return text.lstrip().startswith(FORMULA) or text.startswith(("\t", "\r", "\n"))


def guarded(text: str) -> str:
    """The text on one line, behind an apostrophe where a spreadsheet would take it for a formula."""
    plain = one_line(text)
    return f"'{plain}" if starts_a_formula(text) or starts_a_formula(plain) else plain


def in_windows_1252(text: str) -> Replaced:
    """The text in letters that Windows-1252 has.

    A letter that it lacks is written without its accent (``ő`` as ``o``) or as people write it without (``ł`` as
    ``l``); any other becomes a question mark. Nothing is left out.
    """
    composed = unicodedata.normalize("NFC", text)
    if _fits(composed):
        return Replaced(composed, 0)
    signs = [sign if _fits(sign) else _replacement(sign) for sign in composed]
    changed = sum(not _fits(sign) for sign in composed)
    return Replaced("".join(signs), changed)


def _replacement(sign: str) -> str:
    if sign in LETTERS:
        return LETTERS[sign]
    bases = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    bases = "".join(LETTERS.get(part, part) for part in bases)
    return bases if bases and _fits(bases) else UNKNOWN


def _fits(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
