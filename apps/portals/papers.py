"""What is made once and handed over, as the sellers' and the buyers' pages show it: contracts, certificates, packs.

Each portal has doors of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts import documents
from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractDocument, ContractVersion
from apps.core import clock
from apps.core.errors import Refused
from apps.core.made import GIVEN_UP_AFTER, Made
from apps.milestones.models import (
    Certificate,
    ConfirmedEvent,
    Decision,
    EventCertificate,
    Milestone,
    Settlement,
    SettlementPaper,
)
from apps.parties.actor import Actor
from apps.portals.access import PortalRequest
from apps.portals.attachments import attachment
from apps.portals.forms import ActionForm, explain
from apps.workflows import proofs
from apps.workflows.models import EvidencePack
from apps.workflows.packs import asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """The PDF of a version as a page shows it; ``document`` is None until its making is begun."""

    document: ContractDocument | None
    is_signed: bool
    is_given_up: bool
    url: str
    retry_url: str
    here: str
    action: ActionForm
    ends_early: tuple[int, int] | None


def printed(actor: Actor, version: ContractVersion, *, url: str, here: str, retry_url: str = "") -> Printed | None:
    """The signed contract where both sides signed this version, else the proposal; nothing of a draft."""
    if version.proposed_at is None:
        return None
    kind = _kind_of(version)
    document, now = _document_of(actor, version), clock.now()
    late = documents.asked_at(version, kind=kind) + GIVEN_UP_AFTER < now
    return Printed(
        document=document,
        is_signed=kind == ContractDocument.Kind.SIGNED,
        is_given_up=document.is_given_up(now=now) if document is not None else late,
        url=url,
        retry_url=retry_url,
        here=here,
        action=ActionForm(auto_id="print_%s"),
        ends_early=documents.ends_early(version),
    )


def contract_file(actor: Actor, version: ContractVersion) -> FileResponse:
    """The stored bytes of the PDF of a version; 404 until they exist."""
    word = _("contract") if _kind_of(version) == ContractDocument.Kind.SIGNED else _("proposal")
    name = f"{word}-{version.contract.number}-v{version.number}.pdf"
    return handed_over(_document_of(actor, version), name=name, content_type="application/pdf")


def retry_contract_document(request: PortalRequest, version: ContractVersion) -> None:
    """Make the PDF of a version again after it failed, and say so."""
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            proofs.retry_contract_document(
                actor=request.actor, key=form.cleaned_data["key"], version_ref=version.ref, kind=_kind_of(version)
            )
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The PDF is being made again."))


def _kind_of(version: ContractVersion) -> str:
    return str(ContractDocument.Kind.SIGNED if contracts.is_signed(version) else ContractDocument.Kind.PROPOSAL)


def _document_of(actor: Actor, version: ContractVersion) -> ContractDocument | None:
    return ContractDocument.objects.visible_to(actor).filter(version=version, kind=_kind_of(version)).first()


def certificate_of(actor: Actor, milestone: Milestone) -> Certificate | None:
    """The certificate of a milestone's acceptance; None until its making is begun."""
    accepted = milestone.accepted_submission_id
    if accepted is None:
        return None
    return Certificate.objects.visible_to(actor).filter(decision__submission_id=accepted).first()


def certificate_piece(actor: Actor, milestone: Milestone) -> dict[str, Any]:
    """The certificate as a page shows it: there, being made, failed, or given up because it should be there by now."""
    if milestone.accepted_at is None:
        return {}
    certificate, now = certificate_of(actor, milestone), clock.now()
    if certificate is None and _is_by_lapse(milestone):
        return {}
    if certificate is not None:
        is_given_up = certificate.is_given_up(now=now)
    else:
        is_given_up = milestone.accepted_at + GIVEN_UP_AFTER < now
    return {
        "certificate": certificate,
        "is_certificate_given_up": is_given_up,
        "action": ActionForm(auto_id="prove_%s"),
    }


def _is_by_lapse(milestone: Milestone) -> bool:
    """Whether silence accepted it before there were certificates of that: the audit chain alone tells of it."""
    lapsed = Decision.objects.filter(
        submission__milestone=milestone, outcome=Decision.Outcome.DEEMED_ACCEPTED, lapse_text=""
    )
    return lapsed.exists()


def certificate_file(certificate: Certificate | None, *, milestone: Milestone) -> FileResponse:
    """The stored bytes of a certificate; 404 until they exist."""
    name = "-".join((_("certificate"), milestone.contract.number, str(milestone.position))) + ".pdf"
    return handed_over(certificate, name=name, content_type="application/pdf")


