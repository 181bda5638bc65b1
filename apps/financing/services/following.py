"""What happens upstream is carried into the advances: less is accepted, a milestone shrinks or ends, an invoice is
credited. Workflows call these in the transaction in which it happens, and hold the contract."""

from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet

from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import Refused
from apps.core.money import Money
from apps.core.states import move
from apps.financing.models import Adjustment, ExposureLimit, Facility, Tranche
from apps.financing.models.adjustment import Kind
from apps.financing.models.tranche import TrancheState
from apps.financing.models.tranche_states import FORWARD
from apps.financing.rules import events
from apps.financing.services.adjusting import Event, adjust, standing_on
from apps.financing.services.exposures import lock_exposures
from apps.financing.services.locks import lock_tranche_to_count
from apps.financing.services.record import day_of
from apps.invoicing import services as invoicing
from apps.invoicing.models import OpenItem
from apps.milestones.models import Milestone
from apps.milestones.models.milestone import OPEN, MilestoneState
from apps.parties.actor import Actor

BOUGHT = (TrancheState.FUNDED_POST, TrancheState.PART_COLLECTED, TrancheState.DEFAULTED)
"""States in which the invoice is in the financier's book."""


def shortfall(
    tranche: Tranche, *, total: Decimal, on: date, exposures: list[ExposureLimit], actor: Actor, at: datetime
) -> Adjustment | None:
    """Less was accepted than was advanced on: what ``total`` does not cover is owed back. The caller holds it.

    An accepted amount covers the facility's rate for accepted invoices of itself, or the rate at which was advanced if
    that is more: accepted in full, an advance is always covered.
    """
    rate = max(tranche.facility.advance_rate, tranche.line.advance_rate)
    covers = events.covered(total=total, rate=rate, currency=tranche.currency)
    if total >= tranche.face or tranche.outstanding <= covers:
        return None
    standing = standing_on(tranche, on=on)
    moves = events.charge_back(standing, amount=standing.outstanding - covers, currency=tranche.currency)
    event = Event(kind=Kind.SHORTFALL, on=on, source=f"accepted:{tranche.milestone.ref}")
    return adjust(tranche, event=event, moves=moves, standing=standing, exposures=exposures, actor=actor, at=at)


def shrink(*, contract: Contract, source: str, actor: Actor, at: datetime) -> list[Adjustment]:
    """The plan has changed or ended: what is advanced on milestones that are smaller now, or gone, is owed back.

    A smaller milestone holds the same share of itself as was agreed; one that is cancelled holds nothing. ``source``
    names what happened, and is carried into each advance once. A milestone that became larger changes nothing: more
    money is another offer.
    """
    advances = (
        Tranche.objects.filter(contract=contract, state=TrancheState.FUNDED_PRE)
        .filter(milestone__state__in=[*OPEN, MilestoneState.CANCELLED])
        .order_by("facility_id", "pk")
    )
    made = [_shrink(ref, source=source, actor=actor, at=at) for ref in list(advances.values_list("ref", flat=True))]
    return [adjustment for adjustment in made if adjustment is not None]


def _shrink(tranche_ref: str, *, source: str, actor: Actor, at: datetime) -> Adjustment | None:
    tranche, exposures = lock_tranche_to_count(tranche_ref=tranche_ref)
    milestone = tranche.milestone
    gone = milestone.state == MilestoneState.CANCELLED
    on = day_of(tranche.financier, at=at)
    standing = standing_on(tranche, on=on)
    moves = events.owed_by_change(
        standing,
        total=money.ZERO if gone else invoicing.amount_to_bill(milestone),
        face=tranche.face,
        rate=tranche.line.advance_rate,
        currency=tranche.currency,
    )
    if moves is None:
        return None
    event = Event(kind=Kind.CHANGE, on=on, source=source)
    return adjust(tranche, event=event, moves=moves, standing=standing, exposures=exposures, actor=actor, at=at)


def bought_on(milestone: Milestone | None) -> Tranche | None:
    """The advance by which a milestone's invoice was bought and is not given up, if there is one."""
    return Tranche.objects.filter(milestone=milestone, state__in=BOUGHT).first() if milestone is not None else None


def refuse_written_off(milestone: Milestone | None) -> None:
    """Refuse to lower an invoice that its financier gave up while something of it is open: what the buyer still owes
    is that financier's, and no adjustment of an advance that is over could follow."""
    given_up = Tranche.objects.select_related("financier").filter(milestone=milestone, state=TrancheState.WRITTEN_OFF)
    tranche = given_up.first() if milestone is not None else None
    if tranche is None:
        return
    item = OpenItem.objects.select_related("invoice").filter(invoice__milestone=milestone, open__gt=0).first()
    if item is not None:
        raise Refused(
            "{number} was written off by {financier}; what is open of it, {open}, the buyer owes to {financier} still."
            " It can be credited once nothing of it is open.",
            number=item.invoice.number,
            financier=tranche.financier.legal_name,
            open=Money(item.open, item.currency),
        )


def hold(*, tranche: Tranche) -> None:
    """Hold it with all that it counts against, before a number is drawn that others wait for."""
    lock_tranche_to_count(tranche_ref=tranche.ref)


def financiers_out(*, contract: Contract) -> list[int]:
    """The ids of the financiers of whose advances on a contract something is out, before acceptance or after."""
    return list(_out(contract).order_by("financier_id").values_list("financier_id", flat=True).distinct())


def _out(contract: Contract) -> "QuerySet[Tranche, Tranche]":
    return Tranche.objects.filter(contract=contract, state__in=[TrancheState.FUNDED_PRE, *BOUGHT])


def hold_all(*, contract: Contract) -> None:
    """Hold every advance that is out on a contract with all that it counts against, each kind in the order of its ids.

    One after the other they would be held in the order of the plan, while others hold a facility and wait for the
    number that is drawn in between.
    """
    out = _out(contract)
    known = list(out.order_by("financier_id").values_list("financier_id", "currency").distinct())
    facilities = Facility.objects.filter(pk__in=out.order_by().values("facility"))
    list(facilities.order_by("pk").select_for_update())
    for financier_id, currency in known:
        lock_exposures(
            financier_id=financier_id, seller_id=contract.seller_id, buyer_id=contract.buyer_id, currency=currency
        )
    list(out.order_by("pk").select_for_update())


def dilute(*, tranche: Tranche, source: str, reason: str, actor: Actor, at: datetime) -> Adjustment | None:
    """A bought invoice was credited: the buyer owes less, which the reserve bears first, then the seller.

    What is open on the invoice by now is what the financier can still claim.
    """
    held, exposures = lock_tranche_to_count(tranche_ref=tranche.ref)
    on = day_of(held.financier, at=at)
    standing = standing_on(held, on=on)
    left = OpenItem.objects.values_list("open", flat=True).get(invoice__milestone=held.milestone_id)
    amount = standing.receivable - left
    if amount <= 0:
        return None
    moves = events.dilute(standing, amount=amount, currency=held.currency)
    event = Event(kind=Kind.DILUTION, on=on, reason=reason, source=source)
    adjustment = adjust(held, event=event, moves=moves, standing=standing, exposures=exposures, actor=actor, at=at)
    if left == 0 and held.outstanding == 0 and held.state != TrancheState.RECOURSE_DUE:
        move(held, TrancheState.SETTLED, FORWARD)
        held.settled_on = on
        held.save(update_fields=["state", "settled_on"])
    return adjustment
