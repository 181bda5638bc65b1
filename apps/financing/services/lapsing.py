"""Advances whose time to be cured is over are demanded back by themselves; who moved the date has decided otherwise."""

from datetime import date, datetime

from django.db.models import Max
from django.db.models.functions import Coalesce

from apps.core.errors import NotAllowed
from apps.financing.models import Adjustment, Tranche
from apps.financing.models.adjustment import LAPSED, Kind, Lapse
from apps.financing.models.tranche import TrancheState
from apps.financing.rules import events
from apps.financing.rules import watch as rules
from apps.financing.services.adjusting import Event, adjust, standing_on
from apps.financing.services.locks import lock_tranche_to_count
from apps.financing.services.record import day_of
from apps.milestones.models import Decision, Dispute
from apps.milestones.models.dispute import DisputeQuerySet
from apps.milestones.models.milestone import MilestoneState
from apps.parties.actor import Actor

REFUSALS = (Decision.Outcome.CHANGES_REQUESTED, Decision.Outcome.DEEMED_REJECTED)


def lapsed_advances(*, financier_id: int, on: date) -> list[str]:
    """The references of a financier's advances whose time is over on a day, in the order in which they are held.

    Whatever was missed, they are found as long as nothing was done about them.
    """
    # Whoever is sent back or past what is expected is looked at; the others cannot have lapsed.
    before = Tranche.objects.filter(financier_id=financier_id, state=TrancheState.FUNDED_PRE)
    late = before.filter(expected_on__lt=on) | before.filter(milestone__state=MilestoneState.CHANGES_REQUESTED)
    found = late.select_related("milestone", "line", "offer", "financier").order_by("facility_id", "pk")
    return [tranche.ref for tranche in found if _why(tranche, on=on)]


def demand_lapsed(*, tranche_ref: str, actor: Actor, at: datetime) -> Adjustment | None:
    """Demand back what has lapsed, as an underwriter would: all of it less the discount that is not earned.

    None where it was submitted again, accepted, moved to a later date or demanded back meanwhile.
    """
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    if actor.organisation_id != tranche.financier_id or actor.user_id is not None:
        raise NotAllowed("Only the clock demands back what has lapsed. Demand the advance back yourself.")
    on = day_of(tranche.financier, at=at)
    why = _why(tranche, on=on) if tranche.state == TrancheState.FUNDED_PRE else ""
    if not why:
        return None
    standing = standing_on(tranche, on=on)
    moves = events.charge_back(standing, amount=standing.outstanding, currency=tranche.currency)
    event = Event(kind=Kind.REJECTION, on=on, reason=why, source=f"{LAPSED}{tranche.ref}")
    return adjust(tranche, event=event, moves=moves, standing=standing, exposures=exposures, actor=actor, at=at)


def _why(tranche: Tranche, *, on: date) -> str:
    """Why an advance on a milestone that is not accepted has lapsed; nothing while it has not.

    A milestone under review is not cured and not refused: the buyer decides first. So do both sides of what is in
    dispute, and the days of that are none of those to cure it. The date that somebody moved since the milestone was
    sent back is the time to cure it.
    """
    if tranche.milestone.state == MilestoneState.SUBMITTED or _disputes(tranche).live().exists():
        return ""
    is_over = (on - tranche.expected_on).days > tranche.offer.grace_days
    if is_over and rules.has_slipped_too_far(
        signed_for=tranche.line.expected_on, expected_on=tranche.expected_on, today=on
    ):
        return Lapse.SLIPPED
    since = sent_back_on(tranche)
    if since is None:
        return ""
    still = _days_in_dispute(tranche, since=since)
    if not rules.is_cure_over(sent_back_on=since, days_in_dispute=still, today=on):
        return ""
    was_moved = tranche.adjustments.filter(kind=Kind.SLIP, booked_on__gte=since).exists()
    return "" if was_moved and not is_over else Lapse.NOT_CURED


def sent_back_on(tranche: Tranche) -> date | None:
    """The day on which the buyer last sent the milestone back, or its silence counted so and the seller could know of
    it, where the financier is; None while it waits for nothing or for the buyer.

    Every cycle that is refused leaves days of its own to cure it. What the seller submitted again and withdrew was not
    refused: it is sent back as before, and its days run on. Of an advance whose payment was ordered before and left
    after that, they begin when it was paid out.
    """
    if tranche.milestone.state != MilestoneState.CHANGES_REQUESTED:
        return None
    refused = Decision.objects.filter(submission__milestone=tranche.milestone_id, outcome__in=REFUSALS)
    at = refused.annotate(known_at=Coalesce("recorded_at", "decided_at")).aggregate(last=Max("known_at"))["last"]
    if at is None:
        return None
    on = day_of(tranche.financier, at=at)
    return max(on, tranche.funded_on) if tranche.funded_on is not None else on


def _disputes(tranche: Tranche) -> DisputeQuerySet:
    return Dispute.objects.filter(milestone=tranche.milestone_id)


def _days_in_dispute(tranche: Tranche, *, since: date) -> int:
    """For how many days since a day something of the milestone was in dispute, each counted once; all are settled."""
    days, until = 0, since
    for raised_at, settled_at in _disputes(tranche).order_by("raised_at", "pk").values_list("raised_at", "settled_at"):
        if settled_at is None:
            continue
        first = max(day_of(tranche.financier, at=raised_at), until)
        until = max(day_of(tranche.financier, at=settled_at), first)
        days += (until - first).days
    return days
