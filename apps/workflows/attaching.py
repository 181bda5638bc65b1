"""A file and its row: the bytes are stored first, and counted only with the row that names them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from apps.audit import services as audit
from apps.milestones import services as milestones


@contextmanager
def with_its_row(stored_as: str) -> Iterator[None]:
    """One transaction for the row of bytes that are stored; where no row names them after it, they are deleted again.

    A file that was there already, because it is sent twice, has its row, so no key is needed to know.
    """
    try:
        with transaction.atomic(durable=True), audit.written_together():
            yield
    finally:
        milestones.discard_unless_known(stored_as)
