"""Whether two names may be those of one company: banks shorten, shout, and leave out the legal form."""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

_FORMS: Final = frozenset(
    [
        "gmbh",
        "mbh",
        "ag",
        "kg",
        "kgaa",
        "ohg",
        "gbr",
        "ug",
        "eg",
        "ev",
        "se",
        "sa",
        "sas",
        "sarl",
        "srl",
        "spa",
        "bv",
        "nv",
        "ab",
        "as",
        "oy",
        "aps",
        "ltd",
        "limited",
        "plc",
        "llc",
        "llp",
        "lp",
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "co",
        "company",
        "cie",
        "holding",
        "group",
        "gruppe",
        "und",
        "and",
        "the",
        "haftungsbeschrankt",
    ]
)
"""Legal forms and words that tell no company from another."""
_LIKE: Final = 0.87
"""How alike two names are letter by letter (Ratcliff and Obershelp, 0 to 1) to count as one with a slip in it."""
_SHORTEST: Final = 4
_LETTERS: Final = {"ß": "ss", "æ": "ae", "ø": "o", "ł": "l"}
_UMLAUTS: Final = (("ae", "a"), ("oe", "o"), ("ue", "u"))


def are_alike(one: str, other: str) -> bool:
    """Whether the telling words of one name are those of the other, all of them, or nearly so letter by letter."""
    mine, theirs = _words(one), _words(other)
    if not mine or not theirs:
        return False
    if mine == theirs:
        return True
    if _is_within(mine, theirs) or _is_within(theirs, mine):
        return True
    first, second = "".join(mine), "".join(theirs)
    if min(len(first), len(second)) < _SHORTEST:
        return False
    return first == second or SequenceMatcher(None, first, second, autojunk=False).ratio() >= _LIKE


def _is_within(few: tuple[str, ...], more: tuple[str, ...]) -> bool:
    """Whether every word of one name is in the other, one that tells something among them."""
    return all(_is_among(word, more) for word in few) and max(len(word) for word in few) >= _SHORTEST


def _is_among(word: str, words: tuple[str, ...]) -> bool:
    """Whether it is one of the words, or the beginning of one: ``sped`` for ``spedition``."""
    return word in words or (len(word) >= _SHORTEST and any(other.startswith(word) for other in words))


@lru_cache(maxsize=4_096)
def _words(name: str) -> tuple[str, ...]:
    folded = "".join(_LETTERS.get(sign, sign) for sign in unicodedata.normalize("NFKD", name[:160]).casefold())
    plain = "".join(sign for sign in folded if not unicodedata.combining(sign))
    for written, meant in _UMLAUTS:
        # Müller is Mueller at some banks and Muller at others.
        plain = plain.replace(written, meant)
    words = re.findall(r"[a-z0-9]+", plain.replace(".", "").replace("&", " "))
    return tuple(word for word in words if word not in _FORMS)
