"""What is disputed by personal link, without an account."""

from typing import Any

from django.forms import BaseForm
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from apps.invoicing import services as invoicing
from apps.milestones.models import Dispute
from apps.portals.access import PortalRequest, portal
from apps.portals.attachments import attachment
from apps.portals.buyer.visits import Purpose, Visit, acting, handing_out
from apps.portals.correcting.side import BUYER
from apps.portals.disputing import answering, by_link, raising


@portal("link")
@acting
def dispute(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Dispute the submission that the link lets decide, or the invoice that it is for; once a submission is in
    dispute, answer and withdraw."""
    if visit.grant.purpose == Purpose.DISPUTE:
        return by_link.dispute(request, visit.dispute(), token=visit.token)
    if visit.grant.purpose == Purpose.DISPUTE_INVOICE:
        return _of_invoice(request, visit)
    submission = visit.submission()
    found = by_link.dispute_of(request, submission)
    # What ended can be followed by another one, as long as the submission waits.
    if found is not None and (found.is_live or ("how" not in request.POST and submission.state != "submitted")):
        return by_link.dispute(request, found, token=visit.token, is_of_submission=True)
    return raising.dispute_by_link(
        request,
        submission,
        back=visit.way.submission(submission),
        show=_shown_in(request),
    )


def _of_invoice(request: PortalRequest, visit: Visit) -> HttpResponse:
    """The form, until the link has raised the dispute; from then on that dispute, which goes on by another link."""
    if (found := _raised_by(visit)) is not None:
        return by_link.dispute(request, found, token=visit.token)
    invoice = visit.invoice()
    link = invoicing.live_link(invoice)
    return raising.invoice_by_link(
        request,
        invoice,
        here=reverse("link:dispute", args=[visit.token]),
        back=reverse("hosted:open", args=[invoicing.token_of(link)]) if link is not None else "",
        show=_shown_in(request),
    )


def _read_by(request: PortalRequest, visit: Visit) -> Dispute | None:
    if visit.grant.purpose == Purpose.DISPUTE_INVOICE:
        return _raised_by(visit)
    return (
        visit.dispute() if visit.grant.purpose == Purpose.DISPUTE else by_link.dispute_of(request, visit.submission())
    )


def _raised_by(visit: Visit) -> Dispute | None:
    """The dispute of an invoice that this link raised, once it did."""
    raised = Dispute.objects.visible_to(visit.actor).filter(grant=visit.grant.pk, submission=None)
    return raised.select_related("contract__buyer").first()


def _shown_in(request: PortalRequest) -> raising.Show:
    """The form of a dispute with its page; 422 when it shows again what was refused."""

    def show(context: dict[str, Any], form: BaseForm) -> HttpResponse:
        status = 422 if form.is_bound and form.errors else 200
        return render(request, "disputing/raise_dispute.html", {**context, "form": form}, status=status)

    return show


@portal("link")
@handing_out
def dispute_file(request: PortalRequest, visit: Visit, ref: str) -> HttpResponseBase:
    """A file that was shown in the dispute that the link is for, that it raised, or of whose submission it is."""
    found = _read_by(request, visit)
    if found is None:
        raise Http404
    file = get_object_or_404(answering.files_of(visit.actor, side=BUYER), ref=ref, dispute=found)
    return attachment(file.stored_as, name=file.name, content_type=file.content_type)
