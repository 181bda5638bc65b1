"""A guest shows once more who it is, by a code to the mailbox of the link, and goes back to the page that asked."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from apps.core.errors import Refused
from apps.portals import proving
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer.visits import personal, visit_of
from apps.portals.code_form import CodeForm
from apps.portals.forms import add_refusal
from apps.portals.links import LinkState
from apps.workflows import step_up


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: PortalRequest, token: str) -> HttpResponse:
    """Send a code to the link's mailbox, take it, go back; it is worth something for this one link only."""
    visit = visit_of(request, token)
    here = reverse("link:open", args=[token])
    if visit.state is not LinkState.LIVE:
        return redirect(here)
    back = _way_back(request, here=here)
    form, is_sent = CodeForm(), False
    if request.method == "POST":
        form = CodeForm(request.POST)
        is_sent = "send" not in request.POST
        try:
            if not is_sent:
                step_up.send_code(actor=visit.actor)
                form, is_sent = CodeForm(), True
            elif form.is_valid():
                proof = step_up.prove(actor=visit.actor, code=form.cleaned_data["code"])
                proving.keep(request, visit.actor, proof, grant=visit.grant)
                return redirect(back)
        except Refused as refused:
            form = form if form.is_bound else CodeForm({})
            add_refusal(form, refused)
    context = {"form": form, "is_sent": is_sent, "back": back, "grant": visit.grant}
    return render(request, "buyer/link/prove.html", context, status=422 if form.errors else 200)


def _way_back(request: PortalRequest, *, here: str) -> str:
    """The page below this very link that asked; another address is none of it."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if is_ours and asked.startswith(here) else here
