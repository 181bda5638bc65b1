"""Showing once more who one is, for people without a second factor: a code to their own mailbox.

Codes belong to an organisation. Who has none yet signs in once more, which is a code to the own mailbox as well.
"""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from apps.core.errors import Refused
from apps.portals import proving
from apps.portals.access import PortalRequest, actor_of, portal
from apps.portals.code_form import CodeForm
from apps.portals.forms import add_refusal
from apps.workflows import step_up


@portal("signed_in")
@require_http_methods(["GET", "POST"])
def confirm(request: PortalRequest) -> HttpResponse:
    """Send a code, take it, go back to the page that asked. Who has a stronger factor is led to that one."""
    back = _way_back(request)
    if proving.factors_of(request.user):
        return redirect("mfa_index")
    if actor_of(request) is None:
        return render(request, "account_portal/sign_in_again.html", {"entrance": _entrance(request, back)})
    form, is_sent = CodeForm(), False
    if request.method == "POST":
        form = CodeForm(request.POST)
        is_sent = "send" not in request.POST
        try:
            if not is_sent:
                step_up.send_code(actor=request.actor)
                form, is_sent = CodeForm(), True
            elif form.is_valid():
                proof = step_up.prove(actor=request.actor, code=form.cleaned_data["code"])
                proving.keep(request, request.actor, proof)
                return redirect(back)
        except Refused as refused:
            form = form if form.is_bound else CodeForm({})
            add_refusal(form, refused)
    context = {"form": form, "is_sent": is_sent, "back": back}
    return render(request, "account_portal/confirm.html", context, status=422 if form.errors else 200)


def _entrance(request: PortalRequest, back: str) -> str:
    return f"{reverse('account_login')}?{urlencode({'email': request.user.email, 'next': back})}"


def _way_back(request: PortalRequest) -> str:
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if is_ours else reverse("home")
