"""Plans as files: import one into a draft, in two steps, and take one away; what two versions say differently."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.contracts import services as contracts
from apps.contracts.models import Contract, ContractVersion
from apps.portals import spreadsheets
from apps.portals.access import PortalRequest, portal
from apps.portals.comparing import comparison
from apps.portals.drafting import importing
from apps.portals.drafting.desk import Desk
from apps.portals.plan_files import plan_file
from apps.portals.planning.pages import comparable, comparison_of
from apps.portals.seller.pages import Crumbs, contract_crumbs, page, today_of

DESK = Desk("seller")


def _contract(request: PortalRequest, ref: str) -> Contract:
    return get_object_or_404(Contract.objects.of_seller(request.actor).select_related("buyer", "seller"), ref=ref)


def _crumbs(contract: Contract, here: str) -> Crumbs:
    return contract_crumbs((contract.number, reverse("seller:contract", args=[contract.ref])), (here, ""))


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def import_plan(request: PortalRequest, ref: str) -> HttpResponse:
    """Choose the file with the plan of a draft."""
    return importing.import_plan(request, ref, desk=DESK)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def check_plan(request: PortalRequest, ref: str) -> HttpResponse:
    """What was read of it, and the button that puts it into the draft."""
    return importing.check_plan(request, ref, desk=DESK)


@require_safe
@portal("seller")
def contract_differences(request: PortalRequest, ref: str) -> HttpResponse:
    """Any two versions, also the draft."""
    contract = _contract(request, ref)
    versions = list(ContractVersion.objects.visible_to(request.actor).filter(contract=contract))
    context = comparison(request, contract, versions)
    back = reverse("seller:contract", args=[contract.ref])
    crumbs = _crumbs(contract, _("Compare versions"))
    return page(request, "contract_differences", {**context, "crumbs": crumbs, "back": back})


@require_safe
@portal("seller")
def plan_csv(request: PortalRequest, ref: str) -> HttpResponse:
    """The plan of a version, or of the draft, for any program."""
    return plan_file(_version(request, ref), kind=spreadsheets.CSV)


@require_safe
@portal("seller")
def plan_xlsx(request: PortalRequest, ref: str) -> HttpResponse:
    """The same for spreadsheet programs."""
    return plan_file(_version(request, ref), kind=spreadsheets.XLSX)


def _version(request: PortalRequest, ref: str) -> ContractVersion:
    versions = ContractVersion.objects.visible_to(request.actor).filter(
        contract__seller_id=request.actor.organisation_id
    )
    return get_object_or_404(versions.select_related("contract__buyer"), ref=ref)


@require_safe
@portal("seller")
def compare_plans(request: PortalRequest, ref: str) -> HttpResponse:
    """The same deal by milestones, by time and upfront: what the seller writes, else what was proposed last."""
    contract = _contract(request, ref)
    version = comparable(request.actor, contract, side="seller")
    waits = contracts.proposer_of(contract) == "buyer" and version.author == "buyer"
    back = reverse("seller:contract", args=[contract.ref])
    context = comparison_of(
        version,
        side="seller",
        today=today_of(request),
        sign_url=reverse("seller:sign_contract", args=[version.ref]) if waits else "",
        quotes_for=request.actor,
    )
    crumbs = _crumbs(contract, _("By milestones, by time or upfront"))
    return page(request, "compare_plans", {**context, "crumbs": crumbs, "back": back})
