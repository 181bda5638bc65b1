"""The page of the rows behind a figure of revenue, and the same rows as CSV or XLSX."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.contracts.rules.schedule import Cell
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import DayField
from apps.portals.missing import TellingForm
from apps.portals.seller.behind import (
    ACCOUNTS,
    BALANCE,
    ENTRIES,
    EXPECTED,
    KINDS,
    RETAINED,
    RETAINED_PARTS,
    Which,
)
from apps.portals.seller.behind_documents import TABLES, rows_of
from apps.portals.seller.pages import page, today_of
from apps.portals.seller.report_parts import Asked, in_file, shown
from apps.portals.seller.views.revenue import chosen, currencies_of
from apps.portals.spreadsheets.writing import CSV, XLSX, written

KINDS_OF: Final[Mapping[str, Mapping[str, Any]]] = {
    ENTRIES: {name: words for name, (words, _q) in KINDS.items()},
    RETAINED: RETAINED_PARTS,
}
"""By table: what of it can be asked for, in words."""


class WhichForm(TellingForm, forms.Form):
    """Which rows; what stands in no field of the page is kept in its address."""

    since = DayField(label=gettext_lazy("From"), required=False)
    until = DayField(label=gettext_lazy("To"), required=False)
    contract = forms.CharField(label=gettext_lazy("Contract number"), required=False, max_length=60)
    signed = DayField(required=False, widget=forms.HiddenInput)
    is_late = forms.BooleanField(required=False, widget=forms.HiddenInput)
    account = forms.ChoiceField(required=False, choices=[(name, words) for name, (words, _c) in ACCOUNTS.items()])
    kind = forms.ChoiceField(required=False, choices=[pair for words in KINDS_OF.values() for pair in words.items()])

    def add_prefix(self, field_name: str) -> str:
        """As the address names them."""
        return {"since": "from", "until": "to", "is_late": "late"}.get(field_name, field_name)


def _which(request: PortalRequest) -> tuple[WhichForm, Asked, Which | None]:
    """What is asked for, None where a day cannot be read; whoever may not see revenue finds nothing."""
    if not request.actor.may(Action.READ_REVENUE):
        raise Http404
    named = request.GET.get("of", "")
    of = named if named in TABLES else next(iter(TABLES))
    currency = chosen(request, currencies_of(request))
    zone = ZoneInfo(request.membership.organisation.time_zone)
    asked = Asked(request=request, actor=request.actor, currency=currency, today=today_of(request), zone=zone)
    form = WhichForm(request.GET)
    if not form.is_valid():
        return form, asked, None
    said = form.cleaned_data
    kind = said["kind"] if said["kind"] in KINDS_OF.get(of, {}) else ""
    return form, asked, Which(of=of, **{**said, "account": said["account"] or BALANCE, "kind": kind})


@require_safe
@portal("seller")
def revenue_rows(request: PortalRequest) -> HttpResponse:
    """The rows that a figure counts, newest first, and what they add up to."""
    form, asked, which = _which(request)
    crumbs = [(_("Revenue"), reverse("seller:revenue"))]
    if which is None:
        context: dict[str, Any] = {"crumbs": [*crumbs, (_("Rows"), "")], "title": _("Rows"), "which": None}
        return page(request, "revenue_rows", context, form=form)
    title, currency = TABLES[which.of][0], asked.currency
    rows = rows_of(asked, which)
    found, neighbours = rows.lines.page(request)
    alike = replace(which, is_late=False, kind="", account=BALANCE)
    context = {
        "title": title,
        "which": which,
        "says": _says(which),
        "currency": currency,
        "names": [(name, words, replace(alike, of=name).url(currency)) for name, (words, _rows) in TABLES.items()],
        "note": rows.note,
        "rows": [(row.url, shown(rows.heads, row.cells, currency, {})) for row in found],
        "total": rows.total() if found else None,
        "page": neighbours,
        "query": which.query(currency),
        "bare": Which(of=which.of).url(currency),
        "crumbs": [*crumbs, (title, "")],
    }
    return page(request, "revenue_rows", context, form=form)


def _says(which: Which) -> list[str]:
    """What is asked for beside the fields of the page, in words."""
    found = []
    if which.signed is not None:
        found.append(_("Of contracts signed in %(month)s") % {"month": formats.month(which.signed)})
    if which.of == EXPECTED and which.is_late:
        found.append(_("Without a date, or late"))
    if which.of == ENTRIES:
        found.append(str(ACCOUNTS[which.account][0]))
    if which.kind:
        found.append(str(KINDS_OF[which.of][which.kind]))
    return found


@require_safe
@portal("seller")
def revenue_rows_csv(request: PortalRequest) -> HttpResponse:
    """All these rows as CSV."""
    return _file(request, CSV)


@require_safe
@portal("seller")
def revenue_rows_xlsx(request: PortalRequest) -> HttpResponse:
    """The same as a workbook."""
    return _file(request, XLSX)


def _file(request: PortalRequest, kind: str) -> HttpResponse:
    _form, asked, which = _which(request)
    if which is None:
        raise Http404
    called = _("revenue")
    return written(_cells(asked, which), kind=kind, name=f"{called}-{which.of}")


def _cells(asked: Asked, which: Which) -> Iterator[list[Cell]]:
    """What people typed never begins a formula; figures stay figures."""
    rows = rows_of(asked, which)
    yield [*rows.heads, _("Currency")]
    for row in rows.lines.all():
        yield [*(in_file(cell) for cell in row.cells), asked.currency]
