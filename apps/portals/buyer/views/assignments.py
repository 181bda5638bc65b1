"""A notice of assignment: the buyer reads whom a milestone is paid to from now on, and confirms having read it."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

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


@require_safe
@portal("buyer")
def assignment_proof(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The proof of the assignment as a file; 404 until it is made."""
    assignment = get_object_or_404(acknowledging.notices_to(request.actor), ref=ref)
    return acknowledging.proof_file(request.actor, assignment)


@require_POST
@portal("buyer")
def ask_assignment_proof(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask for the proof, and go back to the notice."""
    acknowledging.ask_proof(request, get_object_or_404(acknowledging.notices_to(request.actor), ref=ref))
    return redirect("buyer:acknowledge_assignment", ref=ref)
