"""States and the table of steps between them: one table, read by models, views, documents and the database."""

from collections.abc import Mapping
from typing import Any, Protocol

from apps.core.errors import IllegalTransition

type_of_table = Mapping[str, frozenset[str]]


class Stateful(Protocol):
    state: str


def table(**steps: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Write a transition table as ``table(draft=("proposed",), proposed=("active", "draft"), active=())``."""
    return {source: frozenset(targets) for source, targets in steps.items()}


def move(thing: Stateful, to: str, transitions: type_of_table) -> None:
    """Set ``thing.state`` to ``to``, or refuse with both states named in the words of the pages.

    The caller holds the row lock and saves; the trigger built from the same table refuses what slipped past.
    """
    if thing.state == to:
        raise IllegalTransition(
            "This is already “{state}”: somebody did it before. Nothing was changed.", state=_words(thing, to)
        )
    if to not in transitions.get(thing.state, frozenset()):
        raise IllegalTransition(
            "This is already “{state}”, so it cannot become “{to}”. Reload the page to see what happened.",
            state=_words(thing, thing.state),
            to=_words(thing, to),
        )
    thing.state = to


def _words(thing: Stateful, state: str) -> Any:
    """What people call a state: the label beside it in the model's ``TextChoices``, in the reader's language."""
    meta = getattr(thing, "_meta", None)
    labels = dict(meta.get_field("state").choices or ()) if meta else {}
    return labels.get(state, str(state).replace("_", " "))
