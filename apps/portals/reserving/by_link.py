"""The defects of an acceptance by personal link: the buyer's signatory reads the list, releases, settles."""

from typing import Final

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.contracts.models import GuestGrant
from apps.milestones.models import Reservation
from apps.portals.access import PortalRequest
from apps.portals.link_desk import BASE, LinkSide
from apps.portals.reserving import answering
from apps.portals.reserving.shown import shown

PLACES: Final = {"reservation": "reservation*", "reservation_file": "reservation_file*", "reservations": "open"}
"""Where below the link each page stands; the others are not a guest's."""


def reservations(
    request: PortalRequest, found: "QuerySet[Reservation, Reservation]", *, grant: GuestGrant, token: str
) -> HttpResponse:
    """All defects under which the milestone was accepted, with the way to each."""
    contract = grant.contract
    first = found.order_by("pk").first()
    side = _side(contract.buyer.time_zone, token=token)
    with timezone.override(side.zone):
        context = {
            "base": BASE,
            "grant": grant,
            "token": token,
            "contract": contract,
            "milestone": first.milestone if first is not None else None,
            "reservations": shown(found, currency=contract.currency, side=side),
        }
        return render(request, "reserving/by_link.html", context)


def reservation(request: PortalRequest, found: Reservation, *, token: str) -> HttpResponse:
    """Release it, or say what is missing; offer a lower price, agree to one."""
    side = _side(found.contract.buyer.time_zone, token=token)
    return answering.reservation(request, found.ref, side=side, crumbs=[])


def _side(zone: str, *, token: str) -> LinkSide:
    return LinkSide("buyer", token=token, zone=zone, places=PLACES)
