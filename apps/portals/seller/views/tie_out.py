"""What is reported beside what the ledger says, line by line: how many differ, which, and all of them as a file."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.contracts.rules.schedule import Cell
from apps.ledger.rules import guarded
from apps.portals.access import PortalRequest, portal
from apps.portals.paging import page_of
from apps.portals.seller import behind
from apps.portals.seller.behind import Which
from apps.portals.seller.pages import page, today_of
from apps.portals.seller.report_parts import later
from apps.portals.seller.views.revenue import chosen, currencies_of, require_revenue, revenue_crumbs, signed_contracts
from apps.portals.spreadsheets.writing import CSV, XLSX, written
from apps.revenue import rules, services
from apps.revenue.services import Tie, tying

MONTHS: Final = 12
"""On the page, this one the last; the file has all."""
FIGURES: Final[Mapping[str, Any]] = {
    tying.REVENUE: gettext_lazy("Revenue"),
    tying.BALANCE: gettext_lazy("Contract balance"),
    tying.INTEREST: gettext_lazy("Interest"),
    tying.BILLED: gettext_lazy("Billed, less credits"),
    tying.RETENTION: gettext_lazy("Retention held"),
    tying.RECEIVABLES: gettext_lazy("Receivables"),
}


@require_safe
@portal("seller")
def revenue_tie_out(request: PortalRequest) -> HttpResponse:
    """How many lines were compared and differ, those that do, the newest months, and each contract."""
    require_revenue(request)
    currencies = currencies_of(request)
    currency = chosen(request, currencies)
    whose: dict[str, Any] = {"organisation_id": request.actor.organisation_id, "currency": currency}
    since = later(today_of(request).replace(day=1), 1 - MONTHS)
    tied = services.tie_out(**whose, since=since)
    rows = page_of(request, signed_contracts(request, currency))
    ties = services.ties_of(**whose, contracts=[contract.pk for contract in rows.rows])
    context = {
        "currency": currency,
        "currencies": currencies,
        "tied": tied,
        "differing": [_line(tie, currency) for tie in tied.differing],
        "months": [_line(tie, currency) for tie in tied.months],
        "contracts": [_line(tie, currency) for tie in ties],
        "page": rows,
        "crumbs": revenue_crumbs((_("Report and ledger"), "")),
    }
    return page(request, "revenue_tie_out", context)


def _line(tie: Tie, currency: str) -> tuple[Tie, Any, str, str]:
    """A line with its figure in words, and where both sides lead."""
    report, ledger = _leads(tie)
    urls = [one.url(currency) if isinstance(one, Which) else one for one in (report, ledger)]
    return tie, FIGURES[tie.figure], urls[0], urls[1]


def _leads(tie: Tie) -> tuple[Which | str, Which | str]:
    days: dict[str, Any] = {}
    if tie.month is not None:
        days = {"since": tie.month, "until": rules.month_end(tie.month)}
    of: dict[str, Any] = {"of": behind.ENTRIES, "contract": tie.ref or "", **days}
    documents = reverse("seller:contract", args=[tie.ref]) if tie.ref else reverse("seller:invoices")
    match tie.figure:
        case tying.REVENUE:
            earned = Which(of=behind.RECOGNITIONS, contract=tie.ref or "", **days)
            return earned, Which(account=behind.REVENUE, **of)
        case tying.BALANCE:
            return reverse("seller:contract_revenue", args=[tie.ref]), Which(**of)
        case tying.INTEREST:
            return Which(kind=behind.INTEREST, **of), Which(kind=behind.INTEREST, **of)
        case tying.BILLED:
            return documents, Which(kind=behind.BILLED, **of)
        case tying.RETENTION:
            return documents, Which(account=behind.RETENTION, **of)
        case _:
            return documents, documents


@require_safe
@portal("seller")
def tie_out_csv(request: PortalRequest) -> HttpResponse:
    """Every line, those that differ first."""
    return _file(request, CSV)


@require_safe
@portal("seller")
def tie_out_xlsx(request: PortalRequest) -> HttpResponse:
    """The same as a workbook."""
    return _file(request, XLSX)


def _file(request: PortalRequest, kind: str) -> HttpResponse:
    require_revenue(request)
    currency = chosen(request, currencies_of(request))
    ties = services.all_ties(organisation_id=request.actor.organisation_id, currency=currency)
    return written(_cells(ties, currency), kind=kind, name=_("report and ledger"))


def _cells(ties: Iterator[Tie], currency: str) -> Iterator[list[Cell]]:
    """What people typed never begins a formula; figures stay figures."""
    yield [_("Month"), _("Contract"), _("Figure"), _("Report"), _("Ledger"), _("Difference"), _("Currency")]
    for tie in ties:
        month: date | None = tie.month
        number = guarded(tie.number) if tie.number is not None else None
        yield [month, number, str(FIGURES[tie.figure]), tie.report, tie.ledger, tie.report - tie.ledger, currency]
