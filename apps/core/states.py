"""States and the table of steps between them: one table, read by models, views, documents and the database."""

from collections.abc import Mapping
from typing import Protocol

from apps.core.errors import IllegalTransition

type_of_table = Mapping[str, frozenset[str]]


class Stateful(Protocol):
    state: str


def table(**steps: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Write a transition table as ``table(draft=("proposed",), proposed=("active", "draft"), active=())``."""
    return {source: frozenset(targets) for source, targets in steps.items()}


def move(thing: Stateful, to: str, transitions: type_of_table) -> None:
    """Set ``thing.state`` to ``to``, or refuse with both states named.

    The caller holds the row lock and saves; the trigger built from the same table refuses what slipped past.
    """
    if to not in transitions.get(thing.state, frozenset()):
        raise IllegalTransition(
            "This is already {state}, so it cannot become {to}. Reload the page to see what happened.",
            state=_words(thing.state),
            to=_words(to),
        )
    thing.state = to


def _words(state: str) -> str:
    return str(state).replace("_", " ")
