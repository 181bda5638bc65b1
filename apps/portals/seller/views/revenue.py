"""Revenue: what was recognised and is to come, by contract, beside what the ledger says; and the closing of months."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.contracts.models import Contract
from apps.core import money
from apps.core.errors import Refused
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.charts import Bars, Series
from apps.portals.forms import add_refusal
from apps.portals.paging import page_of
from apps.portals.seller.behind import (
    BILLED,
    EARNED,
    ENTRIES,
    EXPECTED,
    INTEREST,
    INVOICES,
    POSITION,
    RECOGNITIONS,
    Which,
)
from apps.portals.seller.forms.exports import last_month
from apps.portals.seller.forms.revenue import PeriodForm
from apps.portals.seller.judged import judgements_of
from apps.portals.seller.pages import Crumbs, page, today_of, why_not
from apps.portals.seller.report_parts import spread
from apps.revenue import rules
from apps.revenue import services as revenue_services
from apps.revenue.models import AccountingPeriod, Modification, Obligation, PeriodState, Recognition
from apps.workflows import revenue as closing

MONTHS: Final = 6
"""Shown before this month, and as many after it."""


def revenue_crumbs(*more: tuple[str, str]) -> Crumbs:
    return [(_("Revenue"), reverse("seller:revenue")), *more]


def require_revenue(request: PortalRequest) -> None:
    if not request.actor.may(Action.READ_REVENUE):
        raise Http404


def currencies_of(request: PortalRequest) -> list[str]:
    """Those of the seller's contracts, its own first."""
    own = request.membership.organisation.currency
    found = Obligation.objects.visible_to(request.actor).order_by().values_list("currency", flat=True).distinct()
    return sorted({own, *found}, key=lambda code: (code != own, code))


def chosen(request: PortalRequest, currencies: list[str]) -> str:
    asked = request.GET.get("currency", "")
    return asked if asked in currencies else currencies[0]


def signed_contracts(request: PortalRequest, currency: str) -> "QuerySet[Contract, Contract]":
    mine = Contract.objects.of_seller(request.actor).filter(active_version__isnull=False, currency=currency)
    return mine.select_related("buyer")


def _later(month: date, months: int) -> date:
    year, number = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(year, number + 1, 1)


@require_safe
@portal("seller")
def revenue(request: PortalRequest) -> HttpResponse:
    """By month, what remains by year, how contract balances moved, and each contract."""
    refusal = why_not(request.actor, Action.READ_REVENUE)
    if refusal:
        return page(request, "revenue", {"refusal": refusal})
    currencies, today = currencies_of(request), today_of(request)
    currency = chosen(request, currencies)
    whose: dict[str, Any] = {"organisation_id": request.actor.organisation_id, "currency": currency}
    rows = page_of(request, signed_contracts(request, currency))
    figures = revenue_services.of_contracts(rows.rows)
    expected = revenue_services.Expected(**whose, today=today).by_month()
    first = _later(today.replace(day=1), -MONTHS)
    found = revenue_services.overview(**whose, since=first, month=today)
    context = {
        "currency": currency,
        "currencies": currencies,
        "chart": _schedule(found.by_month, expected, first=first, currency=currency),
        "years": _by_year(expected, currency=currency, today=today),
        "note": spread(),
        "price": found.price,
        "earned": found.recognised,
        "remaining": found.price - found.recognised,
        "roll": found.roll,
        "links": _links(currency, since=today.replace(day=1), until=rules.month_end(today)),
        "rows": [(contract, figures[contract.pk], _links(currency, contract=contract.ref)) for contract in rows.rows],
        "page": rows,
    }
    return page(request, "revenue", context)


def _links(
    currency: str, *, contract: str = "", since: date | None = None, until: date | None = None
) -> dict[str, str]:
    """The addresses of the rows of figures: of one contract, or of all; where days are said, of these."""
    days: dict[str, Any] = {"since": since, "until": until}
    before = since - timedelta(days=1) if since is not None else None
    return {
        "all": Which(of=RECOGNITIONS).url(currency),
        "recognised": Which(of=RECOGNITIONS, contract=contract, **days).url(currency),
        "earned": Which(of=ENTRIES, contract=contract, kind=EARNED, **days).url(currency),
        "interest": Which(of=ENTRIES, contract=contract, kind=INTEREST, **days).url(currency),
        "billed": Which(of=ENTRIES, contract=contract, kind=BILLED, **days).url(currency),
        "opening": Which(of=ENTRIES, contract=contract, until=before).url(currency),
        "balance": Which(of=ENTRIES, contract=contract).url(currency),
        "position": Which(of=ENTRIES, contract=contract, account=POSITION).url(currency),
        "invoices": Which(of=INVOICES, contract=contract, **days).url(currency),
        "remaining": Which(of=EXPECTED, contract=contract).url(currency),
    }


