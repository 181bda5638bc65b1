"""Which signs a text may hold that people sign, search and read aloud."""

import unicodedata
from typing import Final

KEPT: Final = "\n\t\u00ad\u200c\u200d"
"""Line breaks, and what scripts and emoji need: soft hyphen, zero-width non-joiner and joiner."""
UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Co"))
"""Unicode categories without a shape of their own: controls, formats (also those that turn the direction), surrogates,
private use. Source: Unicode Standard Annex 44; on direction, Unicode Technical Report 36."""


def has_unseen(text: str) -> bool:
    """Whether a text holds signs that nobody sees: two texts that look alike differ."""
    return any(unicodedata.category(sign) in UNSEEN and sign not in KEPT for sign in text)


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return not any(sign.strip() and sign not in KEPT and unicodedata.category(sign) not in UNSEEN for sign in text)
