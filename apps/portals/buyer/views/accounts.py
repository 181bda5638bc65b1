"""The accounts with sellers: what was billed, credited and paid, and what is owed after it."""

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST, require_safe

from apps.portals import account_letters, owing
from apps.portals.access import PortalRequest, portal
from apps.portals.correcting.side import BUYER
from apps.portals.spreadsheets.writing import CSV, XLSX


@require_safe
@portal("buyer")
def account_statements(request: PortalRequest) -> HttpResponse:
    """Sellers, each with what is open."""
    return owing.accounts_page(request, BUYER)


@require_safe
@portal("buyer")
def account_statement(request: PortalRequest, ref: str) -> HttpResponse:
    """The statement of account with one of them, in a currency and a period."""
    return owing.statement_page(request, BUYER, ref)


@require_safe
@portal("buyer")
def account_csv(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as CSV."""
    return owing.statement_file(request, BUYER, ref, kind=CSV)


@require_safe
@portal("buyer")
def account_xlsx(request: PortalRequest, ref: str) -> HttpResponse:
    """The same for spreadsheet programs."""
    return owing.statement_file(request, BUYER, ref, kind=XLSX)


@require_POST
@portal("buyer")
def send_account_statement(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as PDF, mailed to the buyer."""
    return account_letters.send(request, BUYER, ref)


@require_POST
@portal("buyer")
def send_account_letter_again(request: PortalRequest, ref: str) -> HttpResponse:
    """Mail a statement once more, or make one that could not be made."""
    return account_letters.send_again(request, BUYER, ref)


@require_safe
@portal("buyer")
def account_letter(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of a statement that was mailed; 404 until they exist."""
    return account_letters.letter_file(request, BUYER, ref)