def _schedule(found: dict[date, Decimal], expected: dict[date, Decimal], *, first: date, currency: str) -> Bars:
    months = [_later(first, number) for number in range(2 * MONTHS + 1)]
    return Bars(
        title=_("Revenue by month"),
        says=_("What was recognised, and what is expected and not earned yet."),
        labels=[formats.month(month) for month in months],
        series=[
            Series(name=_("Recognised"), values=[found.get(month, money.ZERO) for month in months]),
            Series(name=_("Expected"), values=[expected.get(month, money.ZERO) for month in months]),
        ],
        currency=currency,
    )


def _by_year(expected: dict[date, Decimal], *, currency: str, today: date) -> list[tuple[str, Decimal, str]]:
    """Label, amount and the address of its rows; what should have been earned in a year before is late."""
    years: dict[int | None, Decimal] = {}
    for month, amount in expected.items():
        year = None if month == revenue_services.NO_DATE or month.year < today.year else month.year
        years[year] = years.get(year, money.ZERO) + amount
    late = years.pop(None, None)
    found = [
        (str(year), amount, Which(of=EXPECTED, since=date(year, 1, 1), until=date(year, 12, 31)).url(currency))
        for year, amount in sorted((year, amount) for year, amount in years.items() if year is not None)
    ]
    if late is not None:
        url = Which(of=EXPECTED, since=date(today.year, 1, 1), is_late=True).url(currency)
        found.append((_("Without a date, or late"), late, url))
    return found


@require_safe
@portal("seller")
def contract_revenue(request: PortalRequest, ref: str) -> HttpResponse:
    """The rows behind the numbers of one contract: obligations, how changes were treated, each recognition."""
    require_revenue(request)
    contract = get_object_or_404(Contract.objects.of_seller(request.actor).select_related("buyer"), ref=ref)
    mine = Obligation.objects.visible_to(request.actor).filter(contract=contract)
    rows = page_of(
        request, Recognition.objects.visible_to(request.actor).filter(contract=contract).select_related("obligation")
    )
    context = {
        "contract": contract,
        "currency": contract.currency,
        "figures": revenue_services.of_contracts([contract])[contract.pk],
        "obligations": list(mine.order_by("position")),
        "judged": judgements_of(request.actor, contract),
        "changes": Modification.objects.visible_to(request.actor).filter(contract=contract),
        "rows": rows.rows,
        "page": rows,
        "crumbs": revenue_crumbs((contract.number, "")),
    }
    return page(request, "contract_revenue", context)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def close_period(request: PortalRequest) -> HttpResponse:
    """Close the month that comes next, and see how far it is; below, what is closed."""
    refusal = why_not(request.actor, Action.CLOSE_PERIOD)
    if refusal:
        return page(request, "close_period", {"refusal": refusal, "crumbs": revenue_crumbs((_("Months"), ""))})
    periods = AccountingPeriod.objects.visible_to(request.actor)
    last = periods.order_by("-through").first()
    proposed, today = _next(last, today=today_of(request)), today_of(request)
    form = PeriodForm(request.POST or None, proposed=proposed)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            closing.close_period(actor=request.actor, key=said["key"], through=said["through"])
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The month is being closed."))
            return redirect("seller:close_period")
    rows = page_of(request, periods)
    context = {
        "rows": rows.rows,
        "page": rows,
        "under_way": last if last is not None and last.state != PeriodState.CLOSED else None,
        "not_over": proposed if proposed >= today else None,
        "here": reverse("seller:close_period"),
        "crumbs": revenue_crumbs((_("Months"), "")),
    }
    return page(request, "close_period", context, form=form)


def _next(last: AccountingPeriod | None, *, today: date) -> date:
    if last is None:
        return last_month(today)[1]
    return last.through if last.state != PeriodState.CLOSED else rules.next_month_end(last.through)
