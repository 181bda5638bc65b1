"""What the clock starts of reviews: which mails came back, and then reminders and what silence means; how such jobs
wait: :mod:`apps.workflows.queueing`."""

from imaplib import IMAP4

from django.conf import settings
from django.core.management import CommandError, call_command
from procrastinate.contrib.django import app

from apps.core import clock
from apps.milestones.services import SILENCE
from apps.workflows import reviews
from apps.workflows.queueing import AGAIN, QUEUE, queue_once


@app.periodic(cron="*/10 * * * *")
@app.task(queue=QUEUE, queueing_lock="tend_everybodys_reviews")
def tend_everybodys_reviews(timestamp: int) -> None:
    """Every ten minutes, one job for each review of which something is due: a reminder, or what silence means.

    What waits in the queue already is not queued again, so an outage ends without a flood. First it is read which mails
    came back. Where that cannot be read, silence decides nothing meanwhile; it takes effect at the deadline all the
    same once it can, and the failed job says so.
    """
    unread = _read_bounces()
    for review in reviews.due(at=clock.now()):
        if unread is not None and review.what == SILENCE:
            continue
        lock = f"review {review.submission_ref} {review.what}"
        queue_once(
            tend_review,
            lock,
            submission_ref=review.submission_ref,
            seller_id=review.seller_id,
            what=review.what,
            due=review.due,
        )
    if unread is not None:
        raise unread


def _read_bounces() -> Exception | None:
    """Read the mailbox of notifications, where one is set; what went wrong, if something did."""
    if not settings.BOUNCES_URL:
        return None
    try:
        call_command("read_bounces")
    except (CommandError, OSError, IMAP4.error) as error:
        return error
    return None


@app.task(queue=QUEUE, retry=AGAIN, aliases=["apps.workflows.upkeep.tend_review"])
def tend_review(*, submission_ref: str, seller_id: int, what: str, due: str = "") -> None:
    """Do what is due of one review; a second run finds it done."""
    reviews.tend(submission_ref=submission_ref, seller_id=seller_id, what=what, due=due)
