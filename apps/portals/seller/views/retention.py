"""The release of retention by the seller's word."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.contracts.models import Contract
from apps.portals import retaining
from apps.portals.access import PortalRequest, portal
from apps.portals.seller.pages import contract_crumbs, page, why_not


@require_http_methods(["GET", "POST"])
@portal("seller")
def release_retention(request: PortalRequest, ref: str) -> HttpResponse:
    """Make a part of what was withheld due: which part, and what that does."""
    found = get_object_or_404(Contract.objects.of_seller(request.actor).select_related("seller", "buyer"), ref=ref)
    form = retaining.form_of(request, found, side="seller")
    if request.method == "POST" and (statement := retaining.released(request, found, form)):
        messages.success(request, _("It is released. The release statement that asks for it is on its way."))
        return redirect("seller:invoice", ref=statement)
    context = {
        "contract": found,
        "panel": retaining.panel_of(found, side="seller"),
        "refusal": why_not(request.actor, retaining.ACTIONS["seller"]),
        "crumbs": contract_crumbs(
            (found.number, reverse("seller:contract", args=[found.ref])), (_("Release retention"), "")
        ),
    }
    return page(request, "release_retention", context, form=form)
