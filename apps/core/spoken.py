"""Statements said in a language: the words that somebody is shown and agrees to, and the same in the other languages.

The words that were shown are what counts, and are kept as they were. What they mean in another language is written down
beside them at the same moment, so that a paper in that language can show both, and nothing is translated later by
another catalogue.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from django.conf import settings
from django.utils.translation import get_language, gettext, override

from apps.core.money import Money
from apps.core.printing import words
from apps.core.statements import Statement


@runtime_checkable
class InWords(Protocol):
    """A part of a statement that each language writes in its own way; ``str`` gives it in English."""

    def in_words(self) -> str:
        """It in the language that is active."""


@dataclass(frozen=True, slots=True)
class Said:
    """A statement as it is shown: ``text`` in ``language``, and its wording's ``version``; ``statement`` is what it
    says, in no language yet."""

    text: str
    version: str
    language: str
    statement: Statement = field(repr=False)

    def kept(self) -> dict[str, Any]:
        """What is kept beside the words: their language, and what they mean in the others that Cairn speaks."""
        others = {code: _in(code, self.statement) for code, _name in settings.LANGUAGES if code != self.language}
        return {"language": self.language, "translations": {code: text for code, text in others.items() if text}}


def said(statement: Statement) -> Said:
    """The statement in the language that is active, or in English where it has no translation."""
    language = (get_language() or "en").split("-")[0]
    text = _in(language, statement)
    return Said(text or str(statement), statement.version, language if text else "en", statement)


def _in(language: str, statement: Statement) -> str:
    """The statement in a language; empty where the catalogue has it not."""
    if language == "en":
        return str(statement)
    with override(language):
        template = gettext(statement.template)
        if template == statement.template:
            return ""
        return template.format(**{name: _told(part) for name, part in statement.parts.items()})


def _told(part: Any) -> Any:
    """Sums of money and quantities as the language writes them; names, titles and numbers as they are."""
    if isinstance(part, InWords):
        return part.in_words()
    return f"{words.number(part.rounded().amount, part.currency)} {part.currency}" if isinstance(part, Money) else part
