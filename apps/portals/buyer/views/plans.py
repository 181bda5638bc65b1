"""Versions that were proposed to the organisation: what they say differently, and their plans as files."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.contracts.models import Contract
from apps.portals import spreadsheets
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import versions
from apps.portals.buyer.pages import contract_crumbs, page, today_of, zone_of
from apps.portals.buyer.ways import MemberWay
from apps.portals.comparing import comparison
from apps.portals.plan_files import plan_file
from apps.portals.planning.pages import comparable, comparison_of

WAY = MemberWay()


@require_safe
@portal("buyer")
def contract_differences(request: PortalRequest, ref: str) -> HttpResponse:
    """Any two versions side by side."""
    actor = request.actor
    found = get_object_or_404(Contract.objects.of_buyer(actor).select_related("seller", "buyer"), ref=ref)
    context = comparison(request, found, list(versions.signed_texts(actor, found)))
    here = reverse("buyer:contract", args=[found.ref])
    crumbs = contract_crumbs((found.number, here), (_("Compare versions"), ""))
    return page(request, "contract_differences", {**context, "crumbs": crumbs, "back": here}, zone=zone_of(request))


@require_safe
@portal("buyer")
def plan_csv(request: PortalRequest, ref: str) -> HttpResponse:
    """The plan of a version for any program."""
    return plan_file(get_object_or_404(versions.proposed_to(request.actor), ref=ref), kind=spreadsheets.CSV)


@require_safe
@portal("buyer")
def plan_xlsx(request: PortalRequest, ref: str) -> HttpResponse:
    """The plan of a version for spreadsheet programs."""
    return plan_file(get_object_or_404(versions.proposed_to(request.actor), ref=ref), kind=spreadsheets.XLSX)


@require_safe
@portal("buyer")
def compare_plans(request: PortalRequest, ref: str) -> HttpResponse:
    """The same deal by milestones, by time and upfront; one of several plans is picked from here."""
    actor = request.actor
    found = get_object_or_404(Contract.objects.of_buyer(actor).select_related("seller", "buyer"), ref=ref)
    version = comparable(actor, found, side="buyer")
    here = reverse("buyer:contract", args=[found.ref])
    context = comparison_of(
        version,
        side="buyer",
        today=today_of(request),
        sign_url=WAY.sign_contract(version) if versions.is_pending(version) else "",
    )
    crumbs = contract_crumbs((found.number, here), (_("By milestones, by time or upfront"), ""))
    return page(request, "compare_plans", {**context, "crumbs": crumbs, "back": here}, zone=zone_of(request))
