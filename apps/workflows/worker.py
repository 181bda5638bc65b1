"""Running the jobs: a worker process, a worker thread beside the demo's web server, or at once in this very thread."""

import asyncio
import json
import logging
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, Final

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connection, connections
from procrastinate.contrib.django import app

log = logging.getLogger(__name__)

STOP_WITHIN: Final = 20.0
"""Seconds that running jobs are given to finish when the worker stops; what does not is tried again."""
BEGIN_AGAIN_AFTER: Final = 5.0
INLINE_QUEUES: Final = ["books", "documents", "mail", "statements"]
"""What workflows defer. What the clock starts belongs to the worker."""
SETTINGS: Final = ("app.orgs", "app.user", "app.contract", "app.token")


def run_worker() -> None:
    """Work until SIGINT or SIGTERM; a job that runs then is finished first."""
    loop = asyncio.new_event_loop()
    work = loop.create_task(_work(name="process"))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, work.cancel)
    _run(loop, work)


@contextmanager
def running() -> Iterator[None]:
    """A worker in a thread of this process, for the time of the block."""
    loop = asyncio.new_event_loop()
    work = loop.create_task(_work(name="thread"))
    thread = threading.Thread(target=_run, args=(loop, work), name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        # A worker that fell over has closed its loop already, and there is nothing to stop.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(work.cancel)
        thread.join(STOP_WITHIN + 5)


def run_due_jobs() -> int:
    """Run every due job of the workflows, one after the other, here and now; the answer is how many.

    For the deal player and for tests: what a job raises is raised here, and the job counts as failed. The walls are
    afterwards what they were before.
    """
    count = 0
    with _same_walls(), connection.cursor() as cursor:
        cursor.execute("SELECT procrastinate_register_worker_v1()")
        (worker_id,) = cursor.fetchone()
        try:
            while (job := _fetch(worker_id)) is not None:
                _run_here(*job)
                count += 1
        finally:
            if not connection.needs_rollback:
                cursor.execute("SELECT procrastinate_unregister_worker_v1(%s)", [worker_id])
    return count


def _run(loop: asyncio.AbstractEventLoop, work: "asyncio.Task[None]") -> None:
    asyncio.set_event_loop(loop)
    # One thread runs all jobs: it stays warm, and its database connection is closed with it.
    jobs_thread = ThreadPoolExecutor(1, thread_name_prefix="jobs")
    loop.set_default_executor(jobs_thread)
    try:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(work)
    except Exception:
        log.exception("The worker stopped")
    finally:
        jobs_thread.submit(connections.close_all).result()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _work(*, name: str) -> None:
    """Work until cancelled. A worker that fell over, as it does when the database goes away, begins again."""
    while True:
        try:
            await _work_once(name=name)
        except Exception:
            log.exception("The worker fell over")
        if _is_told_to_stop():
            # It fell over while it stopped, and whoever told it to stop will not say so twice.
            return
        log.warning("The worker begins again in %g seconds", BEGIN_AGAIN_AFTER)
        await asyncio.sleep(BEGIN_AGAIN_AFTER)


def _is_told_to_stop() -> bool:
    """Whether this task was cancelled, and an error took the place of the cancellation on the way."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _work_once(*, name: str) -> None:
    """Returns, or raises, when the database was lost; when it is cancelled, running jobs are finished first.

    The clock defers its jobs through a connection of Django's, in the thread that asgiref keeps for that. Each
    beginning has a thread, and with it a connection, of its own: a lost one would fell every worker that comes after.
    """
    worker = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
    async with ThreadSensitiveContext(), worker.open_async():
        try:
            await worker.run_worker_async(
                name=name, install_signal_handlers=False, shutdown_graceful_timeout=STOP_WITHIN
            )
        finally:
            await sync_to_async(connections.close_all)()


def _fetch(worker_id: int) -> tuple[int, str, dict[str, Any]] | None:
    """Claim the next due job, as a worker would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, args::text FROM procrastinate_fetch_job_v2(%s::varchar[], %s)",
            [INLINE_QUEUES, worker_id],
        )
        number, task, arguments = cursor.fetchone()
    return None if number is None else (number, task, json.loads(arguments))


def _run_here(number: int, task: str, arguments: dict[str, Any]) -> None:
    status = "failed"
    try:
        app.tasks[task].func(**arguments)
        status = "succeeded"
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT procrastinate_finish_job_v1(%s, %s, false)", [number, status])


@contextmanager
def _same_walls() -> Iterator[None]:
    """Jobs ask for organisations of their own; the caller goes on asking for those it asked for."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(['current_setting(%s, true)'] * len(SETTINGS))}", SETTINGS)
        before = cursor.fetchone()
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                for name, value in zip(SETTINGS, before, strict=True):
                    cursor.execute("SELECT set_config(%s, %s, false)", [name, value or ""])
