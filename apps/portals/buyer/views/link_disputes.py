"""What is disputed by personal link, without an account."""

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer.visits import Purpose, personal, visit_of
from apps.portals.correcting.side import BUYER
from apps.portals.disputing import answering, by_link, raising


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: PortalRequest, token: str) -> HttpResponse:
    """Dispute the submission that the link lets decide; once it is in dispute, answer and withdraw."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    if visit.grant.purpose == Purpose.DISPUTE:
        return by_link.dispute(request, visit.dispute(), token=token)
    submission = visit.submission()
    found = by_link.dispute_of(request, submission)
    # What ended can be followed by another one, as long as the submission waits.
    if found is not None and (found.is_live or ("how" not in request.POST and submission.state != "submitted")):
        return by_link.dispute(request, found, token=token, is_of_submission=True)
    return raising.dispute_by_link(
        request,
        submission,
        back=visit.way.submission(submission),
        show=lambda context, form: render(
            request,
            "disputing/raise_dispute.html",
            {**context, "form": form},
            status=422 if form.is_bound and form.errors else 200,
        ),
    )


@portal("link")
@personal
@require_safe
def dispute_file(request: PortalRequest, token: str, ref: str) -> HttpResponseBase:
    """A file that was shown in the dispute that the link is for, or of whose submission it is."""
    visit = visit_of(request, token)
    if not visit.may_read:
        raise Http404
    is_of_dispute = visit.grant.purpose == Purpose.DISPUTE
    found = visit.dispute() if is_of_dispute else by_link.dispute_of(request, visit.submission())
    if found is None:
        raise Http404
    file = get_object_or_404(answering.files_of(visit.actor, side=BUYER), ref=ref, dispute=found)
    return attachment(file.stored_as, name=file.name, content_type=file.content_type)
