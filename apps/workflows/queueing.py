"""How the clock's jobs wait: one queue, tried again within the day, and never twice the same."""

from contextlib import suppress

from procrastinate import RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.tasks import Task
from procrastinate.types import JSONValue

QUEUE = "upkeep"
AGAIN = RetryStrategy(max_attempts=5, wait=60, exponential_wait=4)
"""After a minute and more, 18 at last: the work of a day is done on that day."""


def queue_once(task: "Task[..., None, ...]", lock: str, **arguments: JSONValue) -> None:
    """Queue a task under the name of what it works on, unless it waits there: an outage ends without a flood."""
    with suppress(AlreadyEnqueued):
        task.configure(queueing_lock=lock).defer(**arguments)
