"""What is decided by personal link, without an account: a contract, a milestone."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.portals import asking, conversing
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import deciding, judging, signing
from apps.portals.buyer.pages import page
from apps.portals.buyer.visits import personal, visit_of
from apps.portals.changing import by_link
from apps.portals.reserving import accepting


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: PortalRequest, token: str) -> HttpResponse:
    """Sign the contract, or a change of it."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    version = visit.version()
    if version.change_order_id is not None:
        return by_link.sign_change(request, version, token=token)
    return signing.sign_contract(request, version, way=visit.way, crumbs=[])


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def request_contract_changes(request: PortalRequest, token: str) -> HttpResponse:
    """Ask the seller for other terms; or decline a change of the contract."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    version = visit.version()
    if version.change_order_id is not None:
        return by_link.decline_change(request, version, token=token)
    return signing.request_contract_changes(request, version, way=visit.way, crumbs=[])


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def comment_contract(request: PortalRequest, token: str) -> HttpResponse:
    """Write to the seller about the version that the link lets sign."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    version = visit.version()
    zone = version.contract.buyer.time_zone
    return conversing.comment_contract(
        request,
        version,
        back=visit.way.version(version),
        show=lambda context, form: page(request, "write_comment", context, zone=zone, form=form),
    )


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: PortalRequest, token: str) -> HttpResponse:
    """Sign the milestone off."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    return deciding.accept_milestone(request, visit.submission(), way=visit.way, crumbs=[])


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def accept_part(request: PortalRequest, token: str) -> HttpResponse:
    """Sign a part of the milestone off."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    return deciding.accept_part(request, visit.submission(), way=visit.way, crumbs=[])


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def accept_with_reservations(request: PortalRequest, token: str) -> HttpResponse:
    """Sign the milestone off and list the defects that are still to be mended."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    return accepting.accept_with_reservations(request, visit.submission(), way=visit.way, crumbs=[])


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def request_changes(request: PortalRequest, token: str) -> HttpResponse:
    """Say what is missing."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    return judging.request_changes(request, visit.submission(), way=visit.way, crumbs=[])


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def ask_question(request: PortalRequest, token: str) -> HttpResponse:
    """Ask the seller about the submission that the link lets decide."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    submission = visit.submission()
    zone = submission.milestone.contract.buyer.time_zone
    return asking.ask_question(
        request,
        submission,
        back=visit.way.submission(submission),
        show=lambda context, form: page(request, "ask_question", context, zone=zone, form=form),
    )


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def comment_milestone(request: PortalRequest, token: str) -> HttpResponse:
    """Write to the seller about the milestone, also once the link was used: words decide nothing."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    milestone = visit.milestone()
    zone = milestone.contract.buyer.time_zone
    return conversing.comment_milestone(
        request,
        milestone,
        back=reverse("link:open", args=[token]),
        show=lambda context, form: page(request, "write_comment", context, zone=zone, form=form),
    )
