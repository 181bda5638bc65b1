"""What a person can be told when something cannot be done.

A refusal is written once, in English, as a template with named parts. The door that shows it translates the
template and fills it in, so rules that know no Django can still speak German.
"""

from collections.abc import Iterable
from typing import Any, Final

WORDS: Final = frozenset({"action", "state", "to", "what"})
"""The parts of a refusal that are words of the product and have translations: what may not be done, states, the name of
what is missing. Every other part is somebody's own (names, numbers, mailboxes) and is told as it is."""


class Refused(Exception):
    """The business says no: nothing was changed, and the message says what to do instead.

    ``template`` uses ``str.format`` names; ``field`` names the form field to which the message belongs; ``lacks`` what
    the person's own organisation has to add first, so that a door can show the way there. ``more`` are refusals of the
    same kind beside it, so that all is mended in one go.
    """

    more: tuple["Refused", ...] = ()

    def __init__(self, template: str, *, field: str | None = None, lacks: str = "", **parts: Any) -> None:
        super().__init__(template)
        self.template = template
        self.field = field
        self.lacks = lacks
        self.parts = parts

    def __str__(self) -> str:
        said = self.template.format(**self.parts) if self.parts else self.template
        return " ".join([said, *(str(one) for one in self.more)])


def refuse_all(found: Iterable[Refused]) -> None:
    """Refuse by the first of these and tell the others with it; nothing where there is none."""
    refused = list(found)
    if refused:
        refused[0].more = tuple(refused[1:])
        raise refused[0]


class NotAllowed(Refused):
    """The actor lacks the role, the limit or the side that this action needs."""


class ProofNeeded(NotAllowed):
    """Who acts has to show once more who it is: what is asked for weighs more than a session or a link."""


class IllegalTransition(Refused):
    """The object is in a state from which this step does not exist, usually because somebody else was first."""


class Stale(Refused):
    """What the person saw is no longer what stands: show the new text, sign nothing."""


class KeyReused(Refused):
    """The same one-time key came with other parameters: a programming error or a tampered form."""
