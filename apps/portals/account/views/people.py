"""The person who signs in: name, language, sign-in security."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.portals import proving
from apps.portals.access import PortalRequest, memberships_of, portal
from apps.portals.account import forms


@portal("signed_in")
@require_http_methods(["GET", "POST"])
def settings(request: PortalRequest) -> HttpResponse:
    """One's own name and language, and the way to the second factor."""
    form = forms.PersonForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        person = form.save()
        with translation.override(person.language):
            messages.success(request, _("Saved."))
        return redirect("account:settings")
    context = {
        "form": form,
        "has_authenticator": bool(proving.factors_of(request.user)),
        "memberships": memberships_of(request),
    }
    return render(request, "account_portal/settings.html", context, status=422 if form.errors else 200)
