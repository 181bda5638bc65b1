"""The release of retention by the buyer's word."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.contracts.models import Contract
from apps.portals import retaining
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer.pages import contract_crumbs, page, why_not, zone_of


@require_http_methods(["GET", "POST"])
@portal("buyer")
def release_retention(request: PortalRequest, ref: str) -> HttpResponse:
    """Make a part of what was withheld due: which part, and what that does."""
    found = get_object_or_404(Contract.objects.of_buyer(request.actor).select_related("seller", "buyer"), ref=ref)
    form = retaining.form_of(request, found, side="buyer")
    if request.method == "POST" and (statement := retaining.released(request, found, form)):
        messages.success(request, _("It is released. The release statement that asks for it is on its way."))
        return redirect("buyer:invoice", ref=statement)
    context = {
        "contract": found,
        "panel": retaining.panel_of(found, side="buyer"),
        "refusal": why_not(request.actor, retaining.ACTIONS["buyer"]),
        "crumbs": contract_crumbs(
            (found.number, reverse("buyer:contract", args=[found.ref])), (_("Release retention"), "")
        ),
    }
    return page(request, "release_retention", context, zone=zone_of(request), form=form)
