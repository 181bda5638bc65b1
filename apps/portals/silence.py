"""What the page of a submission says of silence to either side: before the notice, while the clock runs, and after."""

from datetime import datetime

from apps.contracts import wording
from apps.contracts.rules.review import DECIDES
from apps.milestones.models import Submission
from apps.milestones.services import SilenceAhead
from apps.portals import formats


def sentence(submission: Submission, ahead: SilenceAhead, *, now: datetime) -> str:
    """What silence will do, or did, with the deadline in the review's time zone; and why not what was agreed.

    Of a clock that stands still there is no deadline, so only what it means is said.
    """
    if submission.suspended_at is not None:
        said = wording.silence_means(ahead.does)
    elif submission.notified_at is None or submission.review_due_at is None:
        said = wording.silence_before_notice(ahead.does)
    else:
        tell = wording.silence_was if now > submission.review_due_at else wording.silence_by
        said = tell(ahead.does, due=_told(submission.review_due_at, submission.review_zone))
    return f"{said} {wording.nothing_by_silence(ahead.barred_by)}" if ahead.barred_by else said


def is_past(submission: Submission, *, now: datetime) -> bool:
    """Whether the review ended without an answer."""
    is_running = submission.notified_at is not None and submission.suspended_at is None
    return is_running and submission.review_due_at is not None and now > submission.review_due_at


def has_decided(submission: Submission, ahead: SilenceAhead, *, now: datetime) -> bool:
    """Whether silence has decided already, written down or not: nobody decides any more."""
    return is_past(submission, now=now) and ahead.does in DECIDES


def _told(due_at: datetime, zone: str) -> str:
    return f"{formats.instant(due_at, zone)} ({wording.place(zone)})"
