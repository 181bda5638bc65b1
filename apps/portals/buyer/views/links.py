"""A personal link from its first opening to its end: what it is for, what came of it, how to get another."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion, Termination
from apps.core import clock
from apps.core.errors import Refused
from apps.financing.models import Assignment
from apps.invoicing import services as invoicing
from apps.invoicing.models import Application, CorrectedInvoice, Invoice
from apps.milestones import services as milestones
from apps.milestones.models import Dispute, Milestone, Submission
from apps.milestones.models.submission import Proof
from apps.portals import conversing, interrupted, missing_people, papers
from apps.portals.access import PortalRequest, portal
from apps.portals.applying.standing import stands_in
from apps.portals.buyer import acknowledging, cycles, passing_by_link, payees, renewing, versions
from apps.portals.buyer.pages import page
from apps.portals.buyer.views.link_files import document_of
from apps.portals.buyer.visits import Purpose, Visit, personal, visit_of
from apps.portals.changing import by_link
from apps.portals.correcting.side import BUYER
from apps.portals.forms import ActionForm
from apps.portals.links import LinkState
from apps.portals.reserving import by_link as defects
from apps.portals.reserving.shown import of_milestone
from apps.portals.shown import goes_on_as
from apps.portals.terminating import by_link as terminations
from apps.workflows import notices

DONE_HERE: Final = (Purpose.ACKNOWLEDGE, Purpose.SETTLE)
GOING_ON: Final[dict[Purpose, type[Milestone | Dispute | Invoice | Termination | Application]]] = {
    Purpose.CERTIFY: Application,
    Purpose.MEND: Milestone,
    Purpose.DISPUTE: Dispute,
    Purpose.DISPUTE_INVOICE: Invoice,
    Purpose.SETTLE: Termination,
}
Going = Milestone | Dispute | Invoice | Termination | Application
Subject = Contract | ContractVersion | Submission | Assignment | Going


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: PortalRequest, token: str) -> HttpResponse:
    """What the link is for; after the decision, what came of it; when it is dead, that it is and how to get another.

    A notice is read and confirmed on this one page, what was proposed is taken back here; whatever else is decided has
    a page of its own.
    """
    visit = visit_of(request, token)
    if request.method == "POST" and visit.grant.purpose not in DONE_HERE:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not visit.may_ask(request):
        return _dead(request, visit) if request.method != "POST" else redirect("link:open", token=token)
    if request.method == "GET" and (way := interrupted.waiting_for(request, visit.grant, token=token)):
        said = _("What you typed before this link came is kept.")
        messages.info(request, format_html('{} <a href="{}">{}</a>', said, way, _("Go on with it")))
    return SHOWN[Purpose(visit.grant.purpose)](request, visit)


def _notice(request: PortalRequest, visit: Visit) -> HttpResponse:
    return acknowledging.acknowledge_assignment(request, visit.assignment(), way=visit.way, crumbs=[])


def _termination(request: PortalRequest, visit: Visit) -> HttpResponse:
    return terminations.termination(request, visit.termination(), token=visit.token)


def _dispute(request: PortalRequest, visit: Visit) -> HttpResponse:
    return redirect("link:dispute", token=visit.token)


def _events(request: PortalRequest, visit: Visit) -> HttpResponse:
    return redirect("link:confirm_event", token=visit.token)


def _application(request: PortalRequest, visit: Visit) -> HttpResponse:
    return redirect("link:application", token=visit.token)


def _defects(request: PortalRequest, visit: Visit) -> HttpResponse:
    return defects.reservations(request, visit.defects(), grant=visit.grant, token=visit.token)


def _contract(request: PortalRequest, visit: Visit) -> HttpResponse:
    found = visit.version()
    if found.change_order_id is not None:
        return by_link.change_order(request, found, grant=visit.grant, token=visit.token)
    version = versions.read(visit.actor, found, way=visit.way)
    context: dict[str, object] = {"grant": visit.grant, "token": visit.token, "reading": version}
    if version.state == "signed" and not version.contract.buyer.is_claimed:
        waits = milestones.events_to_confirm(version.contract, payable=invoicing.payable_by_event)
        context |= {"events": list(waits), "renewal": ActionForm(auto_id="renew_%s")}
    return page(request, "link/contract", context, zone=version.zone)


def _milestone(request: PortalRequest, visit: Visit) -> HttpResponse:
    context: dict[str, object] = {"grant": visit.grant, "token": visit.token}
    milestone = visit.milestone()
    sent = cycles.all_of(visit.actor, milestone)
    submission = next(cycle for cycle in sent if cycle.ref == visit.grant.subject_ref)
    reading = cycles.read(visit.actor, submission, cycles=sent, way=visit.way)
    context["reading"] = reading
    disputed = Dispute.objects.live().filter(submission=submission).first()
    context |= {"dispute": disputed, "is_disputed": disputed is not None}
    context |= passing_by_link.standing(visit, submission)
    said = reverse("link:comment_milestone", args=[visit.token])
    context["conversation"] = conversing.of_milestone(visit.actor, milestone, may_write=True, url=said)
    if submission.state != "accepted":
        context["missing_people"] = missing_people.of_milestone(reading.milestone, side="buyer")
        return page(request, "link/milestone", context, zone=reading.zone)
    invoice: Invoice | None = getattr(milestone, "invoice", None)
    context["stands_in"] = stands_in(milestone)
    context |= {"whole": milestones.amount_submitted(submission), "rest": goes_on_as(milestone)}
    context["reservations"] = of_milestone(visit.actor, milestone, side=BUYER, is_linked=False)
    if invoice is not None:
        pay_to = payees.of_invoice(visit.actor, invoice)
        context |= {
            "pay_to": pay_to,
            "pay_code": payees.pay_code(pay_to, invoice),
            "is_printed_otherwise": payees.is_printed_otherwise(pay_to, invoice),
            **document_of(invoice, visit=visit),
            **_standing(visit, invoice),
        }
    context |= {
        **papers.certificate_piece(visit.actor, milestone),
        "certificate_url": reverse("link:certificate", args=[visit.token]),
        "here": reverse("link:open", args=[visit.token]),
    }
    return page(request, "link/accepted", context, zone=reading.zone)


def _standing(visit: Visit, invoice: Invoice) -> dict[str, object]:
    """The corrected invoice that stands in its place, if one does, and the page on which its document is."""
    last = CorrectedInvoice.objects.visible_to(visit.actor).filter(invoice=invoice).order_by("place").last()
    link = invoicing.live_link(invoice) if last is not None else None
    url = reverse("hosted:open", args=[invoicing.token_of(link)]) if link is not None else ""
    return {"corrected": last, "corrected_url": url}


def _take_over(request: PortalRequest, visit: Visit) -> HttpResponse:
    """No token of such a link is sent."""
    raise Http404


SHOWN: Final[dict[Purpose, Callable[[PortalRequest, Visit], HttpResponse]]] = {
    Purpose.SIGN_CONTRACT: _contract,
    Purpose.SIGN_OFF: _milestone,
    Purpose.ACKNOWLEDGE: _notice,
    Purpose.MEND: _defects,
    Purpose.DISPUTE: _dispute,
    Purpose.DISPUTE_INVOICE: _dispute,
    Purpose.SETTLE: _termination,
    Purpose.CONFIRM_EVENT: _events,
    Purpose.CERTIFY: _application,
    Purpose.TAKE_OVER: _take_over,
}


def _dead(request: PortalRequest, visit: Visit) -> HttpResponse:
    """A link that shows nothing any more: that it is so, what stands if that may be said, and how to get another."""
    subject = _subject(visit) if visit.state is not LinkState.REVOKED else None
    context = {
        "grant": visit.grant,
        "token": visit.token,
        "state": visit.state.value,
        "subject": subject,
        "contract": subject if isinstance(subject, Contract) else subject.contract if subject is not None else None,
        "form": ActionForm(auto_id="renew_%s"),
    }
    return render(request, "buyer/link/dead.html", context)


def _subject(visit: Visit) -> "Subject | None":
    """What the link was for, in as few words as say how it stands."""
    ref, actor = visit.grant.subject_ref, visit.actor
    if visit.grant.purpose == Purpose.SIGN_CONTRACT:
        return versions.proposed_to(actor).filter(ref=ref).first()
    if visit.grant.purpose == Purpose.ACKNOWLEDGE:
        return acknowledging.notices_to(actor).filter(ref=ref).first()
    if visit.grant.purpose == Purpose.CONFIRM_EVENT:
        return Contract.objects.visible_to(actor).filter(ref=ref).select_related("seller").first()
    if (model := GOING_ON.get(Purpose(visit.grant.purpose))) is not None:
        return model._default_manager.visible_to(actor).filter(ref=ref).select_related("contract__seller").first()
    sent = Submission.objects.visible_to(actor).filter(ref=ref)
    return sent.select_related("milestone", "contract__seller").first()


@portal("link")
@personal
@require_POST
def viewed(request: PortalRequest, token: str) -> HttpResponse:
    """The page was opened in a browser: noted once, as proof that the notice arrived."""
    visit = visit_of(request, token)
    if visit.state is LinkState.LIVE:
        at = clock.now()
        contracts.mark_viewed(grant_id=visit.grant.pk, at=at)
        if visit.grant.purpose == Purpose.SIGN_OFF:
            notices.note_delivery(actor=visit.actor, submission_ref=visit.grant.subject_ref, proof=Proof.VIEW, at=at)
    return HttpResponse(status=204)


@portal("link")
@personal
@require_POST
def renew(request: PortalRequest, token: str) -> HttpResponse:
    """A new link to the same mailbox. The answer is always the same: it tells nothing to whoever found the link."""
    visit = visit_of(request, token)
    form = ActionForm(request.POST)
    if form.is_valid():
        with suppress(Refused):
            renewing.send_link(visit.grant, actor=visit.actor, key=form.cleaned_data["key"])
    messages.info(
        request,
        _("If something still waits for you, a new link is on its way to the mailbox to which this one was sent."),
    )
    return redirect("link:open", token=token)
