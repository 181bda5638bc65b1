"""What is settled by personal link after a decision, without an account: defects, terminations."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from apps.milestones.models import ReservationFile
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer.visits import Visit, acting, handing_out, personal, visit_of
from apps.portals.reserving import by_link as defects
from apps.portals.terminating import by_link as terminations


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def reservation(request: PortalRequest, token: str, ref: str) -> HttpResponse:
    """One defect of the acceptance that the link is for: release it, say what is missing, settle it."""
    visit = visit_of(request, token)
    # Before it is said what became of the link: a revoked one does not tell whether there is such a defect.
    found = get_object_or_404(visit.defects(), ref=ref)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    return defects.reservation(request, found, token=token)


@portal("link")
@handing_out
def reservation_file(request: PortalRequest, visit: Visit, ref: str) -> HttpResponseBase:
    """A file that was shown of one of the defects that the link is for."""
    shown = ReservationFile.objects.visible_to(visit.actor).filter(reservation__in=visit.defects())
    file = get_object_or_404(shown, ref=ref)
    return attachment(file.stored_as, name=file.name, content_type=file.content_type)


@portal("link")
@acting
def propose_settlement(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Answer a notice of termination with what the work in progress is worth."""
    return terminations.propose_settlement(request, visit.termination(), token=visit.token)


@portal("link")
@acting
def sign_settlement(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Sign what the seller proposed: the contract is terminated."""
    return terminations.sign_settlement(request, visit.termination(), token=visit.token)


@portal("link")
@handing_out
def settlement_pdf(request: PortalRequest, visit: Visit) -> HttpResponseBase:
    """The settlement that both sides signed, on paper."""
    return terminations.settlement_pdf(request, visit.termination())
