"""Behind a personal link: everything that proves the milestone that it is for, in one file."""

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.portals import papers
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer.pages import page
from apps.portals.buyer.visits import Visit, handing_out, personal, visit_of
from apps.portals.forms import ActionForm
from apps.workflows.models import EvidencePack


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def pack(request: PortalRequest, token: str) -> HttpResponse:
    """The newest pack that was asked for by the link: how far it is, and the file; a button asks for one."""
    visit = visit_of(request, token)
    if not visit.may_read:
        return redirect("link:open", token=token)
    milestone = visit.milestone()
    here = reverse("link:pack", args=[token])
    if request.method == "POST":
        papers.requested_pack(request, milestone.contract, milestone=milestone)
        return redirect(here)
    newest = _newest(visit)
    context = {"grant": visit.grant, "token": token, "milestone": milestone, "contract": milestone.contract}
    context |= {"pack_url": here, "action": ActionForm(auto_id="prove_%s")}
    if newest is not None:
        file_url = reverse("link:pack_file", args=[token])
        context |= papers.pack_shown(newest, here=here, file_url=file_url, again_url=here)
    return page(request, "link/pack", context, zone=milestone.contract.buyer.time_zone)


@portal("link")
@handing_out
def pack_file(request: PortalRequest, visit: Visit) -> HttpResponseBase:
    """The stored bytes of that pack; 404 until they exist."""
    newest = _newest(visit)
    if newest is None:
        raise Http404
    return papers.pack_file(newest)


def _newest(visit: Visit) -> EvidencePack | None:
    asked = EvidencePack.objects.visible_to(visit.actor).select_related("contract", "milestone")
    return asked.filter(milestone=visit.milestone()).order_by("-pk").first()
