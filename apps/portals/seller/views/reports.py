"""Reports of revenue: a table and a plot, and the same rows as CSV or XLSX."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.contracts.rules.schedule import Cell
from apps.parties.roles import Action
from apps.portals.access import PortalRequest, portal
from apps.portals.seller.pages import page, today_of
from apps.portals.seller.report_parts import Asked, Report, in_file, shown
from apps.portals.seller.reports import REPORTS
from apps.portals.seller.views.revenue import chosen, currencies_of
from apps.portals.spreadsheets.writing import CSV, XLSX, written


def _asked(request: PortalRequest) -> tuple[str, Asked]:
    """Which report, of whom; whoever may not see revenue finds nothing."""
    if not request.actor.may(Action.READ_REVENUE):
        raise Http404
    named = request.GET.get("report", "")
    zone = ZoneInfo(request.membership.organisation.time_zone)
    currency = chosen(request, currencies_of(request))
    name = named if named in REPORTS else next(iter(REPORTS))
    return name, Asked(request=request, actor=request.actor, currency=currency, today=today_of(request), zone=zone)


@require_safe
@portal("seller")
def revenue_reports(request: PortalRequest) -> HttpResponse:
    """One report; the others are a link away."""
    name, asked = _asked(request)
    title, make = REPORTS[name]
    report = make(asked)
    context = {
        "name": name,
        "title": title,
        "names": [(code, words) for code, (words, _make) in REPORTS.items()],
        "currency": asked.currency,
        "currencies": currencies_of(request),
        "chart": report.chart,
        "rows": [(row.url, shown(report.heads, row.cells, asked.currency, row.links)) for row in report.rows],
        "totals": shown(report.heads, report.totals, asked.currency, report.links) if report.rows else [],
        "note": report.note,
        "page": report.page,
        "here": reverse("seller:revenue_reports"),
        "crumbs": [(_("Revenue"), reverse("seller:revenue")), (_("Reports"), "")],
    }
    return page(request, "revenue_reports", context)


@require_safe
@portal("seller")
def report_csv(request: PortalRequest) -> HttpResponse:
    """The rows of a report as CSV."""
    return _file(request, CSV)


@require_safe
@portal("seller")
def report_xlsx(request: PortalRequest) -> HttpResponse:
    """The same as a workbook."""
    return _file(request, XLSX)


def _file(request: PortalRequest, kind: str) -> HttpResponse:
    name, asked = _asked(request)
    report = REPORTS[name][1](asked)
    return written(_cells(report), kind=kind, name=name)


def _cells(report: Report) -> Iterator[list[Cell]]:
    """What people typed never begins a formula; figures stay figures."""
    yield list(report.heads)
    for row in report.all():
        yield [in_file(cell) for cell in row.cells]
