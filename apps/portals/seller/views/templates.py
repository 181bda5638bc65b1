"""Templates of the organisation, at the seller's desk."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from apps.portals.access import PortalRequest, portal
from apps.portals.drafting import templates as room
from apps.portals.drafting.desk import Desk

DESK = Desk("seller")


@require_safe
@portal("seller")
def templates(request: PortalRequest) -> HttpResponse:
    """The organisation's templates, newest first."""
    return room.templates(request, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def save_template(request: PortalRequest, ref: str) -> HttpResponse:
    """Keep a contract, in whatever state it is, as a template."""
    return room.save_template(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def rename_template(request: PortalRequest, ref: str) -> HttpResponse:
    """Give a template another name."""
    return room.rename_template(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def delete_template(request: PortalRequest, ref: str) -> HttpResponse:
    """End a template."""
    return room.delete_template(request, ref, desk=DESK)
