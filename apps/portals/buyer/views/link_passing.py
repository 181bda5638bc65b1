"""Behind a personal link to a submission: the decision goes to a colleague."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import passing_by_link
from apps.portals.buyer.visits import personal, visit_of


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def pass_on(request: PortalRequest, token: str) -> HttpResponse:
    """Name a colleague of the own mail domain, who gets a link; or take that back."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    return passing_by_link.pass_on(request, visit, visit.submission())
