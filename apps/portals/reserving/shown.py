"""What pages say of reservations, and what waits for a side."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.core import clock, money
from apps.milestones.models import Milestone, Reservation
from apps.milestones.models.dispute import LIVE
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.correcting.side import Side
from apps.portals.parts import Need

SHOWN = 5
"""The oldest that wait on the first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservations:
    """The rows of a page, each with its address and whether its day is past; ``withheld`` is net of tax."""

    rows: tuple[tuple[Reservation, str, bool], ...] = ()
    withheld: Decimal = money.ZERO
    currency: str = ""


def reservations_of(actor: Actor, *, side: Side) -> "QuerySet[Reservation, Reservation]":
    """The reservations of contracts in which the actor's organisation is on this side."""
    rows = Reservation.objects.visible_to(actor).filter(**{f"contract__{side.name}_id": actor.organisation_id})
    return rows.select_related(
        "contract__seller", "contract__buyer", "milestone__invoice", "milestone__line__version", "criterion"
    )


def of_milestone(actor: Actor, milestone: Milestone, *, side: Side) -> Reservations:
    """All under which a milestone was accepted."""
    return shown(reservations_of(actor, side=side).filter(milestone=milestone), currency=milestone.currency, side=side)


def of_contract(actor: Actor, contract: Contract, *, side: Side) -> Reservations:
    """What is not settled yet on a contract."""
    found = reservations_of(actor, side=side).filter(contract=contract, state__in=("open", "mended"))
    return shown(found, currency=contract.currency, side=side)


def needs_of(actor: Actor, *, side: Side) -> Iterator[Need]:
    """What is this side's to do: the seller mends what is open and disputes what nobody looked at, the buyer looks."""
    is_seller = side.name == "seller"
    if not actor.may(Action.SUBMIT_MILESTONE if is_seller else Action.DECIDE_MILESTONE):
        return
    unanswered = Q(state="mended", amount__gt=0, answer_due_at__lt=clock.now())
    mine = Q(state="open") | unanswered if is_seller else Q(state="mended")
    waiting = reservations_of(actor, side=side).filter(mine).exclude(disputes__state__in=LIVE)
    for one in waiting.order_by("due_on", "pk")[:SHOWN]:
        contract = one.contract
        yield Need(
            what=_asks(one, is_seller=is_seller) % {"defect": one.title},
            who=contract.buyer.legal_name if is_seller else contract.seller.legal_name,
            url=side.url("reservation", one.ref),
            button=_("Open"),
            amount=one.amount,
            currency=one.currency,
            due=timezone.localdate(one.answer_due_at) if one.answer_due_at else one.due_on,
            note=one.milestone.title,
            icon="tools",
        )


def _asks(one: Reservation, *, is_seller: bool) -> str:
    if not is_seller:
        return _("Look at what was mended: %(defect)s")
    return _("Mend: %(defect)s") if one.state == "open" else _("Not answered in time: %(defect)s")


def shown(found: "QuerySet[Reservation, Reservation]", *, currency: str, side: Side) -> Reservations:
    """Reservations as a list shows them."""
    today = _today()
    rows = tuple(
        (one, side.url("reservation", one.ref), one.state == "open" and one.due_on < today)
        for one in found.order_by("milestone__position", "milestone__part", "number")
    )
    withheld = money.total(one.amount for one, *_more in rows if not one.is_settled)
    return Reservations(rows=rows, withheld=withheld, currency=currency)


def _today() -> date:
    return timezone.localdate(clock.now())
