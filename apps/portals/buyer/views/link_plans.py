"""By personal link: what the versions of the contract say differently, and the plan as a file."""

from django.http import HttpResponse

from apps.portals import moment, spreadsheets
from apps.portals.access import PortalRequest, portal
from apps.portals.buyer import versions
from apps.portals.buyer.pages import page
from apps.portals.buyer.visits import Visit, showing
from apps.portals.comparing import comparison
from apps.portals.plan_files import plan_file
from apps.portals.planning.pages import comparison_of


@portal("link")
@showing
def contract_differences(request: PortalRequest, visit: Visit) -> HttpResponse:
    """Any two versions that were proposed."""
    contract = visit.version().contract
    context = comparison(request, contract, list(versions.signed_texts(visit.actor, contract)))
    back = visit.way.version(visit.version())
    return page(request, "contract_differences", {**context, "back": back}, zone=contract.buyer.time_zone)


@portal("link")
@showing
def compare_plans(request: PortalRequest, visit: Visit) -> HttpResponse:
    """The same deal by milestones, by time and upfront; one of several plans is picked from here."""
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
@showing
def plan_csv(request: PortalRequest, visit: Visit) -> HttpResponse:
    """The plan of the version that the link lets sign, for any program."""
    return plan_file(visit.version(), kind=spreadsheets.CSV)


@portal("link")
@showing
def plan_xlsx(request: PortalRequest, visit: Visit) -> HttpResponse:
    """The same for spreadsheet programs."""
    return plan_file(visit.version(), kind=spreadsheets.XLSX)
