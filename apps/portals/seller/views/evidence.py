"""Evidence files: attached to a submission being prepared, taken out of it, downloaded."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.core.errors import Refused
from apps.milestones import services as milestones
from apps.milestones.models import EvidenceFile
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.forms import explain
from apps.portals.seller.forms.submission import PrepareForm
from apps.portals.seller.views.milestones import seller_milestone
from apps.portals.seller.views.submissions import OPEN, desk, keep
from apps.workflows import sign_off


def _file(request: PortalRequest, ref: str) -> EvidenceFile:
    files = EvidenceFile.objects.visible_to(request.actor).filter(
        submission__contract__seller_id=request.actor.organisation_id
    )
    return get_object_or_404(files.select_related("submission__milestone"), ref=ref)


@require_safe
@portal("seller")
def evidence(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes, always as a download and never as a page."""
    file = _file(request, ref)
    return attachment(file.stored_as, name=file.name, content_type=file.content_type)


@require_POST
@portal("seller")
def attach_evidence(request: PortalRequest, ref: str) -> HttpResponse:
    """Add the chosen files; everything that was typed on the page is saved with them."""
    milestone = seller_milestone(request, ref)
    if milestone.state not in OPEN:
        messages.info(request, _("This milestone is not open for a submission now."))
        return redirect("seller:milestone", ref=milestone.ref)
    form = PrepareForm(request.POST, request.FILES, criteria=list(milestone.line.criteria.all()))
    if keep(request, milestone, form):
        count = len(list(form.uploads()))
        if count:
            messages.success(request, _("Attached, and what you wrote is saved."))
        else:
            messages.info(request, _("Choose one or more files first. What you wrote is saved."))
        return redirect("seller:prepare_submission", ref=milestone.ref)
    return desk(request, milestone, form)


@require_POST
@portal("seller")
def remove_evidence(request: PortalRequest, ref: str) -> HttpResponse:
    """Take a file out of the submission being prepared; everything that was typed on the page is saved.

    A second click finds it gone, and says so.
    """
    before = milestones.submission_without(evidence_ref=ref, actor=request.actor)
    if before is not None:
        messages.info(request, _("This file was removed already."))
        return redirect("seller:prepare_submission", ref=before.milestone.ref)
    file = _file(request, ref)
    milestone = seller_milestone(request, file.submission.milestone.ref)
    form = PrepareForm(request.POST, request.FILES, criteria=list(milestone.line.criteria.all()))
    if "note" in request.POST and milestone.state in OPEN and not keep(request, milestone, form):
        return desk(request, milestone, form)
    try:
        sign_off.remove_evidence(actor=request.actor, evidence_ref=file.ref)
    except Refused as refused:
        messages.error(request, explain(refused))
    else:
        messages.success(request, _("%(name)s is removed.") % {"name": file.name})
    return redirect("seller:prepare_submission", ref=milestone.ref)
