"""What a deal file says of the words of an invoice that shall be right."""

from collections.abc import Mapping
from typing import Final

from apps.invoicing.rules.corrections import LONGEST_DESCRIPTION, LONGEST_NAME, LONGEST_VAT_NUMBER, PLAIN
from apps.workflows.deal_file.reader import Place

LINES: Final = {"line": LONGEST_NAME, "description": LONGEST_DESCRIPTION}
"""Of the invoice's first line what it is called, and what is said of it."""
WORDS: Final = {**PLAIN, "vat_number": LONGEST_VAT_NUMBER, **LINES}


def read_words(place: Place) -> Mapping[str, str]:
    """What of an invoice is put right, by its name; the rest stays as the document that stands says it."""
    found = {word: one.text(most=most) for word, most in WORDS.items() if (one := place.maybe(word)) is not None}
    place.done()
    if not found:
        place.refuse(f"says nothing that is right: {', '.join(WORDS)}")
    return found
