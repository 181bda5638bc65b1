"""Receivables by age: who owes what for how long, as of a day, and the same as a file."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.contracts.rules.schedule import Cell
from apps.core import money
from apps.invoicing import services as invoicing
from apps.invoicing.rules import Band, ReleaseBand
from apps.invoicing.services.ageing import Ageing, Owed, ageing
from apps.ledger.rules import guarded
from apps.portals import charts, formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import DayField
from apps.portals.missing import TellingForm
from apps.portals.seller.pages import invoice_crumbs, page, today_of
from apps.portals.spreadsheets.writing import CSV, XLSX, written

NAMES: dict[Band, Promise] = {
    Band.NOT_DUE: gettext_lazy("Not due"),
    Band.TO_30: gettext_lazy("1 to 30 days"),
    Band.TO_60: gettext_lazy("31 to 60 days"),
    Band.TO_90: gettext_lazy("61 to 90 days"),
    Band.OVER_90: gettext_lazy("Over 90 days"),
}

RELEASES: dict[ReleaseBand, Promise] = {
    ReleaseBand.TO_30: gettext_lazy("In 30 days"),
    ReleaseBand.TO_90: gettext_lazy("In 31 to 90 days"),
    ReleaseBand.TO_365: gettext_lazy("In 91 to 365 days"),
    ReleaseBand.OVER_365: gettext_lazy("Later"),
    ReleaseBand.NO_DAY: gettext_lazy("No day yet"),
}

DAYS: dict[Band, str] = {Band.TO_30: "1–30", Band.TO_60: "31–60", Band.TO_90: "61–90", Band.OVER_90: "> 90"}
"""What stands under the bars, where a phone has no room for a name."""


class AsOf(TellingForm, forms.Form):
    """As of which day. A day to come is refused: nobody knows what will be paid until then."""

    on = DayField(
        label=gettext_lazy("As of"),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["on"].widget.attrs["max"] = today.isoformat()

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError(_("This day is still to come. Choose today or a day before."))
        return on


@dataclass(frozen=True, slots=True)
class Figure:
    """A named amount with the address of the invoices of which it is the sum; none of nothing."""

    name: str
    amount: Decimal
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One buyer in one currency: by band, in all, and what stands apart."""

    name: str
    bands: list[Figure]
    owed: Figure
    retained: Decimal
    unapplied: Decimal


@dataclass(frozen=True, slots=True)
class Table:
    """All buyers in one currency with their sums, the control account beside them, and the plot."""

    currency: str
    rows: list[Row]
    sums: Row
    control: Decimal
    chart: charts.Bars

    @property
    def agrees(self) -> bool:
        return self.control == self.sums.owed.amount


@require_safe
@portal("seller")
def receivables_ageing(request: PortalRequest) -> HttpResponse:
    """Receivables by buyer and age; ``?on=`` is the day, and every figure opens the invoices that it adds up."""
    today = today_of(request)
    form = AsOf(request.GET if "on" in request.GET else None, initial={"on": today}, today=today)
    on = form.cleaned_data["on"] if form.is_bound and form.is_valid() else today
    found = ageing(request.actor, on=on)
    chosen = _chosen(request, found)
    context = {
        "on": on,
        "tables": [_table(found, currency) for currency in _currencies(found)],
        "bands": NAMES.values(),
        "release_bands": RELEASES.values(),
        "kept": [
            (one, [(name, one.bands.get(band)) for band, name in RELEASES.items()])
            for one in invoicing.retention_by_age(seller_id=request.actor.organisation_id, today=today)
        ],
        "chosen": chosen,
        "chosen_sums": _sums(chosen),
        "is_chosen": bool(request.GET.get("currency")),
        "query": urlencode({"on": on.isoformat()}),
        "crumbs": invoice_crumbs((_("By age"), "")),
    }
    return page(request, "ageing", context, form=form)


@require_safe
@portal("seller")
def ageing_csv(request: PortalRequest) -> HttpResponse:
    """The invoices behind the page, one a row."""
    return _file(request, CSV)


@require_safe
@portal("seller")
def ageing_xlsx(request: PortalRequest) -> HttpResponse:
    """The same for spreadsheet programs."""
    return _file(request, XLSX)


def _file(request: PortalRequest, kind: str) -> HttpResponse:
    today = today_of(request)
    asked = request.GET.get("on", today.isoformat())
    form = AsOf({"on": asked}, today=today)
    if not form.is_valid():
        # The page says what is wrong with the day; a file of another day would not.
        return redirect(f"{reverse('seller:receivables_ageing')}?{urlencode({'on': asked})}")
    on = form.cleaned_data["on"]
    return written(_cells(ageing(request.actor, on=on)), kind=kind, name="-".join((_("receivables"), on.isoformat())))


