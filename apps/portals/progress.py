"""The schedule of values on the pages of both sides: of a period the sheet, its summary, and the same as a file."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.contracts.models import Contract
from apps.contracts.rules.schedule import Cell
from apps.invoicing import services as invoicing
from apps.invoicing.rules import Sheet, SheetLine
from apps.ledger.rules import guarded
from apps.portals import moment
from apps.portals.access import PortalRequest
from apps.portals.correcting.side import Side
from apps.portals.owing import Period
from apps.portals.spreadsheets.writing import written


def progress_page(request: PortalRequest, side: Side, ref: str) -> HttpResponse:
    """What of the contract is done, billed and payable: ``?since=``, ``?until=``; this month unless they say."""
    found, today = _contract(request, side, ref), _today(request)
    form = _period(request, today)
    since, until = _days(form, today)
    sheet = invoicing.progress(found, since=since, until=until)
    return side.account_page(
        request,
        "progress",
        {
            "contract": found,
            "sheet": sheet,
            "since": since,
            "until": until,
            "sums": sheet.sums,
            "summary": _summary(sheet),
            "query": urlencode({"since": since.isoformat(), "until": until.isoformat()}),
            "file_urls": [(kind, side.url(f"progress_{kind}", ref)) for kind in ("csv", "xlsx")],
            "crumbs": [
                (_("Contracts"), reverse(f"{side.name}:contracts")),
                (found.number, side.url("contract", ref)),
                (_("Schedule of values"), ""),
            ],
        },
        form=form,
    )


def progress_file(request: PortalRequest, side: Side, ref: str, *, kind: str) -> HttpResponse:
    """The same as a file. A wrong period goes back to the page, which says what is wrong with it."""
    found, today = _contract(request, side, ref), _today(request)
    form = _period(request, today)
    if form.is_bound and not form.is_valid():
        return redirect(f"{side.url('contract_progress', ref)}?{request.GET.urlencode()}")
    since, until = _days(form, today)
    sheet = invoicing.progress(found, since=since, until=until)
    name = "-".join((found.number, _("schedule of values"), until.isoformat()))
    return written(_cells(sheet, currency=found.currency), kind=kind, name=name)


def _contract(request: PortalRequest, side: Side, ref: str) -> Contract:
    """A contract of this side that is in force or completed."""
    mine = Contract.objects.visible_to(request.actor).filter(
        **{f"{side.name}_id": request.actor.organisation_id}, state__in=("active", "completed")
    )
    return get_object_or_404(mine.select_related("seller", "buyer", "active_version"), ref=ref)


def _today(request: PortalRequest) -> date:
    return moment.today_of(request, request.membership.organisation.time_zone)


def _period(request: PortalRequest, today: date) -> Period:
    is_asked = "since" in request.GET or "until" in request.GET
    first = today.replace(day=1)
    return Period(request.GET if is_asked else None, initial={"since": first, "until": today}, today=today)


def _days(form: Period, today: date) -> tuple[date, date]:
    if form.is_bound and form.is_valid():
        return form.cleaned_data["since"], form.cleaned_data["until"]
    return today.replace(day=1), today


def _summary(sheet: Sheet) -> list[tuple[str, Decimal, bool]]:
    """The summary in the order in which it is reckoned; what is a sum of those above it is told."""
    now, rows = sheet.now, []
    rows += [
        (_("Original price"), sheet.original, False),
        (_("Net change by change orders"), sheet.changes, False),
    ]
    if sheet.lowered:
        rows.append((_("Lower prices agreed for defects"), -sheet.lowered, False))
    rows += [(_("Price to date"), sheet.price, True), (_("Completed and stored to date"), now.billed, False)]
    if now.deposits or sheet.before.deposits:
        rows.append((_("Deposits to be given back"), now.deposits, False))
    rows += [(_("Tax on it"), now.tax, False), (_("Less retained"), -now.retained, False)]
    if now.withheld or sheet.before.withheld:
        rows.append((_("Less withheld for defects"), -now.withheld, False))
    return [
        *rows,
        (_("Payable to date"), sheet.earned, True),
        (_("Less payable before this period"), -sheet.before.payable, False),
        (_("Payable from this period"), sheet.due, True),
        (_("Left to finish, with what is kept back"), sheet.balance, True),
    ]


def _cells(sheet: Sheet, *, currency: str) -> Iterator[list[Cell]]:
    """The sheet, then the summary. What people typed never begins a formula; figures stay figures."""
    yield [
        *(_("Line"), _("What is delivered"), _("Currency"), _("Scheduled value"), _("Billed before")),
        *(_("This period"), _("Materials stored"), _("Completed and stored"), _("Percent")),
        *(_("Left to finish"), _("Retained")),
    ]
    for line in sheet.lines:
        yield _row(line, Decimal(line.position), guarded(line.title), currency, line.previous, line.period, line.stored)
    yield _row(sheet.sums, None, _("Total"), currency, sheet.previous, sheet.period, sheet.stored)
    yield [None] * 11
    for name, amount, _is_sum in _summary(sheet):
        yield [None, name, currency, amount, *[None] * 7]
    yield [None, tie(sheet), *[None] * 9]


def _row(line: SheetLine, number: Cell, title: str, currency: str, *columns: Cell) -> list[Cell]:
    return [
        number,
        title,
        currency,
        line.scheduled,
        *columns,
        line.completed,
        line.percent,
        line.balance,
        line.retained,
    ]


def tie(sheet: Sheet) -> str:
    """Whether sheet and summary say the same, in words."""
    if sheet.ties_out:
        return _("Sheet and summary tie out.")
    return _("Sheet and summary do not tie out.")
