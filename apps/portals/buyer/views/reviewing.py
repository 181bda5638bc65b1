"""What a member of the buyer does with a submission before it is decided."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.portals import asking, conversing
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import cycles, judging, passing
from apps.portals.buyer.pages import page, zone_of
from apps.portals.buyer.views.milestones import WAY, milestone_crumbs


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def ask_question(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask the seller about a submission."""
    sent = cycles.one_sent_to(request.actor, ref=ref)
    crumbs = milestone_crumbs(sent.milestone, _("Ask the seller"))
    return asking.ask_question(
        request,
        sent,
        back=WAY.submission(sent),
        show=lambda context, form: page(
            request, "ask_question", {**context, "crumbs": crumbs}, zone=zone_of(request), form=form
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def comment_milestone(request: PortalRequest, ref: str) -> HttpResponse:
    """Write to the seller about a milestone, whatever its state."""
    found = get_object_or_404(cycles.of_buyer(request.actor), ref=ref)
    crumbs = milestone_crumbs(found, _("Write to the other side"))
    return conversing.comment_milestone(
        request,
        found,
        back=reverse("buyer:milestone", args=[found.ref]),
        base="buyer/base.html",
        crumbs=crumbs,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def inspect_milestone(request: PortalRequest, ref: str) -> HttpResponse:
    """Say of each criterion whether it is met, before somebody else decides."""
    sent = cycles.one_sent_to(request.actor, ref=ref)
    return judging.inspect_milestone(request, sent, way=WAY, crumbs=milestone_crumbs(sent.milestone, _("Inspect")))


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def pass_milestone(request: PortalRequest, ref: str) -> HttpResponse:
    """Pass the decision to a colleague."""
    sent = cycles.one_sent_to(request.actor, ref=ref)
    crumbs = milestone_crumbs(sent.milestone, _("Pass to a colleague"))
    return passing.pass_milestone(request, sent, way=WAY, crumbs=crumbs)
