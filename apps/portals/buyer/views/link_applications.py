"""An application for payment by personal link, without an account."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from apps.portals.access import PortalRequest, portal
from apps.portals.applying import by_link
from apps.portals.buyer.visits import personal, visit_of


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def application(request: PortalRequest, token: str) -> HttpResponse:
    """Certify it, whole or at a lower figure for a line; or return it."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    return by_link.application(request, visit.application(), token=token)


@portal("link")
@personal
@require_safe
def application_pdf(request: PortalRequest, token: str) -> HttpResponse:
    """What was submitted, or certified, on paper."""
    visit = visit_of(request, token)
    if not visit.may_read:
        raise Http404
    return by_link.application_pdf(request, visit.application(), token=token)


@portal("link")
@personal
@require_safe
def application_xlsx(request: PortalRequest, token: str) -> HttpResponse:
    """Sheet and summary for spreadsheet programs."""
    visit = visit_of(request, token)
    if not visit.may_read:
        raise Http404
    return by_link.application_xlsx(request, visit.application(), token=token)