def _cells(found: Ageing) -> Iterator[list[Cell]]:
    """What people typed never begins a formula; figures stay figures."""
    yield [
        *(_("Buyer"), _("Invoice"), _("Invoice date"), _("Due date"), _("Age"), _("Currency"), _("Owed")),
        *(_("Retained"), _("Unapplied")),
    ]
    for one in found.owed:
        invoice = one.invoice
        age = str(NAMES[one.band])
        buyer = guarded(found.names[invoice.buyer_id])
        yield [
            *(
                buyer,
                invoice.number,
                invoice.issued_on,
                formats.known_day(one.due_on),
                age,
                invoice.currency,
                one.amount,
            ),
            *(None, None),
        ]
    for currency, buyer_id in sorted(found.retained.keys() | found.unapplied.keys()):
        of = (currency, buyer_id)
        yield [
            *(guarded(found.names[buyer_id]), None, None, None, None, currency, None),
            *(found.retained.get(of), found.unapplied.get(of)),
        ]


def _currencies(found: Ageing) -> list[str]:
    apart = {currency for currency, _buyer in found.retained.keys() | found.unapplied.keys()}
    kept = {currency for currency, amount in found.control.items() if amount}
    return sorted({one.invoice.currency for one in found.owed} | apart | kept)


def _chosen(request: PortalRequest, found: Ageing) -> list[Owed]:
    """The invoices of one figure: of a currency, and perhaps of a buyer and a band."""
    currency, buyer, band = (request.GET.get(name, "") for name in ("currency", "buyer", "band"))
    return [
        one
        for one in found.owed
        if one.invoice.currency == currency
        and buyer in {"", found.refs[one.invoice.buyer_id]}
        and band in {"", one.band.value}
    ]


def _sums(chosen: list[Owed]) -> list[tuple[str, Decimal]]:
    currencies = sorted({one.invoice.currency for one in chosen})
    return [
        (currency, money.total(one.amount for one in chosen if one.invoice.currency == currency))
        for currency in currencies
    ]


def _table(found: Ageing, currency: str) -> Table:
    of_currency = [one for one in found.owed if one.invoice.currency == currency]
    of_buyers: dict[int, list[Owed]] = defaultdict(list)
    for one in of_currency:
        of_buyers[one.invoice.buyer_id].append(one)
    apart = {buyer for code, buyer in found.retained.keys() | found.unapplied.keys() if code == currency}
    buyers = sorted(of_buyers.keys() | apart, key=lambda pk: found.names[pk].casefold())
    rows = [
        _row(
            found,
            found.names[pk],
            of_buyers[pk],
            address={"currency": currency, "buyer": found.refs[pk]},
            retained=found.retained.get((currency, pk), money.ZERO),
            unapplied=found.unapplied.get((currency, pk), money.ZERO),
        )
        for pk in buyers
    ]
    sums = _row(
        found,
        _("All buyers"),
        of_currency,
        address={"currency": currency},
        retained=money.total(row.retained for row in rows),
        unapplied=money.total(row.unapplied for row in rows),
    )
    return Table(currency, rows, sums, found.control.get(currency, money.ZERO), _chart(currency, sums))


def _row(
    found: Ageing,
    name: str,
    owed: list[Owed],
    *,
    address: dict[str, str],
    retained: Decimal,
    unapplied: Decimal,
) -> Row:
    def figure(name: str, rows: list[Owed], **more: str) -> Figure:
        query = urlencode({"on": found.on.isoformat(), **address, **more})
        return Figure(name, money.total(one.amount for one in rows), f"?{query}#invoices" if rows else "")

    bands = [
        figure(str(title), [one for one in owed if one.band == band], band=band.value) for band, title in NAMES.items()
    ]
    return Row(name, bands, figure(_("Owed"), owed), retained, unapplied)


def _chart(currency: str, sums: Row) -> charts.Bars:
    late = money.total(figure.amount for figure in sums.bands[1:])
    says = _("%(owed)s is owed, of which %(late)s is overdue.") % {
        "owed": formats.money(sums.owed.amount, currency),
        "late": formats.money(late, currency),
    }
    return charts.Bars(
        title=_("Receivables in %(currency)s by age") % {"currency": currency},
        says=says,
        labels=[DAYS.get(band, str(name)) for band, name in NAMES.items()],
        series=[charts.Series(name=_("Owed"), values=[figure.amount for figure in sums.bands])],
        currency=currency,
    )
