"""A notice of assignment: the buyer reads whom an invoice is paid to from now on, and confirms having read it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.core.errors import Refused, Stale
from apps.financing.models import Assignment
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import payees
from apps.portals.buyer.forms import AcknowledgeForm
from apps.portals.buyer.pages import invoice_crumbs, page, show_anew, why_not, zone_of
from apps.portals.forms import add_refusal
from apps.workflows import funding


def _assignment(request: PortalRequest, ref: str) -> Assignment:
    rows = Assignment.objects.visible_to(request.actor).filter(contract__buyer_id=request.actor.organisation_id)
    return get_object_or_404(
        rows.select_related("invoice__open_item", "invoice__seller", "contract", "acknowledged_by"),
        ref=ref,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("buyer")
def acknowledge_assignment(request: PortalRequest, ref: str) -> HttpResponse:
    """The notice with the account to pay into, and the button; once confirmed, the notice alone."""
    assignment = _assignment(request, ref)
    invoice = assignment.invoice
    form = AcknowledgeForm(initial={"seen": assignment.notice_sha256})
    if request.method == "POST":
        form = AcknowledgeForm(request.POST)
        if form.is_valid():
            try:
                funding.acknowledge_assignment(
                    actor=request.actor,
                    key=form.cleaned_data["key"],
                    assignment_ref=assignment.ref,
                    seen=form.cleaned_data["seen"],
                )
            except Refused as refused:
                if isinstance(refused, Stale):
                    show_anew(form, seen=assignment.notice_sha256)
                add_refusal(form, refused)
                assignment = _assignment(request, ref)
            else:
                messages.success(request, _("You confirmed the notice. Pay the invoice into the account shown here."))
                return redirect("buyer:invoice", ref=invoice.ref)
    here = reverse("buyer:invoice", args=[invoice.ref])
    return page(
        request,
        "acknowledge_assignment",
        {
            "assignment": assignment,
            "invoice": invoice,
            "pay_to": payees.of_invoice(request.actor, invoice),
            "why_not": why_not(request.actor, Action.ACKNOWLEDGE_ASSIGNMENT),
            "crumbs": invoice_crumbs((invoice.number, here), (_("Notice of assignment"), "")),
        },
        zone=zone_of(request),
        form=form,
    )
