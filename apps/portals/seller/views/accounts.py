"""The accounts with buyers: what was billed, credited and paid, and what is owed after it."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from apps.portals import owing
from apps.portals.access import PortalRequest, portal
from apps.portals.correcting.side import SELLER
from apps.portals.spreadsheets.writing import CSV, XLSX


@require_safe
@portal("seller")
def account_statements(request: PortalRequest) -> HttpResponse:
    """Buyers, each with what is open."""
    return owing.accounts_page(request, SELLER)


@require_safe
@portal("seller")
def account_statement(request: PortalRequest, ref: str) -> HttpResponse:
    """The statement of account with one of them, in a currency and a period."""
    return owing.statement_page(request, SELLER, ref)


@require_safe
@portal("seller")
def account_csv(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as CSV."""
    return owing.statement_file(request, SELLER, ref, kind=CSV)


@require_safe
@portal("seller")
def account_xlsx(request: PortalRequest, ref: str) -> HttpResponse:
    """The same for spreadsheet programs."""
    return owing.statement_file(request, SELLER, ref, kind=XLSX)
