"""What is disputed by personal link, without an account."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.portals.access import PortalRequest, portal
from apps.portals.buyer.visits import personal, visit_of
from apps.portals.disputing import by_link, raising


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: PortalRequest, token: str) -> HttpResponse:
    """Dispute the submission that the link lets decide; once it is in dispute, answer and withdraw."""
    visit = visit_of(request, token)
    if not visit.may_ask(request):
        return redirect("link:open", token=token)
    submission = visit.submission()
    found = by_link.dispute_of(request, submission)
    # What ended can be followed by another one, as long as the submission waits.
    if found is not None and (found.is_live or ("how" not in request.POST and submission.state != "submitted")):
        way = visit.way
        return by_link.dispute(
            request,
            found,
            here=way.dispute(submission),
            back=way.submission(submission),
            about=submission.milestone.title,
        )
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
