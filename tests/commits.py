"""What COMMIT would check, where nothing is ever committed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import DatabaseError, transaction


@contextmanager
def checked_without_commit() -> Iterator[None]:
    """Inside this block, leaving a durable block inside another transaction checks what COMMIT checks there.

    It is asked where the workflow ends, so by whoever acts: afterwards nobody acts, and the walls hide the rows.
    """
    leave = transaction.Atomic.__exit__

    def checked(block: Any, kind: Any, error: Any, trace: Any) -> None:
        connection = transaction.get_connection(block.using)
        if kind is None and block.durable and len(connection.atomic_blocks) > 1:
            try:
                connection.check_constraints()
            except DatabaseError as broken:
                leave(block, type(broken), broken, broken.__traceback__)
                raise
        leave(block, kind, error, trace)

    with patch.object(transaction.Atomic, "__exit__", checked):
        yield
