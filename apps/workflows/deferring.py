"""How jobs get into the queue: in the transaction that causes them."""

import json
from typing import Final

from procrastinate.jobs import JobDeferrer

from apps.core.database import in_flight

DEFER: Final = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY(SELECT job"
    " FROM jsonb_populate_recordset(NULL::procrastinate_job_to_defer_v1, %s::jsonb) job))"
)


def defer(*planned: JobDeferrer) -> None:
    """Defer several jobs in one statement; each is ``task.configure(task_kwargs={…})``.

    By the function that procrastinate's own manager calls, which would wait for the numbers of the jobs.
    """
    rows = [
        {
            "queue_name": job.queue,
            "task_name": job.task_name,
            "priority": job.priority,
            "lock": job.lock,
            "queueing_lock": job.queueing_lock,
            "args": job.task_kwargs,
            "scheduled_at": job.scheduled_at and job.scheduled_at.isoformat(),
        }
        for job in (one.job for one in planned)
    ]
    in_flight.write(DEFER, [json.dumps(rows)])
