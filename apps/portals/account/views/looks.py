"""How the organisation's papers look: colour, logo, a line for the foot."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.core.errors import Refused
from apps.parties import branding
from apps.parties.models import Organisation
from apps.parties.roles import Action
from apps.parties.services import BrandData
from apps.portals.access import PortalRequest, portal
from apps.portals.account.look_forms import LookForm
from apps.portals.forms import add_refusal
from apps.workflows import team


@portal("member")
@require_http_methods(["GET", "POST"])
def look(request: PortalRequest) -> HttpResponse:
    """Choose how the next papers look, and see it on paper and on screens, light and dark."""
    if not request.actor.may(Action.MANAGE_ORGANISATION):
        raise Http404
    own = get_object_or_404(Organisation.objects.visible_to(request.actor), pk=request.actor.organisation_id)
    initial = {"accent": own.accent, "foot_line": own.foot_line}
    form = LookForm(request.POST or None, request.FILES or None, initial=initial, has_logo=bool(own.logo))
    if request.method == "POST" and form.is_valid():
        try:
            team.set_brand(actor=request.actor, key=form.cleaned_data["key"], data=_data(form, own))
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Saved. The next documents, pages and mails look like this."))
            return redirect("account:look")
    context = {"form": form, "organisation": own, "colour": own.accent or branding.HOUSE}
    return render(request, "account_portal/look.html", context, status=422 if form.errors else 200)


def _data(form: LookForm, own: Organisation) -> BrandData:
    """A new picture is drawn anew and kept before anything is said of it."""
    uploaded = form.cleaned_data["logo"]
    if uploaded is not None:
        logo = team.keep_logo(uploaded.read())
    else:
        logo = "" if form.cleaned_data.get("remove_logo") else own.logo
    return BrandData(accent=form.cleaned_data["accent"], foot_line=form.cleaned_data["foot_line"], logo=logo)
