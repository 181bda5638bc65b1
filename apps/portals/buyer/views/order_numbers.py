"""The number of the buyer's order, for the invoices to come."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.contracts.models import Contract
from apps.core.errors import Refused
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer.forms import OrderNumberForm
from apps.portals.forms import explain
from apps.workflows import contracting


def order_number_form(actor: Actor, contract: Contract) -> OrderNumberForm | None:
    """Where the buyer says which order the invoices belong to; None for whoever may not, and where none will come."""
    if contract.state not in ("active", "completed") or not actor.may(Action.SET_ORDER_NUMBER):
        return None
    return OrderNumberForm(auto_id="order_%s", initial={"number": contract.order_number})


@require_POST
@portal("buyer")
def set_order_number(request: PortalRequest, ref: str) -> HttpResponse:
    """Say which order the invoices to come belong to."""
    found = get_object_or_404(Contract.objects.of_buyer(request.actor), ref=ref)
    form = OrderNumberForm(request.POST)
    if form.is_valid():
        try:
            contracting.set_order_number(
                actor=request.actor,
                key=form.cleaned_data["key"],
                contract_ref=found.ref,
                number=form.cleaned_data["number"],
            )
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The invoices to come bear this order number."))
    return redirect(reverse("buyer:contract", args=[found.ref]) + "#order-number")
