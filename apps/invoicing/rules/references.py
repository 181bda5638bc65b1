"""Invoice numbers in what a payer wrote, and the structured creditor reference.

A number is found whole and between other signs, however it is broken by spaces, dashes and slashes: ``inv 2026/0001``
is INV-2026-0001, and INV-2026-00010 is not. Source of the structured reference: ISO 11649 (``RF``, two check digits by
ISO 7064 MOD 97-10, at most twenty-one signs of the creditor's own).
"""

import re
from collections.abc import Container, Iterator
from typing import Final

from stdnum import iso11649

from apps.invoicing.rules.accounts import squeezed

_WORD: Final = re.compile(r"[A-Z0-9]+")
_OURS: Final = re.compile(r"(?:RF[0-9]{2} ?)?([A-Z]{1,6})[ /.-]*([0-9]{4})[ /.-]*([0-9]{4,7})(?![0-9])")
_MOST_WORDS: Final = 8
"""Into so many pieces a number, or a structured reference in groups of four, is broken at the most."""
_LONGEST: Final = 25
_LONGEST_TEXT: Final = 2_000
_BASE: Final = 97


def creditor_reference(number: str) -> str:
    """The ISO 11649 reference of an invoice: its number without separators, behind ``RF`` and two check digits."""
    own = squeezed(number)
    digits = "".join(str(int(sign, 36)) for sign in f"{own}RF00")
    return f"RF{98 - int(digits) % _BASE:02d}{own}"


def numbers_in(text: str, *, known: Container[str]) -> Iterator[str]:
    """The known numbers that a text names, in its order, some perhaps twice; ``known`` are numbers as
    :func:`~apps.invoicing.rules.accounts.squeezed` writes them."""
    upper = text[:_LONGEST_TEXT].upper()
    words = [(found.group(), found.start(), found.end()) for found in _WORD.finditer(upper)]
    place = 0
    while place < len(words):
        step, number = _number_at(words, place, upper, known)
        if number:
            yield number
        place += step


def possible_numbers(text: str) -> Iterator[str]:
    """What could be numbers of this house (prefix, year, position) in a text, as they stand on invoices."""
    for found in _OURS.finditer(text[:_LONGEST_TEXT].upper()):
        prefix, year, position = found.groups()
        yield f"{prefix}-{year}-{position}"


def _number_at(words: list[tuple[str, int, int]], place: int, text: str, known: Container[str]) -> tuple[int, str]:
    """The longest number that begins with this word, and of how many words it is made."""
    joined, found = "", (1, "")
    for count, (word, _start, end) in enumerate(words[place : place + _MOST_WORDS], start=1):
        joined += word
        if len(joined) > _LONGEST:
            break
        number = _meant(joined, known)
        if number and not _goes_on(words, place + count, end, text):
            found = (count, number)
    return found


def _meant(joined: str, known: Container[str]) -> str:
    if joined in known:
        return joined
    own = joined[4:]
    return own if joined.startswith("RF") and own in known and iso11649.is_valid(joined) else ""


def _goes_on(words: list[tuple[str, int, int]], after: int, end: int, text: str) -> bool:
    """Whether digits follow with only a dash, a point or a slash between: then it is another, longer number."""
    if after >= len(words):
        return False
    word, start, _end = words[after]
    return text[end:start] in ("-", ".", "/") and word.isdigit()
