"""Sign a contract or ask for other terms: one flow for members and for guests.

GET shows what the button will do; POST does it once and leads to the page of the result. When somebody was quicker,
or the text is not the one that was shown, nothing is signed and the page says what happened.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.contracts.models import ContractVersion
from apps.core.errors import Refused, Stale
from apps.parties.roles import Action
from apps.portals import interrupted, missing_people
from apps.portals.access import PortalRequest
from apps.portals.buyer import versions
from apps.portals.buyer.forms import SignContractForm
from apps.portals.buyer.pages import Crumbs, page, tell, why_not
from apps.portals.buyer.versions import VersionReading
from apps.portals.buyer.ways import Way
from apps.portals.forms import ReasonForm, add_refusal, explain, show_anew
from apps.portals.planning import picking
from apps.portals.version_differences import VersionDifference, between_versions
from apps.workflows import contracting


def sign_contract(request: PortalRequest, version: ContractVersion, *, way: Way, crumbs: Crumbs) -> HttpResponse:
    """The statement and the button; then the signature on exactly the version that was shown."""
    plan = picking.picked(request, version)
    reading = versions.read(request.actor, version, way=way, plan=plan)
    form = SignContractForm(
        initial={"seen": version.sha256, "pick": plan.option_number if reading.has_options and plan else None}
    )
    interrupted.give_back(request, form)
    difference: VersionDifference | None = None
    if request.method == "POST":
        form = SignContractForm(request.POST)
        if form.is_valid():
            seen = form.cleaned_data["seen"]
            try:
                contracting.sign_contract(
                    actor=request.actor,
                    key=form.cleaned_data["key"],
                    version_ref=version.ref,
                    seen=seen,
                    pick=form.cleaned_data["pick"],
                    order_number=form.cleaned_data["order_number"],
                )
            except Refused as refused:
                if isinstance(refused, Stale):
                    difference = _since(request, reading, seen=seen)
                    show_anew(form, seen=version.sha256)
                add_refusal(form, refused)
                reading = _again(request, version, way=way)
                if not reading.is_pending and reading.newer is None:
                    return _too_late(request, refused, reading)
            else:
                tell(request, _("You signed the contract. It is in force."))
                return redirect(reading.page_url)
    elif not reading.is_pending:
        return redirect(reading.page_url)
    elif plan is None:
        return redirect(reading.compare_url)
    return page(
        request,
        "sign_contract",
        {
            "reading": reading,
            "crumbs": crumbs,
            "why_not": why_not(request.actor, Action.SIGN_CONTRACT),
            "difference": difference or _to_newer(reading),
            "missing_people": missing_people.of_version(version, side="buyer"),
        },
        zone=reading.zone,
        form=form,
    )


def request_contract_changes(
    request: PortalRequest, version: ContractVersion, *, way: Way, crumbs: Crumbs
) -> HttpResponse:
    """The buyer says what should change; the seller gets a new draft."""
    reading = versions.read(request.actor, version, way=way)
    form = ReasonForm()
    interrupted.give_back(request, form)
    if request.method == "POST":
        form = ReasonForm(request.POST)
        if form.is_valid():
            try:
                contracting.request_contract_changes(
                    actor=request.actor,
                    key=form.cleaned_data["key"],
                    version_ref=version.ref,
                    reason=form.cleaned_data["reason"],
                )
            except Refused as refused:
                add_refusal(form, refused)
                reading = _again(request, version, way=way)
                if not reading.is_pending:
                    return _too_late(request, refused, reading)
            else:
                tell(request, _("Your request went to the seller. Nothing was signed."))
                return redirect(reading.page_url)
    elif not reading.is_pending:
        return redirect(reading.page_url)
    return page(
        request,
        "request_contract_changes",
        {"reading": reading, "crumbs": crumbs, "why_not": why_not(request.actor, Action.SIGN_CONTRACT)},
        zone=reading.zone,
        form=form,
    )


def _again(request: PortalRequest, version: ContractVersion, *, way: Way) -> VersionReading:
    """The reading as it stands after a refusal: somebody may have decided meanwhile."""
    return versions.read(request.actor, versions.proposed_to(request.actor).get(pk=version.pk), way=way)


def _too_late(request: PortalRequest, refused: Refused, reading: VersionReading) -> HttpResponse:
    messages.warning(request, explain(refused))
    return redirect(reading.page_url)


def _since(request: PortalRequest, reading: VersionReading, *, seen: str) -> VersionDifference | None:
    """What changed since the text with this SHA-256, if it is one of this contract's."""
    shown = versions.proposed_to(request.actor).filter(contract=reading.contract, sha256=seen).first()
    return between_versions(shown, reading.version) if shown is not None else None


def _to_newer(reading: VersionReading) -> VersionDifference | None:
    """For a version that was replaced: what the newer one says differently."""
    return between_versions(reading.version, reading.newer) if reading.newer is not None else None
