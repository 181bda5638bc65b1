"""Which signs a text may hold that people sign, search and read aloud."""

import unicodedata
from typing import Final

KEPT: Final = "\n\t\u00ad\u200c\u200d"
"""Line breaks, and what scripts and emoji need: soft hyphen, zero-width non-joiner and joiner."""
UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
"""Unicode categories without a shape of their own: controls, formats (also those that turn the direction), surrogates,
private use, and separators of lines and of paragraphs. Source: Unicode Standard Annex 44; on direction, Unicode
Technical Report 36."""


def has_unseen(text: str) -> bool:
    """Whether a text holds signs that nobody sees: two texts that look alike differ."""
    return any(unicodedata.category(sign) in UNSEEN and sign not in KEPT for sign in text)


def seen_only(text: str) -> str:
    """The text without signs that nobody sees: of what no person typed and nobody can be asked to type anew."""
    return "".join(sign for sign in text if unicodedata.category(sign) not in UNSEEN or sign in KEPT)


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return not any(sign.strip() and sign not in KEPT and unicodedata.category(sign) not in UNSEEN for sign in text)


def without_shape(text: str) -> str:
    """The text without the signs of it that are kept and never drawn, such as the joiner inside of an emoji."""
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf" and not "\ufe00" <= sign <= "\ufe0f")


def named(sign: str) -> str:
    """How paper says a sign that no font can draw: by its number in Unicode, so that nothing is lost."""
    return f"[U+{ord(sign):04X}]"
