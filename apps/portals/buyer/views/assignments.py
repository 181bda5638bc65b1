"""A notice of assignment: the buyer reads whom a milestone is paid to from now on, and confirms having read it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import acknowledging
from apps.portals.buyer.pages import contract_crumbs, invoice_crumbs
from apps.portals.buyer.ways import MemberWay


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def acknowledge_assignment(request: PortalRequest, ref: str) -> HttpResponse:
    """Read the notice and confirm it."""
    assignment = get_object_or_404(acknowledging.notices_to(request.actor), ref=ref)
    way, last = MemberWay(), (_("Notice of assignment"), "")
    first = (assignment.name, way.receivable(assignment))
    crumbs = contract_crumbs(first, last) if assignment.invoice is None else invoice_crumbs(first, last)
    return acknowledging.acknowledge_assignment(request, assignment, way=way, crumbs=crumbs)
