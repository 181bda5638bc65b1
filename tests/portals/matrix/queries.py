"""Which names of a query a page looks at. What it never looks at cannot change what it shows.

Django reads the query of an address into ``request.GET``, and nothing of ours reads the address itself. So a page that
was not seen to ask ``request.GET`` for a name, or for all of them, answers a query of that name as it answers without:
there is nothing to try. Asking for one name may lead to another, so what is sent is watched as well.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from django.core.handlers import wsgi
from django.http import QueryDict

EVERY_NAME: Final = "*"
PASSING_ON: Final = frozenset({"django.http.request", "django.utils.datastructures", "apps.portals.too_often"})
"""Who asks without looking: the dictionary itself, which copies and writes out what is in it, so that a link carries on
what the visitor said; and the limit that counts how often somebody searches, whatever page it is."""


@contextmanager
def watched() -> Iterator[set[str]]:
    """Inside the block the names at which pages look are noted in the answer."""
    looked: set[str] = set()

    class Watched(QueryDict):
        """A query, and its copies."""

        def __getitem__(self, name: Any) -> Any:
            _note(looked, name)
            return super().__getitem__(name)

        def __contains__(self, name: object) -> bool:
            _note(looked, name)
            return super().__contains__(name)

        def get(self, name: Any, default: Any = None) -> Any:
            _note(looked, name)
            return super().get(name, default)

        def getlist(self, name: Any, default: Any = None) -> Any:
            _note(looked, name)
            return super().getlist(name, default)

        def pop(self, name: Any, *default: Any) -> Any:
            _note(looked, name)
            return super().pop(name, *default)

        def __len__(self) -> int:
            _note(looked, EVERY_NAME)
            return super().__len__()

        def __iter__(self) -> Any:
            _note(looked, EVERY_NAME)
            return super().__iter__()

        def keys(self) -> Any:
            _note(looked, EVERY_NAME)
            return super().keys()

        def values(self) -> Any:
            _note(looked, EVERY_NAME)
            return super().values()

        def items(self) -> Any:
            _note(looked, EVERY_NAME)
            return super().items()

        def lists(self) -> Any:
            _note(looked, EVERY_NAME)
            return super().lists()

        def dict(self) -> Any:
            _note(looked, EVERY_NAME)
            return super().dict()

    with patch.object(wsgi, "QueryDict", Watched):
        yield looked


def of_interest(queries: Iterable[str], looked: set[str]) -> list[str]:
    """Those with a name at which somebody looked."""
    return [query for query in queries if EVERY_NAME in looked or not looked.isdisjoint(QueryDict(query))]


def _note(looked: set[str], name: object) -> None:
    """The frame above this one is a method of the query; above it stands who asks."""
    if sys._getframe(2).f_globals.get("__name__") not in PASSING_ON:
        looked.add(str(name))
