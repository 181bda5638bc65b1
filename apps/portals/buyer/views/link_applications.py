"""An application for payment by personal link, without an account."""

from django.http import HttpResponse

from apps.portals.access import PortalRequest, portal
from apps.portals.applying import by_link
from apps.portals.buyer.visits import Visit, acting, handing_out


@portal("link")
@acting
def application(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Certify it, whole or at a lower figure for a line; or return it."""
    return by_link.application(request, visit.application(), token=visit.token)


@portal("link")
@handing_out
def application_pdf(request: PortalRequest, visit: Visit) -> HttpResponse:
    """What was submitted, or certified, on paper."""
    return by_link.application_pdf(request, visit.application(), token=visit.token)


@portal("link")
@handing_out
def application_xlsx(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Sheet and summary for spreadsheet programs."""
    return by_link.application_xlsx(request, visit.application(), token=visit.token)
