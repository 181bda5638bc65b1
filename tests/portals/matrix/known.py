"""Who asks is found out once for each visitor, and remembered: the session, the person, the memberships.

In a matrix these rows stay what they are: nothing that a visitor changes outlives its cell (``undone``), the
fingerprint of every table is compared after each test, and each visitor comes to every cell in the browser as it was
after the sign-in. So to read them anew for each cell gives the same answer each time, for a quarter of what a refusal
costs. The first cell of a visitor reads them as the product does, and what is made of them (the actor, the walls, the
door) is made anew for every cell.
"""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

from apps.parties.models import Membership, User
from apps.portals import access


@contextmanager
def remembered() -> Iterator[None]:
    """Inside the block nobody's session, person and memberships are read twice."""
    memberships: Callable[[HttpRequest, User], Membership | None] = access.chosen_membership
    chosen: dict[Any, bytes] = {}

    def choose(request: HttpRequest, user: User) -> Membership | None:
        of = (user.pk, request.session.get("organisation"))
        if of not in chosen:
            chosen[of] = pickle.dumps((memberships(request, user), access.memberships_of(request)))
        membership: Membership | None
        # Each cell gets copies, for a form writes into what it is about before it is found wrong.
        membership, request.memberships = pickle.loads(chosen[of])  # type: ignore[attr-defined]  # noqa: S301
        return membership

    with (
        patch.object(SessionStore, "load", _once(SessionStore.load, lambda session: session.session_key)),
        patch.object(ModelBackend, "get_user", _once(ModelBackend.get_user, lambda _backend, number: int(number))),
        patch.object(access, "chosen_membership", choose),
    ):
        yield


def _once(read: Callable[..., Any], of: Callable[..., Any]) -> Callable[..., Any]:
    """The same, reading at the first call; every call gets a copy. What was not there is looked for again."""
    kept: dict[Any, bytes] = {}

    def reading(*given: Any) -> Any:
        key = of(*given)
        if key not in kept:
            found = read(*given)
            if not found:
                return found
            kept[key] = pickle.dumps(found)
        return pickle.loads(kept[key])  # noqa: S301  our own bytes of a moment ago

    return reading
