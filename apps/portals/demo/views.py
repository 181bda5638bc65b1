"""The demo's own doors. They are in the URLconf of the demo only."""

from allauth.account.adapter import get_adapter
from csp.decorators import csp, csp_update
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from apps.portals import proving
from apps.portals.access import PortalRequest, portal
from apps.portals.demo import doors, outbox

NOTHING_BUT_ITS_OWN_STYLES = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
}


@portal("public")
@require_GET
def sign_in(request: PortalRequest, token: str) -> HttpResponse:
    """Sign in as one of the demo's people. The session says so, and evidence made in it says so too."""
    person = doors.person_of(token)
    if person is None:
        raise Http404
    get_adapter(request).login(request, person)
    request.session["demo"] = True
    request.session["authenticated_by"] = "one-click link of the demo"
    proving.keep_of(request, person, by="one-click link of the demo")
    return redirect("home")


@portal("public")
@require_GET
def mails(request: PortalRequest) -> HttpResponse:
    """Every mail that would have been sent."""
    return render(request, "demo/outbox.html", {"mails": outbox.mails()})


@portal("public")
@require_GET
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]
def mail(request: PortalRequest, name: str) -> HttpResponse:
    """One mail with its links, its text, and itself as the mailbox would show it."""
    found = outbox.mail_of(name)
    if found is None:
        raise Http404
    return render(request, "demo/mail.html", {"mail": found})


@portal("public")
@require_GET
@xframe_options_sameorigin
@csp(NOTHING_BUT_ITS_OWN_STYLES)  # type: ignore[arg-type]
def html(request: PortalRequest, name: str) -> HttpResponse:
    """The mail's HTML alone, for the frame: without scripts, and with links that open in the whole window."""
    found = outbox.mail_of(name)
    if found is None or not found.html:
        raise Http404
    return HttpResponse(found.html.replace("<head>", '<head><base target="_top">', 1))
