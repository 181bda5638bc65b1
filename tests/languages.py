"""A language in which every text is marked: where a mark stands in what somebody reads, it was written for another."""

from collections.abc import Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from unittest.mock import patch

from django.utils.translation import trans_real

CODE = "en-x-marked"
LEFT, RIGHT = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"


class _Marked(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"{LEFT}{message}{RIGHT}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return self.ngettext(msgid1, msgid2, n)

    def to_language(self) -> str:
        return CODE

    language = to_language


@contextmanager
def marked() -> Iterator[str]:
    """The code of that language, for ``translation.override``; it is there inside the block alone."""
    with patch.dict(trans_real._translations, {CODE: _Marked()}):  # type: ignore[attr-defined]
        yield CODE


def marks(text: str) -> list[str]:
    """The lines of a text in which something is marked."""
    return [line for line in text.splitlines() if LEFT in line]
