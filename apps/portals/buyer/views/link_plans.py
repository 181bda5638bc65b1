"""By personal link: what the versions of the contract say differently, and the plan as a file."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from apps.portals import moment, spreadsheets
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import versions
from apps.portals.buyer.pages import page
from apps.portals.buyer.visits import personal, visit_of
from apps.portals.comparing import comparison
from apps.portals.plan_files import plan_file
from apps.portals.planning.pages import comparison_of


@portal("link")
@personal
@require_safe
def contract_differences(request: PortalRequest, token: str) -> HttpResponse:
    """Any two versions that were proposed."""
    visit = visit_of(request, token)
    if not visit.may_read:
        return redirect("link:open", token=token)
    contract = visit.version().contract
    context = comparison(request, contract, list(versions.signed_texts(visit.actor, contract)))
    back = visit.way.version(visit.version())
    return page(request, "contract_differences", {**context, "back": back}, zone=contract.buyer.time_zone)


@portal("link")
@personal
@require_safe
def compare_plans(request: PortalRequest, token: str) -> HttpResponse:
    """The same deal by milestones, by time and upfront; one of several plans is picked from here."""
    visit = visit_of(request, token)
    if not visit.may_read:
        return redirect("link:open", token=token)
    version = visit.version()
    zone = version.contract.buyer.time_zone
    context = comparison_of(
        version,
        side="buyer",
        today=moment.today_of(request, zone),
        sign_url=visit.way.sign_contract(version) if versions.is_pending(version) else "",
    )
    return page(request, "compare_plans", {**context, "back": visit.way.version(version)}, zone=zone)


@portal("link")
@personal
@require_safe
def plan_csv(request: PortalRequest, token: str) -> HttpResponse:
    """The plan of the version that the link lets sign, for any program."""
    return _plan(request, token, kind=spreadsheets.CSV)


@portal("link")
@personal
@require_safe
def plan_xlsx(request: PortalRequest, token: str) -> HttpResponse:
    """The same for spreadsheet programs."""
    return _plan(request, token, kind=spreadsheets.XLSX)


def _plan(request: PortalRequest, token: str, *, kind: str) -> HttpResponse:
    visit = visit_of(request, token)
    if not visit.may_read:
        return redirect("link:open", token=token)
    return plan_file(visit.version(), kind=kind)
