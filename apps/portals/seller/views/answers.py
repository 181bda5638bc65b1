"""The seller's answers to what the buyer proposes: a signature, a request for changes; and comments."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.contracts import services as contracts
from apps.contracts.models import ContractVersion
from apps.core.errors import Refused
from apps.parties.roles import Action
from apps.portals import conversing, missing_people
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import PickForm, ReasonForm, add_refusal
from apps.portals.planning import picking
from apps.portals.seller.pages import Crumbs, contract_crumbs, page, why_not
from apps.portals.version_differences import between_versions
from apps.workflows import contracting


def _proposed(request: PortalRequest) -> QuerySet[ContractVersion, ContractVersion]:
    return (
        ContractVersion.objects.visible_to(request.actor)
        .filter(proposed_at__isnull=False, contract__seller_id=request.actor.organisation_id)
        .select_related("contract__seller", "contract__buyer")
        .prefetch_related("lines__criteria")
    )


def _url(version: ContractVersion) -> str:
    return reverse("seller:contract", args=[version.contract.ref])


def _crumbs(version: ContractVersion, here: str) -> Crumbs:
    return contract_crumbs((version.contract.number, _url(version)), (here, ""))


def _waits(version: ContractVersion) -> bool:
    """Whether the version is the buyer's, and waits for the seller."""
    contract = version.contract
    return contracts.proposer_of(contract) == "buyer" and contracts.newest_proposal(contract).pk == version.pk


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def sign_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Sign the version that the buyer proposed: everything in it, what is different, and the button."""
    version = get_object_or_404(_proposed(request), ref=ref)
    plan = picking.picked(request, version)
    form = PickForm(request.POST or None, initial={"seen": version.sha256})
    if request.method == "POST" and form.is_valid():
        try:
            contracting.sign_contract(
                actor=request.actor,
                key=form.cleaned_data["key"],
                version_ref=version.ref,
                seen=form.cleaned_data["seen"],
                pick=form.cleaned_data["pick"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("You signed the contract. It is in force."))
            return redirect(_url(version))
    elif request.method != "POST" and not _waits(version):
        return redirect(_url(version))
    elif request.method != "POST" and plan is None:
        return redirect("seller:compare_plans", ref=version.contract.ref)
    shown, has_options = plan or version, version.options().exists()
    previous = _proposed(request).filter(contract=version.contract, number__lt=version.number).order_by("-number")
    before = previous.first()
    return page(
        request,
        "sign_contract",
        {
            "contract": version.contract,
            "version": version,
            "plan": shown,
            "lines": list(shown.lines.prefetch_related("criteria")),
            "previous": before,
            "difference": between_versions(before, version) if before is not None else None,
            "statement": contracts.statement_of(version, side="seller", plan=plan if has_options else None).text,
            "again": PickForm(initial={"seen": version.sha256, "pick": shown.option_number if has_options else None}),
            "refusal": why_not(request.actor, Action.SIGN_CONTRACT),
            "missing_people": missing_people.of_version(version, side="seller"),
            "contract_url": _url(version),
            "crumbs": _crumbs(version, _("Sign")),
        },
        form=form,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def request_contract_changes(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask the buyer for other terms."""
    version = get_object_or_404(_proposed(request), ref=ref)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contracting.request_contract_changes(
                actor=request.actor,
                key=form.cleaned_data["key"],
                version_ref=version.ref,
                reason=form.cleaned_data["reason"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Your request went to the buyer. Nothing was signed."))
            return redirect(_url(version))
    elif request.method != "POST" and not _waits(version):
        return redirect(_url(version))
    return page(
        request,
        "request_contract_changes",
        {
            "contract": version.contract,
            "version": version,
            "refusal": why_not(request.actor, Action.SIGN_CONTRACT),
            "contract_url": _url(version),
            "crumbs": _crumbs(version, _("Ask for changes")),
        },
        form=form,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def comment_contract(request: PortalRequest, ref: str) -> HttpResponse:
    """Write to the buyer about a version."""
    version = get_object_or_404(_proposed(request), ref=ref)
    crumbs = _crumbs(version, _("Write to the other side"))
    return conversing.comment_contract(
        request,
        version,
        back=_url(version),
        base="seller/base.html",
        crumbs=crumbs,
    )
