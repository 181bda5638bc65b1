"""Several actions at once, each in a thread with a connection of its own; for tests with the fixture ``scratch``."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection, connections

T = TypeVar("T")


def together(*actions: Callable[[], T]) -> list[T | Exception]:
    """Release all actions at the same moment and answer what each returned or raised, in their order."""
    start = Barrier(len(actions))

    def run(action: Callable[[], T]) -> T | Exception:
        try:
            connection.ensure_connection()  # before the start, so that no action is late by connecting
            start.wait(timeout=30)
            return action()
        except Exception as error:  # what an action raises is its result
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def somebody_waits() -> bool:
    """Whether a connection to this database waits for a lock."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        (waits,) = cursor.fetchone()
    return bool(waits)
