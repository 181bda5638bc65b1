"""Pages behind a personal link, without an account: read, decide, done.

GET changes nothing, for mail scanners open links; that the page was opened is noted by a POST that only a browser
sends. No answer is kept by a cache or found by a search engine, and the address with its token goes nowhere.

Referrer-Policy is ``strict-origin``: like ``no-referrer`` it never sends the path, which holds the token; but under
``no-referrer`` browsers send ``Origin: null`` with every form, which the check against forged requests must refuse.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.contracts import services as contracts
from apps.contracts.models import ContractVersion, GuestGrant
from apps.core import clock
from apps.core.errors import Refused
from apps.invoicing.models import Invoice
from apps.milestones.models import EvidenceFile, Milestone, Submission
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import cycles, deciding, payees, renewing, signing, versions
from apps.portals.buyer.files import evidence_file, invoice_file
from apps.portals.buyer.pages import page
from apps.portals.buyer.ways import LinkWay
from apps.portals.forms import ActionForm
from apps.portals.links import LinkState, guest_of, state_of

P = ParamSpec("P")
LinkView = Callable[Concatenate[PortalRequest, P], HttpResponseBase]


def personal(view: LinkView[P]) -> LinkView[P]:
    """Keep what a personal link shows between the link and its reader; an unknown link is told so kindly."""

    @wraps(view)
    def answer(request: PortalRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            response = render(request, "buyer/link/unknown.html", status=404)
        response["Referrer-Policy"] = "strict-origin"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        add_never_cache_headers(response)
        return response

    return answer


def _version(request: PortalRequest, grant: GuestGrant) -> ContractVersion:
    if grant.purpose != GuestGrant.Purpose.SIGN_CONTRACT:
        raise Http404
    return get_object_or_404(versions.proposed_to(request.actor), ref=grant.subject_ref)


def _milestone(request: PortalRequest, grant: GuestGrant) -> Milestone:
    if grant.purpose != GuestGrant.Purpose.SIGN_OFF:
        raise Http404
    sent = Submission.objects.visible_to(request.actor).filter(ref=grant.subject_ref, submitted_at__isnull=False)
    return get_object_or_404(cycles.of_buyer(request.actor), pk__in=sent.values("milestone"))


def _reads(grant: GuestGrant) -> bool:
    """Whether the link still shows what it was for: while it is live, and what it decided until it expires."""
    state = state_of(grant)
    return state is LinkState.LIVE or (state is LinkState.USED and grant.expires_at > clock.now())


def _acts(request: PortalRequest, grant: GuestGrant) -> bool:
    """The same for the pages with a button; a form that was sent too late is shown again with what was typed."""
    return _reads(grant) or (request.method == "POST" and state_of(grant) is LinkState.EXPIRED)


@portal("link")
@personal
@require_safe
def open_link(request: PortalRequest, token: str) -> HttpResponse:
    """What the link is for; after the decision, what came of it; when it is dead, that it is and how to get another."""
    grant, actor = guest_of(request, token=token)
    way = LinkWay(token)
    context: dict[str, object] = {"grant": grant, "token": token, "state": state_of(grant).value}
    if not _reads(grant):
        return _dead(request, grant, token=token)
    if grant.purpose == GuestGrant.Purpose.SIGN_CONTRACT:
        version = versions.read(actor, _version(request, grant), way=way)
        return page(request, "link/contract", {**context, "reading": version}, zone=version.zone)
    milestone = _milestone(request, grant)
    sent = cycles.all_of(actor, milestone)
    submission = next(cycle for cycle in sent if cycle.ref == grant.subject_ref)
    reading = cycles.read(actor, submission, cycles=sent, way=way)
    context["reading"] = reading
    if submission.state == "accepted":
        invoice = milestone.invoice
        context |= {
            "invoice": invoice,
            "pay_to": payees.of_invoice(actor, invoice),
            **_document(invoice, way=way, token=token),
        }
        return page(request, "link/accepted", context, zone=reading.zone)
    return page(request, "link/milestone", context, zone=reading.zone)


def _dead(request: PortalRequest, grant: GuestGrant, *, token: str) -> HttpResponse:
    """A link that shows nothing any more: that it is so, what stands if that may be said, and how to get another."""
    state = state_of(grant)
    subject: ContractVersion | Submission | None = None
    if state is not LinkState.REVOKED:
        if grant.purpose == GuestGrant.Purpose.SIGN_CONTRACT:
            subject = versions.proposed_to(request.actor).filter(ref=grant.subject_ref).first()
        else:
            subject = (
                Submission.objects.visible_to(request.actor)
                .filter(ref=grant.subject_ref)
                .select_related("milestone", "contract__seller")
                .first()
            )
    context = {
        "grant": grant,
        "token": token,
        "state": state.value,
        "subject": subject,
        "contract": subject.contract if subject is not None else None,
        "form": ActionForm(auto_id="renew_%s"),
    }
    return render(request, "buyer/link/dead.html", context)


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: PortalRequest, token: str) -> HttpResponse:
    """Sign the contract."""
    grant, _actor = guest_of(request, token=token)
    if not _acts(request, grant):
        return redirect("link:open", token=token)
    return signing.sign_contract(request, _version(request, grant), way=LinkWay(token), crumbs=[])


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def request_contract_changes(request: PortalRequest, token: str) -> HttpResponse:
    """Ask the seller for other terms."""
    grant, _actor = guest_of(request, token=token)
    if not _acts(request, grant):
        return redirect("link:open", token=token)
    return signing.request_contract_changes(request, _version(request, grant), way=LinkWay(token), crumbs=[])


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: PortalRequest, token: str) -> HttpResponse:
    """Sign the milestone off."""
    grant, _actor = guest_of(request, token=token)
    if not _acts(request, grant):
        return redirect("link:open", token=token)
    return deciding.accept_milestone(
        request, _milestone(request, grant), submission_ref=grant.subject_ref, way=LinkWay(token), crumbs=[]
    )


@portal("link")
@personal
@require_http_methods(["GET", "HEAD", "POST"])
def request_changes(request: PortalRequest, token: str) -> HttpResponse:
    """Say what is missing."""
    grant, _actor = guest_of(request, token=token)
    if not _acts(request, grant):
        return redirect("link:open", token=token)
    return deciding.request_changes(
        request, _milestone(request, grant), submission_ref=grant.subject_ref, way=LinkWay(token), crumbs=[]
    )


@portal("link")
@personal
@require_safe
def evidence(request: PortalRequest, token: str, ref: str) -> HttpResponseBase:
    """One file of the milestone that the link is for."""
    grant, actor = guest_of(request, token=token)
    if not _reads(grant):
        raise Http404
    milestone = _milestone(request, grant)
    files = EvidenceFile.objects.visible_to(actor).filter(submission__milestone=milestone)
    return evidence_file(get_object_or_404(files, ref=ref))


def _invoice(request: PortalRequest, token: str) -> Invoice:
    """The invoice that this link's own sign-off issued; 404 otherwise."""
    grant, _actor = guest_of(request, token=token)
    if not _reads(grant):
        raise Http404
    milestone = _milestone(request, grant)
    invoice: Invoice | None = getattr(milestone, "invoice", None)
    if invoice is None:
        raise Http404
    return invoice


