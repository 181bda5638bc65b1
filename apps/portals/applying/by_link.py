"""An application for payment by personal link: the buyer's signatory certifies it, or returns it."""

from typing import Final

from django.http import HttpResponse

from apps.invoicing.models import Application
from apps.portals.access import PortalRequest
from apps.portals.applying import page
from apps.portals.link_desk import LinkSide

PLACES: Final = {
    "application": "application",
    "application_pdf": "application_pdf",
    "application_xlsx": "application_xlsx",
}
"""Where below the link each page stands; the others are not a guest's."""


def application(request: PortalRequest, found: Application, *, token: str) -> HttpResponse:
    """What stands in it, its sheet and summary; certify it, whole or lower, or return it."""
    return page.application(request, _side(found, token=token), found.ref)


def application_pdf(request: PortalRequest, found: Application, *, token: str) -> HttpResponse:
    """What was submitted, or certified, on paper."""
    return page.application_pdf(request, _side(found, token=token), found.ref)


def application_xlsx(request: PortalRequest, found: Application, *, token: str) -> HttpResponse:
    """Sheet and summary for spreadsheet programs."""
    return page.application_xlsx(request, _side(found, token=token), found.ref)


def _side(found: Application, *, token: str) -> LinkSide:
    return LinkSide("buyer", token=token, zone=found.contract.buyer.time_zone, places=PLACES)
