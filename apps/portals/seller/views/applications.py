"""Applications for payment: the page of one, and its sheet as a file."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from apps.portals.access import PortalRequest, portal
from apps.portals.applying import page
from apps.portals.correcting.side import SELLER


@require_http_methods(["GET", "POST"])
@portal("seller")
def application(request: PortalRequest, ref: str) -> HttpResponse:
    """What stands in it, its sheet and summary, and what may be done with it."""
    return page.application(request, SELLER, ref)


@require_safe
@portal("seller")
def application_xlsx(request: PortalRequest, ref: str) -> HttpResponse:
    """Sheet and summary for spreadsheet programs."""
    return page.application_xlsx(request, SELLER, ref)


@require_safe
@portal("seller")
def application_pdf(request: PortalRequest, ref: str) -> HttpResponse:
    """What was submitted, or certified, on paper."""
    return page.application_pdf(request, SELLER, ref)
