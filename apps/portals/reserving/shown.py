"""What pages say of reservations, and what waits for a side."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.core import clock, money
from apps.milestones.models import Dispute, Milestone, Reservation
from apps.milestones.models.dispute import LIVE
from apps.milestones.models.reservation import ReservationWord
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.correcting.side import Side
from apps.portals.parts import Need

SHOWN = 5
"""The oldest that wait on the first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A reservation as a list shows it: where its page is, nowhere if empty; whether its day is past; and how much off
    the price was ``offered`` for it and waits for an answer, by the reader's own side or by the other."""

    one: Reservation
    url: str
    is_late: bool
    offered: Decimal | None
    is_my_offer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservations:
    """The rows of a page; ``withheld`` is net of tax."""

    rows: tuple[Row, ...] = ()
    withheld: Decimal = money.ZERO
    currency: str = ""

    @property
    def are_settled(self) -> bool:
        return all(row.one.is_settled for row in self.rows)


def reservations_of(actor: Actor, *, side: Side) -> "QuerySet[Reservation, Reservation]":
    """The reservations of contracts in which the actor's organisation is on this side."""
    rows = Reservation.objects.visible_to(actor).filter(**{f"contract__{side.name}_id": actor.organisation_id})
    return rows.select_related(
        "contract__seller", "contract__buyer", "milestone__invoice", "milestone__line__version", "criterion"
    )


def of_milestone(actor: Actor, milestone: Milestone, *, side: Side, is_linked: bool = True) -> Reservations:
    """All under which a milestone was accepted."""
    found = reservations_of(actor, side=side).filter(milestone=milestone)
    return shown(found, currency=milestone.currency, side=side, is_linked=is_linked)


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
            amount=one.amount or None,
            currency=one.currency,
            due=timezone.localdate(one.answer_due_at) if one.answer_due_at else one.due_on,
            note=one.milestone.title,
            icon="tools",
        )


def _asks(one: Reservation, *, is_seller: bool) -> str:
    if not is_seller:
        return _("Look at what was mended: %(defect)s")
    return _("Mend: %(defect)s") if one.state == "open" else _("Not answered in time: %(defect)s")


def shown(
    found: "QuerySet[Reservation, Reservation]", *, currency: str, side: Side, is_linked: bool = True
) -> Reservations:
    """Reservations as a list shows them; without addresses where the reader has no page of each."""
    today = _today()
    offers = ReservationWord.objects.filter(reservation=OuterRef("pk"), kind="offer").order_by("-number")
    listed = found.annotate(
        offered=Subquery(offers.values("amount")[:1]),
        offered_by=Subquery(offers.values("side")[:1]),
        is_disputed=Exists(Dispute.objects.live().filter(reservation=OuterRef("pk"))),
    )
    rows = tuple(
        Row(
            one=one,
            url=side.url("reservation", one.ref) if is_linked else "",
            is_late=one.state == "open" and one.due_on < today,
            offered=None if one.is_settled or vars(one)["is_disputed"] else vars(one)["offered"],
            is_my_offer=vars(one)["offered_by"] == side.name,
        )
        for one in listed.order_by("milestone__position", "milestone__part", "number")
    )
    withheld = money.total(row.one.amount for row in rows if not row.one.is_settled)
    return Reservations(rows=rows, withheld=withheld, currency=currency)


def _today() -> date:
    return timezone.localdate(clock.now())
