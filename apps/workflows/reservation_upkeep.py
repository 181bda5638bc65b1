"""What the clock starts of defects that are due; how such jobs wait: :mod:`apps.workflows.queueing`."""

from procrastinate.contrib.django import app

from apps.core import clock
from apps.workflows import mended, reserving
from apps.workflows.queueing import AGAIN, QUEUE, queue_once


@app.periodic(cron="25 * * * *")
@app.task(queue=QUEUE, queueing_lock="remind_of_everybodys_defects")
def remind_of_everybodys_defects(timestamp: int) -> None:
    """Every hour, for days begin at other hours elsewhere: one job for each defect that is due soon or lately."""
    for one in reserving.due_defects(at=clock.now()):
        queue_once(
            remind_of_defect,
            f"defect {one.reservation_ref} {one.what}",
            reservation_ref=one.reservation_ref,
            seller_id=one.seller_id,
            what=one.what,
        )


@app.task(queue=QUEUE, retry=AGAIN)
def remind_of_defect(*, reservation_ref: str, seller_id: int, what: str) -> None:
    """Remind of one; a second run finds it done."""
    reserving.tend(reservation_ref=reservation_ref, seller_id=seller_id, what=what)


@app.periodic(cron="35 * * * *")
@app.task(queue=QUEUE, queueing_lock="remind_of_everything_mended")
def remind_of_everything_mended(timestamp: int) -> None:
    """Every hour: one job for each mended defect whose days to answer are nearly over, or over lately."""
    for one in mended.due_answers(at=clock.now()):
        queue_once(
            remind_of_mended,
            f"answer {one.reservation_ref} {one.what}",
            reservation_ref=one.reservation_ref,
            seller_id=one.seller_id,
            what=one.what,
            due=one.due,
        )


@app.task(queue=QUEUE, retry=AGAIN)
def remind_of_mended(*, reservation_ref: str, seller_id: int, what: str, due: str) -> None:
    """Tell of one; a second run finds it done."""
    mended.tend(reservation_ref=reservation_ref, seller_id=seller_id, what=what, due=due)
