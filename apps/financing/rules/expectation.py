"""When a buyer is likely to pay for a milestone: its plan, how the seller keeps plans, and how the buyer pays.

Days are calendar days. Too few observations say nothing: then nothing is added, and the page says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import ceil

LEAST = 3
"""So many observations are needed before a history is counted on."""
LATE_SHARE = 80
"""The percentile of the seller's past slips that a price allows for."""


class Step(StrEnum):
    """What lies between today and the payment, in the order in which it happens."""

    COMPLETION = "completion"
    SLIP = "slip"
    REVIEW = "review"
    INVOICE = "invoice"
    TERMS = "terms"
    DUE = "due"
    LATENESS = "lateness"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How many days milestones were submitted after their plan, and invoices paid after they were due.

    Negative where it was earlier. ``slips`` are the seller's, ``lateness`` the buyer's to this seller.
    """

    slips: Sequence[int] = ()
    lateness: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One step: ``days`` that it takes, and the day that is reached by it. ``known`` counts its observations."""

    step: Step
    days: int
    on: date
    known: int = 0


def percentile(values: Sequence[int], *, share: int) -> int:
    """The nearest-rank percentile: the smallest value that at least ``share`` percent of all do not exceed."""
    return sorted(values)[max(ceil(share * len(values) / 100), 1) - 1]


def slip_allowed_for(history: History) -> int:
    """The 80th percentile of the seller's slips; nothing for one who is early, or of whom too little is known."""
    if len(history.slips) < LEAST:
        return 0
    return max(percentile(history.slips, share=LATE_SHARE), 0)


def usual_lateness(history: History) -> int:
    """The buyer's median lateness; nothing for one who pays in time, or of whom too little is known."""
    if len(history.lateness) < LEAST:
        return 0
    return max(percentile(history.lateness, share=50), 0)


def of_invoice(*, due_on: date, history: History) -> list[Part]:
    """An invoice is paid when it is due, and as late as its buyer usually pays."""
    late = usual_lateness(history)
    return [
        Part(step=Step.DUE, days=0, on=due_on),
        Part(step=Step.LATENESS, days=late, on=due_on + timedelta(days=late), known=len(history.lateness)),
    ]


def of_milestone(
    *, completed_on: date, review_days: int, due_on: Callable[[date], date], history: History
) -> list[Part]:
    """Before acceptance: completion, the seller's slip, review, invoice at once, terms, the buyer's lateness.

    ``due_on`` gives the day on which an invoice of a day is due by the agreed terms. Nothing is paid on the day of
    completion.
    """
    slip, late = slip_allowed_for(history), usual_lateness(history)
    accepted_on = completed_on + timedelta(days=slip + review_days)
    due = max(due_on(accepted_on), completed_on + timedelta(days=1))
    return [
        Part(step=Step.COMPLETION, days=0, on=completed_on),
        Part(step=Step.SLIP, days=slip, on=completed_on + timedelta(days=slip), known=len(history.slips)),
        Part(step=Step.REVIEW, days=review_days, on=accepted_on),
        Part(step=Step.INVOICE, days=0, on=accepted_on),
        Part(step=Step.TERMS, days=(due - accepted_on).days, on=due),
        Part(step=Step.LATENESS, days=late, on=due + timedelta(days=late), known=len(history.lateness)),
    ]