def retry_certificate(request: PortalRequest, milestone: Milestone, *, portal: str) -> HttpResponse:
    """Make the certificate again after it failed, say so, and go back to the milestone."""
    submission = milestone.accepted_submission
    if submission is None:
        raise Http404
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            proofs.retry_certificate(actor=request.actor, key=form.cleaned_data["key"], submission_ref=submission.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The certificate is being made again."))
    return redirect(f"{portal}:milestone", ref=milestone.ref)


def event_certificate_file(actor: Actor, event: ConfirmedEvent) -> FileResponse:
    """The stored bytes of the certificate of a confirmed event; 404 until they exist."""
    certificate = EventCertificate.objects.visible_to(actor).filter(event=event).first()
    name = "-".join((_("event"), event.contract.number, event.ref)) + ".pdf"
    return handed_over(certificate, name=name, content_type="application/pdf")


def retry_event_certificate(request: PortalRequest, event: ConfirmedEvent, *, portal: str) -> HttpResponse:
    """Make the certificate of an event again after it failed, say so, and go back to the contract."""
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            proofs.retry_event_certificate(actor=request.actor, key=form.cleaned_data["key"], event_ref=event.ref)
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The certificate is being made again."))
    return redirect(f"{portal}:contract", ref=event.contract.ref)


def settlement_piece(
    actor: Actor, settlement: Settlement, *, url: Callable[[str, str], str], here: str, now: datetime
) -> dict[str, Any]:
    """The paper of a signed settlement as a page shows it: there, being made, failed, or given up.

    ``url`` says where something is done with it; a guest asks for nothing again.
    """
    paper = SettlementPaper.objects.visible_to(actor).filter(settlement=settlement).first()
    if paper is not None:
        is_given_up = paper.is_given_up(now=now)
    else:
        is_given_up = settlement.closed_at is not None and settlement.closed_at + GIVEN_UP_AFTER < now
    return {
        "paper": paper,
        "is_paper_given_up": is_given_up,
        "paper_url": url("settlement_pdf", settlement.ref),
        "retry_url": url("retry_settlement_pdf", settlement.ref),
        "here": here,
        "paper_action": ActionForm(auto_id="print_%s"),
    }


def settlement_file(actor: Actor, settlement: Settlement) -> FileResponse:
    """The stored bytes of the paper of a settlement; 404 until they exist."""
    paper = SettlementPaper.objects.visible_to(actor).filter(settlement=settlement).first()
    name = "-".join((_("settlement"), settlement.contract.number)) + ".pdf"
    return handed_over(paper, name=name, content_type="application/pdf")


def retry_settlement_paper(request: PortalRequest, settlement: Settlement) -> None:
    """Make the paper of a settlement again after it failed, and say so."""
    form = ActionForm(request.POST)
    if form.is_valid():
        try:
            proofs.retry_settlement_paper(
                actor=request.actor, key=form.cleaned_data["key"], settlement_ref=settlement.ref
            )
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(request, _("The PDF is being made again."))


def request_pack(
    request: PortalRequest, contract: Contract, *, portal: str, milestone: Milestone | None = None
) -> HttpResponse:
    """Ask for a pack and go to its page; when it is refused, which is said, back to what it was to be about."""
    about = ("milestone", milestone.ref) if milestone is not None else ("contract", contract.ref)
    page, ref = requested_pack(request, contract, milestone=milestone) or about
    return redirect(f"{portal}:{page}", ref=ref)


def requested_pack(
    request: PortalRequest, contract: Contract, *, milestone: Milestone | None
) -> tuple[str, str] | None:
    """Ask for a pack: its page by name and reference; None when it is refused, which is said."""
    form = ActionForm(request.POST)
    if not form.is_valid():
        return None
    try:
        answer = proofs.request_pack(
            actor=request.actor,
            key=form.cleaned_data["key"],
            contract_ref=contract.ref,
            milestone_ref=milestone.ref if milestone is not None else "",
        )
    except Refused as refused:
        messages.error(request, explain(refused))
        return None
    return "pack", answer["pack"]


def pack_of(actor: Actor, ref: str, *, side: str) -> EvidencePack:
    """A pack that the actor's organisation asked for as ``seller`` or ``buyer`` of its contract; 404 for any other."""
    packs = EvidencePack.objects.visible_to(actor).filter(**{f"contract__{side}_id": actor.organisation_id})
    return get_object_or_404(packs.select_related("contract__seller", "contract__buyer", "milestone"), ref=ref)


def pack_piece(pack: EvidencePack, *, portal: str) -> dict[str, Any]:
    """The page of a pack in one of the portals, and how to ask for it anew."""
    about, name = (
        (pack.contract.ref, "request_pack")
        if pack.milestone is None
        else (pack.milestone.ref, "request_milestone_pack")
    )
    return pack_shown(
        pack,
        here=reverse(f"{portal}:pack", args=[pack.ref]),
        file_url=reverse(f"{portal}:pack_file", args=[pack.ref]),
        again_url=reverse(f"{portal}:{name}", args=[about]),
    )


def pack_shown(pack: EvidencePack, *, here: str, file_url: str, again_url: str) -> dict[str, Any]:
    """How far a pack is, the file, what it lacks, or why there is none."""
    now = clock.now()
    return {
        "pack": pack,
        "contract": pack.contract,
        "is_given_up": pack.is_given_up(now=now),
        "is_dropped": pack.is_dropped(now=now),
        "is_current": asking.is_current(pack, at=now),
        "here": here,
        "file_url": file_url,
        "again_url": again_url,
        "action": ActionForm(auto_id="prove_%s"),
    }


def pack_file(pack: EvidencePack) -> FileResponse:
    """The stored bytes of a pack, piece by piece; 404 until they exist, and when they were kept long enough."""
    if pack.is_dropped(now=clock.now()):
        raise Http404
    number = pack.contract.number if pack.milestone is None else f"{pack.contract.number}-{pack.milestone.position}"
    return handed_over(pack, name="-".join((_("evidence"), number)) + ".zip", content_type="application/zip")


def handed_over(made: Made | None, *, name: str, content_type: str) -> FileResponse:
    """The stored bytes as an attachment that no browser sniffs, frames, scripts or keeps."""
    if made is None or made.state != "ready":
        raise Http404
    return attachment(made.stored_as, name=name, content_type=content_type)
