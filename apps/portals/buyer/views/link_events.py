"""Events that a contract waits for, confirmed by personal link, without an account."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.portals import waiting
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer.pages import page
from apps.portals.buyer.visits import Visit, acting


@portal("link")
@acting
def confirm_event(request: PortalRequest, visit: Visit) -> HttpResponse:
    """What the contract waits for and what was confirmed; say that an event has happened."""
    contract = visit.contract_that_waits()
    form = waiting.form_of(request, contract)
    if request.method == "POST" and waiting.confirmed(request, contract, form):
        thanks = _("Thank you. %(seller)s is told, and what waited for it goes on.")
        messages.success(request, thanks % {"seller": contract.seller.legal_name})
        return redirect("link:confirm_event", token=visit.token)
    context = {
        **waiting.page_of(contract, form),
        "base": "buyer/link/base.html",
        "back_url": "" if not form.is_bound else reverse("link:confirm_event", args=[visit.token]),
    }
    return page(request, "confirm_event", context, zone=contract.buyer.time_zone, form=form)
