"""What a rule in the place of a person rests on, written down as a canonical text when silence decides."""

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.contracts import services as contracts
from apps.contracts.models import Contract, GuestGrant
from apps.contracts.rules import ReviewTerms
from apps.contracts.rules.review import counts
from apps.core import canonical
from apps.milestones.models import Dispute, Reminder, Submission

FORMAT: Final = "lapse-1"


def lapse_text(submission: Submission, *, contract: Contract, silence: str, outcome: str, at: datetime) -> str:
    """The notice that was served (to whom, how and when that is known), the reminders, the clause of the contract, the
    deadline with its computation, and what follows from it.

    ``milestone__line__version`` is read already; ``at`` is when it is written down. The audit chain names the SHA-256.
    """
    milestone = submission.milestone
    version, own = milestone.line.version, milestone.line.own
    review = contracts.review_terms(version, own=own)
    return canonical.text(
        {
            "format": FORMAT,
            "contract": {
                "ref": contract.ref,
                "number": contract.number,
                "version": version.number,
                "version_sha256": version.sha256,
            },
            "milestone": {
                "ref": milestone.ref,
                "position": milestone.position,
                "part": milestone.part,
                "title": milestone.title,
                "amount": milestone.amount,
                "currency": milestone.currency,
            },
            "submission": {
                "ref": submission.ref,
                "cycle": submission.number,
                "submitted_at": submission.submitted_at,
                "sha256": submission.sha256,
            },
            "clause": {
                "silence": silence,
                "days": review.days,
                "unit": review.unit,
                "country": review.country,
                "subdivision": review.subdivision,
                "time_zone": review.time_zone,
                "is_of_the_milestone": bool(own.silence or own.review_days),
            },
            "notice": {
                "at": submission.notified_at,
                "proof": submission.notified_by,
                "to": _told(submission),
            },
            "reminders": [
                {"kind": one.kind, "at": one.reminded_at, "review_due_at": one.review_due_at}
                for one in submission.reminders.exclude(kind=Reminder.Kind.PASSED).order_by("reminded_at", "pk")
            ],
            "stood_still": _stood_still(submission),
            "computation": _computation(submission, terms=review),
            "review_due_at": submission.review_due_at,
            "outcome": outcome,
            "written_down_at": at,
        }
    )


def _told(submission: Submission) -> list[dict[str, Any]]:
    """Whose mailboxes had been asked to decide when the clock began, and when each opened the link."""
    links = GuestGrant.objects.filter(
        contract_id=submission.contract_id,
        purpose=GuestGrant.Purpose.SIGN_OFF,
        subject_ref=submission.ref,
        created_at__lte=submission.notified_at,
    )
    return [
        {"name": link.name, "email": link.email, "asked_at": link.created_at, "first_viewed_at": link.first_viewed_at}
        for link in links.order_by("pk")
    ]


def _stood_still(submission: Submission) -> list[dict[str, Any]]:
    """From when to when the clock did not run, and what that made of the deadline."""
    questions = submission.questions.filter(stops_clock=True, answered_at__isnull=False)
    disputes = Dispute.objects.filter(submission=submission, stopped_at__isnull=False, due_after__isnull=False)
    rows = [
        *(("question", one.asked_at, one.answered_at, one.due_before, one.due_after) for one in questions),
        *(("dispute", one.stopped_at, one.settled_at, one.due_before, one.due_after) for one in disputes),
    ]
    names = ("cause", "from", "until", "due_before", "due_after")
    return [dict(zip(names, row, strict=True)) for row in sorted(rows, key=lambda row: str(row[1]))]


def _computation(submission: Submission, *, terms: ReviewTerms) -> dict[str, Any]:
    """From the day of the notice, which does not count, the days until the deadline and those that were left out."""
    notified_at, due_at = submission.notified_at, submission.review_due_at
    if notified_at is None or due_at is None:
        raise ValueError(f"submission {submission.ref} has no clock")
    zone = ZoneInfo(terms.time_zone)
    first, last = notified_at.astimezone(zone).date(), due_at.astimezone(zone).date()
    between = [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]
    return {
        "day_of_the_notice": first,
        "last_day": last,
        "left_out": [day for day in between if not counts(day, terms=terms)],
    }