def _document(invoice: Invoice, *, way: LinkWay, token: str) -> dict[str, object]:
    return {
        "document": getattr(invoice, "document", None),
        "invoice": invoice,
        "pdf_url": way.invoice_pdf(invoice),
        "document_url": way.invoice_document(invoice),
        "reload_url": reverse("link:open", args=[token]),
    }


@portal("link")
@personal
@require_safe
def invoice_pdf(request: PortalRequest, token: str) -> HttpResponseBase:
    """The stored bytes of the invoice; 404 until they exist."""
    invoice = _invoice(request, token)
    return invoice_file(getattr(invoice, "document", None), number=invoice.number)


@portal("link")
@personal
@require_safe
def invoice_document(request: PortalRequest, token: str) -> HttpResponse:
    """The PDF's piece of the page, asked for again and again while it is being made."""
    invoice = _invoice(request, token)
    return render(request, "buyer/parts/document.html", _document(invoice, way=LinkWay(token), token=token))


@portal("link")
@personal
@require_POST
def viewed(request: PortalRequest, token: str) -> HttpResponse:
    """The page was opened in a browser: noted once, as proof that the notice arrived."""
    grant, _actor = guest_of(request, token=token)
    if state_of(grant) is LinkState.LIVE:
        contracts.mark_viewed(grant_id=grant.pk, at=clock.now())
    return HttpResponse(status=204)


@portal("link")
@personal
@require_POST
def renew(request: PortalRequest, token: str) -> HttpResponse:
    """A new link to the same mailbox. The answer is always the same: it tells nothing to whoever found the link."""
    grant, actor = guest_of(request, token=token)
    form = ActionForm(request.POST)
    if form.is_valid():
        with suppress(Refused):
            renewing.send_link(grant, actor=actor, key=form.cleaned_data["key"])
    messages.info(
        request,
        _("If something still waits for you, a new link is on its way to the mailbox to which this one was sent."),
    )
    return redirect("link:open", token=token)
