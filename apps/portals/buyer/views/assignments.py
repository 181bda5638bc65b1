"""A notice of assignment: the buyer reads whom an invoice is paid to from now on, and confirms having read it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import acknowledging
from apps.portals.buyer.pages import invoice_crumbs
from apps.portals.buyer.ways import MemberWay


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def acknowledge_assignment(request: PortalRequest, ref: str) -> HttpResponse:
    """Read the notice and confirm it."""
    assignment = get_object_or_404(acknowledging.notices_to(request.actor), ref=ref)
    invoice = assignment.invoice
    crumbs = invoice_crumbs(
        (invoice.number, reverse("buyer:invoice", args=[invoice.ref])), (_("Notice of assignment"), "")
    )
    return acknowledging.acknowledge_assignment(request, assignment, way=MemberWay(), crumbs=crumbs)
