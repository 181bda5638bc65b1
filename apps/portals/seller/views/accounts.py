"""The accounts with buyers: what was billed, credited and paid, and what is owed after it."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from apps.core.errors import Refused
from apps.invoicing.models import AccountLetterSchedule
from apps.parties.roles import Action
from apps.portals import account_letters, owing
from apps.portals.access import PortalRequest, portal
from apps.portals.correcting.side import SELLER
from apps.portals.forms import ActionForm, explain
from apps.portals.spreadsheets.writing import CSV, XLSX
from apps.workflows import account_letters as workflows


class MonthlyForm(ActionForm):
    """Whether every buyer gets a statement of each month."""

    is_on = forms.ChoiceField(
        label=gettext_lazy("Statements of account every month"),
        help_text=gettext_lazy("By mail with a PDF, to every buyer with whom something happened or is open."),
        choices=[("yes", gettext_lazy("Yes, when the month is over")), ("no", gettext_lazy("No"))],
        widget=forms.RadioSelect,
    )


def _monthly(request: PortalRequest) -> MonthlyForm | None:
    if not request.actor.may(Action.RECORD_PAYMENT):
        return None
    schedule = AccountLetterSchedule.objects.visible_to(request.actor).first()
    is_on = schedule is not None and schedule.is_on
    return MonthlyForm(auto_id="monthly_%s", initial={"is_on": "yes" if is_on else "no"})


@require_safe
@portal("seller")
def account_statements(request: PortalRequest) -> HttpResponse:
    """Buyers, each with what is open."""
    return owing.accounts_page(request, SELLER, monthly=_monthly(request))


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


@require_POST
@portal("seller")
def send_account_statement(request: PortalRequest, ref: str) -> HttpResponse:
    """The same as PDF, mailed to the buyer."""
    return account_letters.send(request, SELLER, ref)


@require_POST
@portal("seller")
def send_account_letter_again(request: PortalRequest, ref: str) -> HttpResponse:
    """Mail a statement once more, or make one that could not be made."""
    return account_letters.send_again(request, SELLER, ref)


@require_safe
@portal("seller")
def account_letter(request: PortalRequest, ref: str) -> HttpResponseBase:
    """The stored bytes of a statement that was mailed; 404 until they exist."""
    return account_letters.letter_file(request, SELLER, ref)


@require_POST
@portal("seller")
def set_monthly_statements(request: PortalRequest) -> HttpResponse:
    """Send every buyer a statement of each month, or no more."""
    form = MonthlyForm(request.POST)
    if form.is_valid():
        try:
            workflows.set_monthly_statements(
                actor=request.actor, key=form.cleaned_data["key"], is_on=form.cleaned_data["is_on"] == "yes"
            )
        except Refused as refused:
            messages.error(request, explain(refused))
        else:
            messages.success(
                request, _("Saved. The first statements go out when this month is over, or none any more.")
            )
    return redirect("seller:account_statements")
