"""What proves a deal to others: the contract on paper, the certificate of a milestone, packs of everything."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.contracts.models import Contract, ContractVersion
from apps.milestones.models import ConfirmedEvent
from apps.portals import papers
from apps.portals.access import PortalRequest, portal
from apps.portals.seller.pages import contract_crumbs, page
from apps.portals.seller.views.milestones import seller_milestone


def _version(request: PortalRequest, ref: str) -> ContractVersion:
    """A version that was proposed, of a contract in which the organisation sells."""
    proposed = ContractVersion.objects.visible_to(request.actor).filter(proposed_at__isnull=False)
    mine = proposed.filter(contract__seller_id=request.actor.organisation_id)
    return get_object_or_404(mine.select_related("contract"), ref=ref)


def _event(request: PortalRequest, ref: str) -> ConfirmedEvent:
    """An event that the buyer confirmed, of a contract in which the organisation sells."""
    confirmed = ConfirmedEvent.objects.visible_to(request.actor).filter(
        contract__seller_id=request.actor.organisation_id
    )
    return get_object_or_404(confirmed.select_related("contract"), ref=ref)


@require_safe
@portal("seller")
def contract_pdf(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of a version as PDF, signed or proposed; 404 until they exist."""
    return papers.contract_file(request.actor, _version(request, ref))


@require_POST
@portal("seller")
def retry_contract_document(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the PDF of a version again after it failed."""
    version = _version(request, ref)
    papers.retry_contract_document(request, version)
    return redirect("seller:contract", ref=version.contract.ref)


@require_safe
@portal("seller")
def certificate(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the certificate of acceptance; 404 until they exist."""
    milestone = seller_milestone(request, ref)
    return papers.certificate_file(papers.certificate_of(request.actor, milestone), milestone=milestone)


@require_POST
@portal("seller")
def retry_certificate(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the certificate again after it failed."""
    return papers.retry_certificate(request, seller_milestone(request, ref), portal="seller")


@require_safe
@portal("seller")
def event_certificate(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the certificate of a confirmed event; 404 until they exist."""
    return papers.event_certificate_file(request.actor, _event(request, ref))


@require_POST
@portal("seller")
def retry_event_certificate(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the certificate of an event again after it failed."""
    return papers.retry_event_certificate(request, _event(request, ref), portal="seller")


@require_POST
@portal("seller")
def request_pack(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask for everything that proves a contract."""
    contract = get_object_or_404(Contract.objects.of_seller(request.actor), ref=ref)
    return papers.request_pack(request, contract, portal="seller")


@require_POST
@portal("seller")
def request_milestone_pack(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask for everything that proves one milestone."""
    milestone = seller_milestone(request, ref)
    return papers.request_pack(request, milestone.contract, portal="seller", milestone=milestone)


@require_safe
@portal("seller")
def pack(request: PortalRequest, ref: str) -> HttpResponse:
    """One pack: how far it is, and the file when it is there."""
    found = papers.pack_of(request.actor, ref, side="seller")
    contract = (found.contract.number, reverse("seller:contract", args=[found.contract.ref]))
    crumbs = contract_crumbs(contract, (_("Evidence pack"), ""))
    return page(request, "pack", {**papers.pack_piece(found, portal="seller"), "crumbs": crumbs})


@require_safe
@portal("seller")
def pack_file(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the pack; 404 until they exist."""
    return papers.pack_file(papers.pack_of(request.actor, ref, side="seller"))
