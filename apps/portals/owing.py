"""The account between a seller and a buyer, as both of them see it: the list of accounts, the statement, its files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.contracts.models import Contract
from apps.contracts.rules.schedule import Cell
from apps.core import money
from apps.invoicing.models import OpenItem
from apps.invoicing.models.open_item import PAYABLE
from apps.invoicing.services.account_statement import (
    MOST_ROWS,
    AccountStatement,
    Between,
    Event,
    Row,
    account_statement,
    standing_of,
)
from apps.invoicing.services.late_interest import late_charges
from apps.ledger.rules import guarded
from apps.parties.actor import Actor
from apps.portals import formats, moment
from apps.portals.access import PortalRequest
from apps.portals.account_letters import letters_of
from apps.portals.correcting.side import SELLER, Side
from apps.portals.forms import DayField
from apps.portals.missing import TellingForm
from apps.portals.spreadsheets.writing import written

MOST_ACCOUNTS: Final = 100
LONGEST_DAYS: Final = 3 * 366

EVENTS: dict[Event, Promise] = {
    Event.INVOICE: gettext_lazy("Invoice"),
    Event.RELEASE: gettext_lazy("Release of retention"),
    Event.LATE_CHARGE: gettext_lazy("Interest and fees for late payment"),
    Event.MENDED: gettext_lazy("Withheld amount is due"),
    Event.CREDIT_NOTE: gettext_lazy("Credit note"),
    Event.PAYMENT: gettext_lazy("Payment"),
    Event.COLLECTED: gettext_lazy("Paid to the financier"),
    Event.REVERSAL: gettext_lazy("Payment reversed"),
    Event.REFUND: gettext_lazy("Paid back"),
    Event.RETURNED: gettext_lazy("Refund that came back"),
}


class Period(TellingForm, forms.Form):
    """Of which days; at most three years at once, and none that are still to come."""

    since = DayField(
        label=gettext_lazy("From"),
    )
    until = DayField(
        label=gettext_lazy("Until"),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        for field in self.fields.values():
            field.widget.attrs["max"] = today.isoformat()

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if until > self.today:
            raise forms.ValidationError(_("This day is still to come. Choose today or a day before."))
        return until

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("since") and given.get("until"):
            if given["since"] > given["until"]:
                raise forms.ValidationError(_("The first day is after the last. Choose an earlier first day."))
            if (given["until"] - given["since"]).days > LONGEST_DAYS:
                raise forms.ValidationError(_("A period covers three years at the most. Choose a later first day."))
        return given


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the list: with whom, in which currency, what is open and what of it is overdue."""

    name: str
    currency: str
    url: str
    open: Decimal
    overdue: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the statement with its words and the page that it opens (empty where there is none)."""

    row: Row
    title: str
    detail: str
    url: str


def accounts_page(request: PortalRequest, side: Side, *, monthly: forms.Form | None = None) -> HttpResponse:
    """Everybody with whom there is a contract, those who owe most first; ``?q=`` finds one by name.

    ``monthly`` is where a seller says whether statements are sent every month.
    """
    words = request.GET.get("q", "").strip()[:80]
    found = _accounts(request.actor, side, words=words, today=_today(request))
    return side.account_page(
        request,
        "accounts",
        {
            "accounts": found[:MOST_ACCOUNTS],
            "is_cut": len(found) > MOST_ACCOUNTS,
            "most": MOST_ACCOUNTS,
            "words": words,
            "monthly": monthly,
        },
    )


def statement_page(request: PortalRequest, side: Side, ref: str) -> HttpResponse:
    """The account with the counterparty ``ref``: ``?currency=``, ``?since=``, ``?until=``."""
    today = _today(request)
    between, currencies = _between(request, side, ref)
    form = _period(request, today)
    since, until = _days(form, today)
    made = account_statement(request.actor, between=between, since=since, until=until)
    standing = standing_of(request.actor, between=between, today=today)
    mine = {"seller": between.seller, "buyer": between.buyer, "currency": between.currency}
    late = late_charges(OpenItem.objects.visible_to(request.actor).filter(**mine), today=today)
    other = between.buyer if side == SELLER else between.seller
    query = urlencode({"currency": between.currency, "since": since.isoformat(), "until": until.isoformat()})
    return side.account_page(
        request,
        "account_statement",
        {
            "statement": made,
            "other": other,
            "rows": [_shown(row, side) for row in made.rows],
            "standing": standing,
            "late": sorted(late.values(), key=lambda one: one.number),
            "differs": until == today and made.closing != standing.balance,
            "currencies": currencies,
            "query": query,
            "most": MOST_ROWS,
            "crumbs": [
                (_("Invoices"), side.list_url("invoices")),
                (_("Accounts"), side.list_url("account_statements")),
                (other.legal_name, ""),
            ],
            "letters": letters_of(request, side, ref, between=between, days=(since, until)),
            "file_urls": [(kind, side.url(f"account_{kind}", ref)) for kind in ("csv", "xlsx")],
        },
        form=form,
    )


def statement_file(request: PortalRequest, side: Side, ref: str, *, kind: str) -> HttpResponse:
    """The same as a file. A wrong period goes back to the page, which says what is wrong with it."""
    today = _today(request)
    between, _currencies = _between(request, side, ref)
    form = _period(request, today)
    if form.is_bound and not form.is_valid():
        return redirect(f"{side.url('account_statement', ref)}?{request.GET.urlencode()}")
    since, until = _days(form, today)
    made = account_statement(request.actor, between=between, since=since, until=until)
    other = between.buyer if side == SELLER else between.seller
    name = "-".join((_("account"), other.legal_name, until.isoformat()))
    return written(_cells(made), kind=kind, name=name)


def _today(request: PortalRequest) -> date:
    return moment.today_of(request, request.membership.organisation.time_zone)


def _period(request: PortalRequest, today: date) -> Period:
    is_asked = "since" in request.GET or "until" in request.GET
    return Period(request.GET if is_asked else None, initial={"since": _usual(today), "until": today}, today=today)


def _usual(today: date) -> date:
    """From the first of the month a quarter ago."""
    return (today.replace(day=1) - timedelta(days=80)).replace(day=1)


def _days(form: Period, today: date) -> tuple[date, date]:
    if form.is_bound and form.is_valid():
        return form.cleaned_data["since"], form.cleaned_data["until"]
    return _usual(today), today


def _between(request: PortalRequest, side: Side, ref: str) -> tuple[Between, list[str]]:
    """The account that the address names, and the currencies in which there is one; the first is taken unasked."""
    other = "buyer" if side == SELLER else "seller"
    contracts = Contract.objects.visible_to(request.actor).filter(
        **{f"{side.name}_id": request.actor.organisation_id, f"{other}__ref": ref}
    )
    currencies = sorted(set(contracts.order_by().values_list("currency", flat=True)))
    if not currencies:
        raise Http404
    currency = request.GET.get("currency", "")
    contract = contracts.select_related("seller", "buyer").order_by("pk")[0]
    chosen = currency if currency in currencies else currencies[0]
    return Between(contract.seller, contract.buyer, chosen), currencies


def _accounts(actor: Actor, side: Side, *, words: str, today: date) -> list[Account]:
    other = "buyer" if side == SELLER else "seller"
    mine = {f"{side.name}_id": actor.organisation_id}
    named = {f"{other}__legal_name__icontains": words} if words else {}
    who = (f"{other}__ref", f"{other}__legal_name", "currency")
    contracts = Contract.objects.visible_to(actor).filter(**mine, **named).exclude(active_version=None)
    late = Sum(PAYABLE, filter=Q(due_on__lt=today))
    items = OpenItem.objects.visible_to(actor).open().filter(**mine, **named).order_by()
    sums = {
        (row[f"{other}__ref"], row["currency"]): (row["is_open"], row["is_late"] or money.ZERO)
        for row in items.values(*who).annotate(is_open=Sum("open"), is_late=late)
    }
    nothing = (money.ZERO, money.ZERO)
    found = [
        Account(
            name,
            currency,
            f"{side.url('account_statement', ref)}?{urlencode({'currency': currency})}",
            *sums.get((ref, currency), nothing),
            count,
        )
        for ref, name, currency, count in contracts.order_by().values_list(*who).annotate(Count("pk"))
    ]
    return sorted(found, key=lambda one: (-one.open, one.name.casefold(), one.currency))


def _shown(row: Row, side: Side) -> Shown:
    pages = {Event.CREDIT_NOTE: "credit_note"} | dict.fromkeys(
        (Event.PAYMENT, Event.REVERSAL, Event.REFUND, Event.RETURNED), ""
    )
    page = pages.get(row.event, "invoice")
    return Shown(row, str(EVENTS[row.event]), row.about, side.url(page, row.ref) if page else "")


def _cells(made: AccountStatement) -> Iterator[list[Cell]]:
    """What people typed never begins a formula; figures stay figures."""
    yield [
        *(_("Date"), _("What"), _("Number or reference"), _("About"), _("Due date"), _("Currency")),
        *(_("Owed"), _("Settled"), _("Balance"), _("Retained")),
    ]
    currency = made.between.currency
    yield [made.since, _("Opening balance"), None, None, None, currency, None, None, made.opening, None]
    for row in made.rows:
        yield [
            *(
                row.on,
                str(EVENTS[row.event]),
                guarded(row.name),
                guarded(row.about),
                formats.known_day(row.due_on),
                currency,
            ),
            row.amount if row.amount > 0 else None,
            -row.amount if row.amount < 0 else None,
            *(row.balance, row.retained or None),
        ]
    if made.is_cut:
        yield [None, _("More than fit here: choose a shorter period"), *[None] * 8]
    yield [made.until, _("Closing balance"), None, None, None, currency, None, None, made.closing, None]
