"""A personal link of the buyer that the seller replaces: it was lost, has expired, or its mail came back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.contracts.models import GuestGrant
from apps.core.errors import Refused
from apps.milestones.models import Submission
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, explain
from apps.workflows import contracting


@require_POST
@portal("seller")
def renew_link(request: PortalRequest, ref: str) -> HttpResponse:
    """Send a new link to the same mailbox; the old one opens nothing any more."""
    links = GuestGrant.objects.visible_to(request.actor).select_related("contract")
    grant = get_object_or_404(links, ref=ref, contract__seller_id=request.actor.organisation_id)
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            contracting.renew_link(actor=request.actor, key=form.cleaned_data["key"], grant_ref=grant.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("A new link is on its way to %(mailbox)s.") % {"mailbox": grant.email})
    about = (
        Submission.objects.visible_to(request.actor).filter(ref=grant.subject_ref).select_related("milestone").first()
    )
    if about is not None:
        return redirect("seller:milestone", ref=about.milestone.ref)
    return redirect("seller:contract", ref=grant.contract.ref)
