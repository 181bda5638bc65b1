"""How a seller kept its plans and a buyer paid, as far as whoever asks may see it; what follows for a payment."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from apps.contracts.models import Contract
from apps.core.database import at_once
from apps.core.days import NOT_YET
from apps.financing.rules.expectation import History, Part, of_invoice, of_milestone
from apps.financing.services.eligibility import invoice_of
from apps.invoicing.models import OpenItem
from apps.milestones.models import Milestone
from apps.parties.models import Organisation

NEWEST = 100
"""So many of the newest observations count: what was years ago says less."""


def history_of(contract: Contract) -> History:
    """The seller's slips on all its contracts and the buyer's lateness to this seller: one statement, newest first."""
    return histories_of(contract.seller, buyers=[contract.buyer_id])[contract.buyer_id]


def histories_of(seller: Organisation, *, buyers: Collection[int]) -> dict[int, History]:
    """By buyer: how the seller kept its plans with everybody, and how this one paid; one statement however many.

    A slip is the day on which what was accepted was submitted, against the day planned. An invoice counts once it is
    paid in full.
    """
    zone = ZoneInfo(seller.time_zone)
    accepted = Milestone.objects.filter(
        contract__seller=seller, planned_on__isnull=False, accepted_submission__submitted_at__isnull=False
    )
    kept = accepted.order_by("-accepted_at").values_list("planned_on", "accepted_submission__submitted_at")[:NEWEST]
    lateness: dict[int, list[int]] = {buyer: [] for buyer in buyers}
    newest = Window(RowNumber(), partition_by="invoice__buyer", order_by=F("settled_at").desc())
    settled = (
        OpenItem.objects.filter(seller=seller, invoice__buyer__in=lateness, settled_at__isnull=False, paid__gt=0)
        .exclude(due_on=NOT_YET)
        .annotate(nth=newest)
        .filter(nth__lte=NEWEST)
        .order_by("-settled_at")
        .values_list("invoice__buyer", "due_on", "settled_at")
    )
    at_once.read(kept, settled)
    slips = [(at.astimezone(zone).date() - on).days for on, at in kept if on and at]
    for buyer, on, at in settled:
        if at:
            lateness[buyer].append((at.astimezone(zone).date() - on).days)
    return {buyer: History(slips=slips, lateness=late) for buyer, late in lateness.items()}


def parts_until_paid(milestone: Milestone, *, completed_on: date, funding_on: date, history: History) -> Sequence[Part]:
    """From completion to payment, step by step; the last step is the expected payment, always after the funding."""
    invoice = invoice_of(milestone)
    if invoice is not None:
        item = invoice.open_item
        # Before its documents are confirmed it is due by its terms at the earliest.
        due_on = invoice.due_on if item.awaits_documents else item.due_on
        earliest = max(due_on, funding_on + timedelta(days=1))
        return of_invoice(due_on=earliest, history=history)
    version, review_days = milestone.line.version, milestone.line.review_days
    return of_milestone(
        completed_on=completed_on,
        review_days=review_days or version.review_days,
        due_on=milestone.line.agreed.due_on,
        history=history,
    )
