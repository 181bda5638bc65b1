"""Texts as people type them: trimmed, in one normal form, not too long, and to be seen."""

import unicodedata

from apps.core.errors import Refused
from apps.core.texts import has_unseen, is_blank


def required(text: str, *, most: int, what: str, field: str) -> str:
    """The text as :func:`trimmed` keeps it; refused when nothing is left of it."""
    kept = trimmed(text, most=most, what=what, field=field)
    if is_blank(kept):
        raise Refused("The {what} is missing.", field=field, what=what)
    return kept


def trimmed(text: str, *, most: int, what: str, field: str) -> str:
    """The text in Unicode's composed form (NFC) without white space around it; refused when it cannot be kept."""
    kept = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if len(kept) > most:
        raise Refused("The {what} is longer than {most} characters.", field=field, what=what, most=most)
    if has_unseen(kept):
        raise Refused("The {what} contains signs that cannot be seen. Type it anew.", field=field, what=what)
    return kept
