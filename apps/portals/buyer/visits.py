"""One visit by personal link: who came, what the link is for, and what may still be shown.

GET changes nothing, for mail scanners open links; that the page was opened is noted by a POST that only a browser
sends. No answer is kept by a cache or found by a search engine, and the address with its token goes nowhere.

Referrer-Policy is ``strict-origin``: like ``no-referrer`` it never sends the path, which holds the token; but under
``no-referrer`` browsers send ``Origin: null`` with every form, which the check against forged requests must refuse.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.contracts.models import Contract, ContractVersion, GuestGrant, Termination
from apps.core import clock
from apps.financing.models import Assignment
from apps.invoicing.models import Application, Invoice
from apps.milestones.models import Dispute, Milestone, Reservation, Submission
from apps.parties.actor import Actor
from apps.portals import counterparties, interrupted
from apps.portals.access import PortalRequest
from apps.portals.buyer import acknowledging, cycles, versions
from apps.portals.buyer.ways import LinkWay
from apps.portals.correcting.side import BUYER
from apps.portals.disputing.shown import disputes_of
from apps.portals.links import LinkState, guest_of, state_of
from apps.portals.reserving.shown import reservations_of

P = ParamSpec("P")
LinkView = Callable[Concatenate[PortalRequest, P], HttpResponseBase]
VisitView = Callable[Concatenate[PortalRequest, "Visit", P], HttpResponseBase]
Purpose = GuestGrant.Purpose
OWN_DOING: Final = ("open", "viewed", "renew", "prove", "pack", "ask_assignment_proof")
"""Pages of a link that take a POST but are no form in which anything could be lost: buttons, and a one-time code."""


def personal(view: LinkView[P]) -> LinkView[P]:
    """Keep what a personal link shows between the link and its reader; an unknown link is told so kindly, and so is who
    is the other side's."""

    @wraps(view)
    def answer(request: PortalRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except counterparties.OfTheOtherSide as refused:
            response = counterparties.told(request, refused)
        except Http404:
            response = render(request, "buyer/link/unknown.html", status=404)
        response["Referrer-Policy"] = "strict-origin"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        add_never_cache_headers(response)
        return response

    return answer


@dataclass(frozen=True, slots=True)
class Visit:
    """A guest at the door, with the link in hand."""

    token: str
    grant: GuestGrant
    actor: Actor
    state: LinkState

    @property
    def way(self) -> LinkWay:
        return LinkWay(self.token)

    @property
    def may_read(self) -> bool:
        """Whether the link still shows what it was for: while it is live, and what it decided until it expires."""
        return self.state is LinkState.LIVE or (self.state is LinkState.USED and self.grant.expires_at > clock.now())

    def may_ask(self, request: PortalRequest) -> bool:
        """The same for the pages with a button; a form that was sent too late is shown again with what was typed."""
        return self.may_read or (request.method == "POST" and self.state is LinkState.EXPIRED)

    def version(self) -> ContractVersion:
        """The version that the link lets sign; 404 for a link to something else."""
        self._is_for(Purpose.SIGN_CONTRACT)
        return get_object_or_404(versions.proposed_to(self.actor), ref=self.grant.subject_ref)

    def milestone(self) -> Milestone:
        """The milestone whose submission the link lets decide; 404 for a link to something else."""
        self._is_for(Purpose.SIGN_OFF)
        sent = Submission.objects.visible_to(self.actor).filter(ref=self.grant.subject_ref, submitted_at__isnull=False)
        return get_object_or_404(cycles.of_buyer(self.actor), pk__in=sent.values("milestone"))

    def submission(self) -> Submission:
        """The submission that the link lets decide; 404 for a link to something else."""
        self._is_for(Purpose.SIGN_OFF)
        return cycles.one_sent_to(self.actor, ref=self.grant.subject_ref)

    def assignment(self) -> Assignment:
        """The notice of assignment that the link lets confirm; 404 for a link to something else."""
        self._is_for(Purpose.ACKNOWLEDGE)
        return get_object_or_404(acknowledging.notices_to(self.actor), ref=self.grant.subject_ref)

    def defects(self) -> "QuerySet[Reservation, Reservation]":
        """The defects under which the milestone was accepted that the link is for; 404 for a link to something else."""
        self._is_for(Purpose.MEND)
        return reservations_of(self.actor, side=BUYER).filter(milestone__ref=self.grant.subject_ref)

    def dispute(self) -> Dispute:
        """The dispute that the link is for; 404 for a link to something else."""
        self._is_for(Purpose.DISPUTE)
        return get_object_or_404(disputes_of(self.actor, side=BUYER), ref=self.grant.subject_ref)

    def invoice(self) -> Invoice:
        """The invoice that the link lets dispute; 404 for a link to something else."""
        self._is_for(Purpose.DISPUTE_INVOICE)
        billed = Invoice.objects.of_buyer(self.actor).select_related("open_item", "contract__buyer", "milestone")
        return get_object_or_404(billed, ref=self.grant.subject_ref)

    def termination(self) -> Termination:
        """The notice of termination that the link lets settle; 404 for a link to something else."""
        self._is_for(Purpose.SETTLE)
        notices = Termination.objects.visible_to(self.actor).select_related("contract__seller", "contract__buyer")
        return get_object_or_404(notices, ref=self.grant.subject_ref)

    def contract_that_waits(self) -> Contract:
        """The contract whose events the link lets confirm; 404 for a link to something else."""
        self._is_for(Purpose.CONFIRM_EVENT)
        found = Contract.objects.visible_to(self.actor).select_related("seller", "buyer", "active_version")
        return get_object_or_404(found, ref=self.grant.subject_ref)

    def application(self) -> Application:
        """The application for payment that the link lets certify; 404 for a link to something else."""
        self._is_for(Purpose.CERTIFY)
        found = Application.objects.visible_to(self.actor).select_related("contract__buyer")
        return get_object_or_404(found, ref=self.grant.subject_ref)

    def _is_for(self, purpose: Purpose) -> None:
        if self.grant.purpose != purpose:
            raise Http404


def acting(view: "VisitView[P]") -> Callable[..., HttpResponseBase]:
    """A page with a button. Where the link shows it no more, its first page says what became of it."""
    return _at_the_door(view, may=Visit.may_ask, methods=["GET", "HEAD", "POST"], way_on=True)


def showing(view: "VisitView[P]") -> Callable[..., HttpResponseBase]:
    """A page that is only read."""
    return _at_the_door(view, may=_may_read, methods=["GET", "HEAD"], way_on=True)


def handing_out(view: "VisitView[P]") -> Callable[..., HttpResponseBase]:
    """A file. Where the link shows it no more, there is none."""
    return _at_the_door(view, may=_may_read, methods=["GET", "HEAD"], way_on=False)


def _may_read(visit: Visit, _request: PortalRequest) -> bool:
    return visit.may_read


def _at_the_door(
    view: "VisitView[P]", *, may: Callable[[Visit, PortalRequest], bool], methods: list[str], way_on: bool
) -> Callable[..., HttpResponseBase]:
    @personal
    @require_http_methods(methods)
    @wraps(view)
    def answer(request: PortalRequest, /, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        visit = visit_of(request, token)
        if may(visit, request):
            return view(request, visit, *args, **kwargs)
        if way_on:
            return redirect("link:open", token=token)
        raise Http404

    return answer


def visit_of(request: PortalRequest, token: str) -> Visit:
    """The visit that a token makes; 404 for an unknown one."""
    grant, actor = guest_of(request, token=token)
    visit = Visit(token, grant, actor, state_of(grant))
    if request.method == "POST" and visit.state in (LinkState.EXPIRED, LinkState.REVOKED) and _is_typed_into(request):
        _keep_typed(request, visit)
    return visit


def _is_typed_into(request: PortalRequest) -> bool:
    """Whether it is a page with a form to come back to, and not a button of the link itself."""
    return request.resolver_match is None or request.resolver_match.url_name not in OWN_DOING


def _keep_typed(request: PortalRequest, visit: Visit) -> None:
    """Somebody typed longer than the link lived: nothing of it is lost, and the way on stands above it."""
    if interrupted.keep_all(request):
        said = _("What you typed is kept in this browser. Open the new link in it, and it stands in the form again.")
        way = reverse("link:open", args=[visit.token])
        messages.warning(request, format_html('{} <a href="{}">{}</a>', said, way, _("Send a new link")))
