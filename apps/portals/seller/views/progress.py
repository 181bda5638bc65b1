"""The schedule of values of a contract: what is done, billed and payable."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from apps.portals import progress
from apps.portals.access import PortalRequest, portal
from apps.portals.correcting.side import SELLER
from apps.portals.spreadsheets.writing import CSV, XLSX


@require_safe
@portal("seller")
def contract_progress(request: PortalRequest, ref: str) -> HttpResponse:
    """The sheet of a period with its summary."""
    return progress.progress_page(request, SELLER, ref)


@require_safe
@portal("seller")
def progress_csv(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as CSV."""
    return progress.progress_file(request, SELLER, ref, kind=CSV)


@require_safe
@portal("seller")
def progress_xlsx(request: PortalRequest, ref: str) -> HttpResponse:
    """The same for spreadsheet programs."""
    return progress.progress_file(request, SELLER, ref, kind=XLSX)
