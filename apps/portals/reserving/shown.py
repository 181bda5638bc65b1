"""What pages say of reservations, and what waits for a side."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.core import clock, money
from apps.milestones.models import Milestone, Reservation
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
    return rows.select_related("contract__seller", "contract__buyer", "milestone__invoice", "criterion")


def of_milestone(actor: Actor, milestone: Milestone, *, side: Side) -> Reservations:
    """All under which a milestone was accepted."""
    return shown(reservations_of(actor, side=side).filter(milestone=milestone), currency=milestone.currency, side=side)


def of_contract(actor: Actor, contract: Contract, *, side: Side) -> Reservations:
    """What is not settled yet on a contract."""
    found = reservations_of(actor, side=side).filter(contract=contract, state__in=("open", "mended"))
    return shown(found, currency=contract.currency, side=side)


def needs_of(actor: Actor, *, side: Side) -> Iterator[Need]:
    """What is this side's to do: the seller mends what is open, the buyer looks at what is mended."""
    is_seller = side.name == "seller"
    if not actor.may(Action.SUBMIT_MILESTONE if is_seller else Action.DECIDE_MILESTONE):
        return
    waiting = reservations_of(actor, side=side).filter(state="open" if is_seller else "mended")
    for one in waiting.order_by("due_on", "pk")[:SHOWN]:
        contract = one.contract
        yield Need(
            what=(_("Mend: %(defect)s") if is_seller else _("Look at what was mended: %(defect)s"))
            % {"defect": one.title},
            who=contract.buyer.legal_name if is_seller else contract.seller.legal_name,
            url=side.url("reservation", one.ref),
            button=_("Open"),
            amount=one.amount,
            currency=one.currency,
            due=one.due_on,
            note=one.milestone.title,
            icon="tools",
        )


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
