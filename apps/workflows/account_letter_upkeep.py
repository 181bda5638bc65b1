"""What the clock starts of statements of account; how such jobs wait is said in :mod:`apps.workflows.queueing`."""

from datetime import date

from procrastinate.contrib.django import app

from apps.core import clock
from apps.workflows import account_letters
from apps.workflows.queueing import AGAIN, QUEUE, queue_once


@app.periodic(cron="35 * * * *")
@app.task(queue=QUEUE, queueing_lock="write_everybodys_statements")
def write_everybodys_statements(timestamp: int) -> None:
    """Every hour, because a month ends at another hour elsewhere: one job for each seller of whose months one waits."""
    for month in account_letters.due(at=clock.now()):
        queue_once(
            write_statements,
            f"statements of {month.seller_id}",
            seller_id=month.seller_id,
            since=month.since.isoformat(),
            until=month.until.isoformat(),
        )


@app.task(queue=QUEUE, retry=AGAIN)
def write_statements(*, seller_id: int, since: str, until: str) -> None:
    """Write the statements of one month; a second run finds them written."""
    account_letters.tend(seller_id=seller_id, since=date.fromisoformat(since), until=date.fromisoformat(until))
