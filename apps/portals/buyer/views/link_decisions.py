"""What is decided by personal link, without an account: a contract, a milestone."""

from django.http import HttpResponse
from django.urls import reverse

from apps.portals import asking, conversing
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import deciding, judging, signing
from apps.portals.buyer.pages import page
from apps.portals.buyer.visits import Visit, acting
from apps.portals.changing import by_link
from apps.portals.reserving import accepting


@portal("link")
@acting
def sign(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Sign the contract, or a change of it."""
    version = visit.version()
    if version.change_order_id is not None:
        return by_link.sign_change(request, version, token=visit.token)
    return signing.sign_contract(request, version, way=visit.way, crumbs=[])


@portal("link")
@acting
def request_contract_changes(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Ask the seller for other terms; or decline a change of the contract."""
    version = visit.version()
    if version.change_order_id is not None:
        return by_link.decline_change(request, version, token=visit.token)
    return signing.request_contract_changes(request, version, way=visit.way, crumbs=[])


@portal("link")
@acting
def comment_contract(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Write to the seller about the version that the link lets sign."""
    version = visit.version()
    return conversing.comment_contract(
        request,
        version,
        back=visit.way.version(version),
        base="buyer/base.html",
    )


@portal("link")
@acting
def accept(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Sign the milestone off."""
    return deciding.accept_milestone(request, visit.submission(), way=visit.way, crumbs=[])


@portal("link")
@acting
def accept_part(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Sign a part of the milestone off."""
    return deciding.accept_part(request, visit.submission(), way=visit.way, crumbs=[])


@portal("link")
@acting
def accept_with_reservations(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Sign the milestone off and list the defects that are still to be mended."""
    return accepting.accept_with_reservations(request, visit.submission(), way=visit.way, crumbs=[])


@portal("link")
@acting
def request_changes(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Say what is missing."""
    return judging.request_changes(request, visit.submission(), way=visit.way, crumbs=[])


@portal("link")
@acting
def ask_question(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Ask the seller about the submission that the link lets decide."""
    submission = visit.submission()
    zone = submission.milestone.contract.buyer.time_zone
    return asking.ask_question(
        request,
        submission,
        back=visit.way.submission(submission),
        show=lambda context, form: page(request, "ask_question", context, zone=zone, form=form),
    )


@portal("link")
@acting
def comment_milestone(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Write to the seller about the milestone, also once the link was used: words decide nothing."""
    milestone = visit.milestone()
    return conversing.comment_milestone(
        request,
        milestone,
        back=reverse("link:open", args=[visit.token]),
        base="buyer/base.html",
    )
