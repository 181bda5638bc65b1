"""A termination by personal link: the buyer's signatory reads the notice, values the work, signs the settlement."""

from contextlib import AbstractContextManager
from typing import Final

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from apps.contracts.models import Termination
from apps.milestones.models import Settlement
from apps.milestones.models.settlement import SettlementState
from apps.portals import papers
from apps.portals.access import PortalRequest
from apps.portals.link_desk import LinkDesk
from apps.portals.terminating import noticing, settling

PLACES: Final = {
    "termination": "open",
    "propose_settlement": "propose_settlement",
    "sign_settlement": "sign_settlement",
    "settlement_pdf": "settlement_pdf",
}
"""Where below the link each page stands; the others are not a guest's."""


def termination(request: PortalRequest, notice: Termination, *, token: str) -> HttpResponse:
    """The notice, what both sides hold to be owed, and what can be done now."""
    with _there(notice):
        return noticing.termination(request, notice.ref, desk=_desk(token))


def propose_settlement(request: PortalRequest, notice: Termination, *, token: str) -> HttpResponse:
    """Say what the work in progress is worth, check it, sign it and send it."""
    with _there(notice):
        return settling.propose_settlement(request, notice.ref, desk=_desk(token))


def sign_settlement(request: PortalRequest, notice: Termination, *, token: str) -> HttpResponse:
    """Everything that the signature does, and the button; back to the notice where nothing waits for it."""
    waiting = _settlements(request, notice).filter(state=SettlementState.PROPOSED).first()
    if waiting is None:
        return redirect("link:open", token=token)
    with _there(notice):
        return settling.sign_settlement(request, waiting.ref, desk=_desk(token))


def settlement_pdf(request: PortalRequest, notice: Termination) -> HttpResponseBase:
    """The settlement that both sides signed, on paper; 404 before."""
    signed = _settlements(request, notice).filter(state=SettlementState.SIGNED).first()
    if signed is None:
        raise Http404
    return papers.settlement_file(request.actor, signed)


def _settlements(request: PortalRequest, notice: Termination) -> "QuerySet[Settlement, Settlement]":
    return Settlement.objects.visible_to(request.actor).filter(termination=notice).select_related("contract")


def _desk(token: str) -> LinkDesk:
    return LinkDesk("buyer", token=token, places=PLACES)


def _there(notice: Termination) -> AbstractContextManager[None]:
    """Dates and times as they are where the buyer is."""
    return timezone.override(notice.contract.buyer.time_zone)
