"""Text that a spreadsheet would run as a formula is kept from it by an apostrophe, and read back without.

Source: OWASP, "CSV Injection": a cell is dangerous that begins with ``=``, ``+``, ``-``, ``@``, a tab, a carriage
return or a line feed. Full-width forms of the four signs are taken for them by some programs, and what stands after a
line break may become a cell of its own.
"""

import re
from typing import Final

_DANGEROUS: Final = "[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r]"
_STARTS: Final = re.compile(rf"^(?=[' \u00a0]*{_DANGEROUS})", re.MULTILINE)
_GUARDED: Final = re.compile(rf"^'(?=[' \u00a0]*{_DANGEROUS})", re.MULTILINE)


def guarded(text: str) -> str:
    """The text with an apostrophe before every line that could begin a formula."""
    return _STARTS.sub("'", text)


def unguarded(text: str) -> str:
    """The text that was given to :func:`guarded`."""
    return _GUARDED.sub("", text)
