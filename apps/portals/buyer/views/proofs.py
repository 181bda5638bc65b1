"""What proves a deal to others: the contract on paper, the certificate of a milestone, packs of everything."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.contracts.models import Contract, ContractVersion
from apps.milestones.models import ConfirmedEvent, Milestone
from apps.portals import papers
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import cycles, versions
from apps.portals.buyer.pages import contract_crumbs, page, zone_of


def _milestone(request: PortalRequest, ref: str) -> Milestone:
    return get_object_or_404(cycles.of_buyer(request.actor), ref=ref)


def _version(request: PortalRequest, ref: str) -> ContractVersion:
    return get_object_or_404(versions.proposed_to(request.actor), ref=ref)


def _event(request: PortalRequest, ref: str) -> ConfirmedEvent:
    """An event that the buyer confirmed, of a contract in which the organisation buys."""
    confirmed = ConfirmedEvent.objects.visible_to(request.actor).filter(
        contract__buyer_id=request.actor.organisation_id
    )
    return get_object_or_404(confirmed.select_related("contract"), ref=ref)


@require_safe
@portal("buyer")
def contract_pdf(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of a version as PDF, signed or proposed; 404 until they exist."""
    return papers.contract_file(request.actor, _version(request, ref))


@require_POST
@portal("buyer")
def retry_contract_document(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the PDF of a version again after it failed."""
    version = _version(request, ref)
    papers.retry_contract_document(request, version)
    return redirect("buyer:contract", ref=version.contract.ref)


@require_safe
@portal("buyer")
def certificate(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the certificate of acceptance; 404 until they exist."""
    milestone = _milestone(request, ref)
    return papers.certificate_file(papers.certificate_of(request.actor, milestone), milestone=milestone)


@require_POST
@portal("buyer")
def retry_certificate(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the certificate again after it failed."""
    return papers.retry_certificate(request, _milestone(request, ref), portal="buyer")


@require_safe
@portal("buyer")
def event_certificate(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the certificate of a confirmed event; 404 until they exist."""
    return papers.event_certificate_file(request.actor, _event(request, ref))


@require_POST
@portal("buyer")
def retry_event_certificate(request: PortalRequest, ref: str) -> HttpResponse:
    """Make the certificate of an event again after it failed."""
    return papers.retry_event_certificate(request, _event(request, ref), portal="buyer")


@require_POST
@portal("buyer")
def request_pack(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask for everything that proves a contract."""
    contract = get_object_or_404(Contract.objects.of_buyer(request.actor), ref=ref)
    return papers.request_pack(request, contract, portal="buyer")


@require_POST
@portal("buyer")
def request_milestone_pack(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask for everything that proves one milestone."""
    milestone = _milestone(request, ref)
    return papers.request_pack(request, milestone.contract, portal="buyer", milestone=milestone)


@require_safe
@portal("buyer")
def pack(request: PortalRequest, ref: str) -> HttpResponse:
    """One pack: how far it is, and the file when it is there."""
    found = papers.pack_of(request.actor, ref, side="buyer")
    contract = (found.contract.number, reverse("buyer:contract", args=[found.contract.ref]))
    crumbs = contract_crumbs(contract, (_("Evidence pack"), ""))
    return page(request, "pack", {**papers.pack_piece(found, portal="buyer"), "crumbs": crumbs}, zone=zone_of(request))


@require_safe
@portal("buyer")
def pack_file(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of the pack; 404 until they exist."""
    return papers.pack_file(papers.pack_of(request.actor, ref, side="buyer"))
