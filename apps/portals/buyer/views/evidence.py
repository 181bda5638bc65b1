"""Evidence files of submissions, to download."""

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from apps.milestones.models import EvidenceFile
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer.files import evidence_file


@require_safe
@portal("buyer")
def evidence(request: PortalRequest, ref: str) -> HttpResponseBase:
    """One file that the seller sent with a submission."""
    files = EvidenceFile.objects.visible_to(request.actor).filter(
        submission__contract__buyer_id=request.actor.organisation_id
    )
    return evidence_file(get_object_or_404(files, ref=ref))
