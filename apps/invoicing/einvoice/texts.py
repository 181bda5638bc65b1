"""How words and amounts stand in the XML of an invoice, whichever syntax it has."""

import re
from decimal import Decimal
from typing import Final

from apps.core import money
from apps.core.printing.words import NBSP

UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not have; they cannot be seen on paper either."""


def cleaned(words: str) -> str:
    """The words without what XML cannot hold, and without blanks around them."""
    return UNWRITABLE.sub(" ", words).replace(NBSP, " ").strip()


def figure(name: str, amount: Decimal, currency: str) -> str:
    """With the digits of the currency; an amount that has more of them was not rounded where it had to be."""
    if not money.is_exact(amount, currency):
        raise ValueError(f"{name} {amount} is no amount of {currency}")
    return f"{money.half_up(amount, currency):f}"
