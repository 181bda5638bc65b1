"""``manage.py verify_audit``: recompute every chain of the audit trail."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction

from apps.audit.models import Chain, Detail, Entry
from apps.core import canonical

OWNER = "owner"
AT_ONCE = 2_000


class Command(BaseCommand):
    """Recompute every hash, count every position, compare every head, and say of each chain what is wrong with it.

    A superuser who rewrites a whole chain can only be found by a head that was kept elsewhere: the heads printed on
    certificates and sent by mail.
    """

    help = "Verify the hash chains of the audit trail; prints one line per problem."

    def handle(self, *_args: Any, **_options: Any) -> None:
        with _at_one_moment():
            self._verify()

    def _verify(self) -> None:
        chains = entries = problems = 0
        for chain, written in _by_chain():
            chains += 1
            position, head = 0, "0" * 64
            for entry in written:
                entries += 1
                for problem in _problems(entry, position=position + 1, previous=head):
                    problems += 1
                    self.stdout.write(f"{chain.subject} #{entry.position}: {problem}")
                # From here on the chain is followed as it stands, so that one change is one problem.
                position, head = entry.position, entry.sha256
            if (position, head) != (chain.position, chain.head):
                problems += 1
                self.stdout.write(
                    f"{chain.subject}: the head says #{chain.position} {chain.head[:12]}…,"
                    f" the last entry is #{position} {head[:12]}…"
                )
        if problems:
            raise CommandError(f"{problems} problems in {entries} entries of {chains} chains.")
        self.stdout.write(f"{entries} entries in {chains} chains, every hash as it was written.")


@contextmanager
def _at_one_moment() -> Iterator[None]:
    """See heads and entries as they stood at one moment, while others go on writing.

    Inside a transaction of the caller's, its view of the trail is what is verified.
    """
    is_first = not connections[OWNER].in_atomic_block
    with transaction.atomic(using=OWNER):
        if is_first:
            with connections[OWNER].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _by_chain() -> Iterator[tuple[Chain, Iterator[Entry]]]:
    """Every chain with its entries in order: two queries, read side by side, some thousand rows at a time."""
    heads = Chain.objects.using(OWNER).order_by("pk").iterator(chunk_size=AT_ONCE)
    entries = Entry.objects.using(OWNER).select_related("detail").order_by("chain_id", "position")
    rows = entries.iterator(chunk_size=AT_ONCE)
    groups = groupby(rows, key=lambda entry: entry.chain_id)
    ahead = next(groups, None)
    for chain in heads:
        if ahead is not None and ahead[0] == chain.pk:
            yield chain, ahead[1]
            ahead = next(groups, None)
        else:
            yield chain, iter(())


def _problems(entry: Entry, *, position: int, previous: str) -> Iterator[str]:
    if entry.position != position:
        yield f"position {position} is missing"
    if entry.previous != previous:
        yield "does not follow from the entry before"
    if entry.sha256 != canonical.sha256(entry.previous + entry.text):
        yield "its hash is not the hash of its text"
        return
    said = canonical.read(entry.text)
    detail: Detail | None = getattr(entry, "detail", None)
    # Entries of earlier versions tell everything themselves.
    if said["actor"].get("sealed", "") != (canonical.sha256(detail.text) if detail is not None else ""):
        yield "who acted, and from where, is not what its hash says, or is not there"
        return
    yield from _columns_that_differ(entry, said, who=canonical.read(detail.text) if detail else said["actor"])


def _columns_that_differ(entry: Entry, said: dict[str, Any], *, who: dict[str, Any]) -> Iterator[str]:
    """Columns repeat parts of the hashed texts, so a change of a column alone is seen too."""
    repeated = {
        "position": (entry.position, said["position"]),
        "verb": (entry.verb, said["verb"]),
        "subject": (entry.subject, said["subject"]),
        "actor_name": (entry.actor_name, who["name"]),
        "organisation_id": (entry.organisation_id, said["actor"]["organisation"]),
        "happened_at": (entry.happened_at, datetime.fromisoformat(said["at"])),
    }
    for column, (found, written) in repeated.items():
        if found != written:
            yield f"the column {column} says {found}, the hashed text says {written}"
