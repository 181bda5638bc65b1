"""Write down who did what: append-only and hash-chained, in the transaction that did it."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.backends.utils import CursorWrapper

from apps.audit.models import APPEND, Chain, Entry
from apps.core import canonical
from apps.core.database import in_flight
from apps.parties.actor import Actor, ActorKind

SALT: Final = 16
"""Bytes by which equal details have different hashes, so that none is found by trying what it may be."""


@dataclass(frozen=True, slots=True)
class _Said:
    """One entry before it has its place. Its position, known under the lock, goes between ``before`` and ``after``.

    ``detail`` is what only ``readers`` may know of it; empty when there is nothing to know.
    """

    parties: frozenset[int]
    verb: str
    subject: str
    actor: Actor
    at: datetime
    before: str
    after: str
    detail: str
    readers: tuple[int, ...]

    def row(self, number: int) -> dict[str, Any]:
        """The entry as it is handed to Postgres, as the ``number``-th of those that are written together."""
        return {
            "number": number,
            "before": self.before,
            "after": self.after,
            "verb": self.verb,
            "subject": self.subject,
            "actor_name": self.actor.name,
            "organisation_id": self.actor.organisation_id,
            "happened_at": self.at,
            "detail": self.detail,
            "readers": self.readers,
        }


_waiting: ContextVar[list[tuple[str, _Said]] | None] = ContextVar("waiting", default=None)


def record(
    *,
    chain: str,
    parties: Iterable[int],
    verb: str,
    subject: str,
    actor: Actor,
    at: datetime,
    told_to: Iterable[int] = (),
    private: Mapping[str, Any] | None = None,
    **facts: Any,
) -> None:
    """Append one entry to a chain, making the chain on first use; inside :func:`written_together`, at its end.

    ``chain`` is ``contract:<ref>`` or ``organisation:<ref>``; ``parties`` the organisations that may read it from now
    on; ``facts`` whatever proves what was done (hashes, amounts, states), in canonical types. From where somebody
    acted, and the facts that are ``private``, are told to the actor's own organisation and to those in ``told_to``;
    the chain has a hash in their place. The chain's head is locked until the end of the transaction.
    """
    detail = _detail(actor, private or {})
    text = canonical.text(
        {
            "position": 0,
            "verb": verb,
            "subject": subject,
            "at": at,
            "actor": {
                "kind": actor.kind.value,
                # The people of a financier are its own business; those of the two sides deal with each other.
                "name": "" if actor.speaks_for_financier else actor.name,
                "organisation": actor.organisation_id,
                "sealed": canonical.sha256(detail) if detail else "",
            },
            "facts": facts,
        }
    )
    # Keys are sorted: only subject and verb, which nobody types, follow the position.
    before, mark, after = text.rpartition('"position":0')
    readers = tuple(sorted({actor.organisation_id, *told_to}))
    said = _Said(frozenset(parties), verb, subject, actor, at, before + mark[:-1], after, detail, readers)
    waiting = _waiting.get()
    if waiting is None:
        _append(chain, [said])
    else:
        waiting.append((chain, said))


def _detail(actor: Actor, private: Mapping[str, Any]) -> str:
    """What an entry does not tell everybody, as canonical text; of the system alone there is nothing to hide."""
    if actor.kind is ActorKind.SYSTEM and not private:
        return ""
    return canonical.text(
        {
            "salt": secrets.token_hex(SALT),
            "name": actor.name,
            "email": actor.email,
            "user": actor.user_id,
            "grant": actor.grant_id,
            "address": actor.origin.address,
            "agent": actor.origin.agent,
            "authenticated_by": actor.origin.authenticated_by,
            "facts": private,
        }
    )


@contextmanager
def written_together() -> Iterator[None]:
    """What is recorded inside the block is written at its end, in one statement for each chain.

    So the heads of the chains, which others may wait for, are locked last, briefly, and in one order: by subject.
    """
    waiting: list[tuple[str, _Said]] = []
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    chains: dict[str, list[_Said]] = defaultdict(list)
    for chain, said in waiting:
        chains[chain].append(said)
    for chain in sorted(chains):
        _append(chain, chains[chain])


def last_told(*, verb: str, subject: str, actor: Actor) -> Entry | None:
    """The last time that the actor's own organisation did this to a thing, which may be gone since; None for never."""
    own = Entry.objects.visible_to(actor).filter(organisation_id=actor.organisation_id)
    return own.filter(verb=verb, subject=subject).order_by("-happened_at", "-pk").first()


def _append(chain: str, entries: Sequence[_Said]) -> None:
    parties = sorted(frozenset[int]().union(*(said.parties for said in entries)))
    values = {
        "chain": chain,
        "parties": parties,
        "entries": canonical.text([said.row(number) for number, said in enumerate(entries, start=1)]),
    }

    def begin_if_new(cursor: CursorWrapper) -> None:
        if not _was_appended(cursor):
            Chain.objects.bulk_create([Chain(subject=chain, parties=parties)], ignore_conflicts=True)
            in_flight.write(APPEND, values, look=must_be_appended)

    def must_be_appended(cursor: CursorWrapper) -> None:
        if not _was_appended(cursor):
            raise LookupError(f"the chain {chain} cannot be seen: nobody of its parties asks for it")

    in_flight.write(APPEND, values, look=begin_if_new)


def _was_appended(cursor: CursorWrapper) -> bool:
    return bool(cursor.rowcount > 0)  # one for every reader of the chain
