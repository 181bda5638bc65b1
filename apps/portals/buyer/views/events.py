"""Events on which milestones wait: the buyer says that one has happened."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.contracts.models import Contract
from apps.parties.roles import Action
from apps.portals import waiting
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer.pages import contract_crumbs, page, why_not, zone_of


@require_http_methods(["GET", "POST"])
@portal("buyer")
def confirm_event(request: PortalRequest, ref: str) -> HttpResponse:
    """Confirm an event of a contract: which one, what shows it, and what that does."""
    related = ("seller", "buyer", "active_version")
    found = get_object_or_404(Contract.objects.of_buyer(request.actor).select_related(*related), ref=ref)
    form = waiting.form_of(request, found)
    if request.method == "POST" and waiting.confirmed(request, found, form):
        messages.success(request, _("It is confirmed. The seller is told, and what waited for it may go on."))
        return redirect("buyer:contract", ref=found.ref)
    context = {
        **waiting.page_of(found, form),
        "base": "buyer/base.html",
        "back_url": reverse("buyer:contract", args=[found.ref]),
        "refusal": why_not(request.actor, Action.DECIDE_MILESTONE),
        "crumbs": contract_crumbs(
            (found.number, reverse("buyer:contract", args=[found.ref])), (_("Confirm an event"), "")
        ),
    }
    return page(request, "confirm_event", context, zone=zone_of(request), form=form)
