"""The financier's first page: what is out, what comes in, what waits, what went wrong. One currency at a time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, Model, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core import money
from apps.financing.models import Assignment, Facility, FundingRequest, Offer, PaymentOrder, Tranche
from apps.financing.models.tranche import TrancheState
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier import plots, queues
from apps.portals.financier.exposure import with_promised
from apps.portals.financier.pages import Button, address, asker, today_of, why_not
from apps.portals.moment import now_of
from apps.portals.parts import Tab, Tile

EXPIRES_SOON = timedelta(days=2)
NEARLY_FULL = Decimal("0.9")
ALERTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits for one kind of decision: how many, how much in each currency, since when."""

    title: str
    url: str
    icon: str
    count: int
    sums: list[tuple[Decimal, str]]
    oldest: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that went wrong or is about to."""

    what: str
    url: str
    tone: str
    icon: str
    on: date | None = None


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """Everything on the dashboard, in a number of queries that does not grow with the book."""
    actor, today = asker(request), today_of(request)
    facilities = list(
        with_promised(Facility.objects.visible_to(actor).live().filter(financier_id=actor.organisation_id))
        .select_related("seller")
        .order_by("-advanced", "pk")
    )
    currency, tabs = _currency(request, facilities)
    mine = [facility for facility in facilities if facility.currency == currency]
    book = Tranche.objects.visible_to(actor).outstanding().filter(financier_id=actor.organisation_id, currency=currency)
    return {
        "buttons": [
            Button(
                label=_("Open a facility"),
                url=reverse("admin:open_facility"),
                refusal=why_not(actor, Action.MANAGE_FACILITY),
                icon="plus-lg",
            )
        ],
        "tabs": tabs,
        "currency": currency,
        "is_empty": not facilities,
        "tiles": _tiles(book, mine, today=today, currency=currency) if currency else [],
        "queues": _queues(actor, today=today),
        "alerts": _alerts(actor, mine, now=now_of(request), today=today),
        "plots": plots.of_book(actor, book, mine, today=today, currency=currency) if mine else {},
    }


def _currency(request: HttpRequest, facilities: list[Facility]) -> tuple[str, list[Tab]]:
    """The chosen currency, else the one of the largest facility in use; tabs where there is more than one."""
    known = list(dict.fromkeys(facility.currency for facility in facilities))
    asked = request.GET.get("currency", "")
    chosen = asked if asked in known else (known[0] if known else "")
    if len(known) < 2:
        return chosen, []
    return chosen, [Tab(label=one, url=f"?currency={one}", is_current=one == chosen) for one in known]


def _tiles(book: QuerySet[Tranche], facilities: list[Facility], *, today: date, currency: str) -> list[Tile]:
    due = Coalesce("milestone__invoice__open_item__open", "face")
    sums = book.aggregate(
        out=Sum("outstanding"),
        # What is in default is out, and earns nothing.
        weighted=Sum(F("outstanding") * F("line__annual_rate"), filter=~Q(state=TrancheState.DEFAULTED)),
        week=Sum(due, filter=Q(expected_on__range=(today, today + timedelta(days=7)))),
        month=Sum(due, filter=Q(expected_on__range=(today, today + timedelta(days=30)))),
        late=Sum(due, filter=Q(expected_on__lt=today)),
        late_count=Count("pk", filter=Q(expected_on__lt=today)),
    )
    out = sums["out"] or money.ZERO
    limit = money.total(facility.limit for facility in facilities)
    free = money.total(
        max(one.limit - one.advanced - one.promised, money.ZERO)  # type: ignore[attr-defined]
        for one in facilities
    )
    tranches = address(Tranche)
    return [
        Tile(
            label=_("Deployed"),
            amount=out,
            currency=currency,
            note=_("%(share)s of %(limit)s")
            % {"share": formats.percent(out / limit) if limit else "–", "limit": formats.money(limit, currency)},
            url=f"{tranches}?state=outstanding",
        ),
        Tile(
            label=_("Available"), amount=free, currency=currency, note=_("under your facilities"), url=address(Facility)
        ),
        Tile(
            label=_("Expected in 7 days"), amount=sums["week"] or money.ZERO, currency=currency, note=_("from buyers")
        ),
        Tile(
            label=_("Expected in 30 days"), amount=sums["month"] or money.ZERO, currency=currency, note=_("from buyers")
        ),
        Tile(
            label=_("Overdue"),
            amount=sums["late"] or money.ZERO,
            currency=currency,
            note=ngettext("on %(count)s advance", "on %(count)s advances", sums["late_count"])
            % {"count": sums["late_count"]},
            url=f"{tranches}?state=overdue",
        ),
        Tile(
            label=_("Yield"),
            value=formats.percent((sums["weighted"] or money.ZERO) / out / 100) if out else "–",
            note=_("a year, weighted by what is out"),
        ),
    ]


def _queues(actor: Actor, *, today: date) -> list[Queue]:
    gross = F("gross") - F("discount") - F("fee")
    owed = Coalesce("milestone__invoice__open_item__open", "face")
    told = Coalesce("assignment__acknowledged_at", "assignment__waived_at")
    return [
        _queue(queues.to_price(actor), _("Requests to price"), "calculator", FundingRequest, "to-price",
               currency="currency", amount=F("face"), since=F("requested_at")),
        _queue(queues.to_approve(actor), _("Offers to approve"), "patch-check", Offer, "to-approve",
               currency="currency", amount=F("gross"), since=F("created_at")),
        _queue(queues.to_verify(actor), _("Buyers to verify"), "shield-check", Tranche, "to-verify",
               currency="currency", amount=F("gross"), since=F("accepted_at")),
        _queue(queues.to_notify(actor), _("Notices waiting for buyers"), "envelope-paper", Assignment, "waiting",
               currency="tranche__currency", amount=F("tranche__gross"), since=F("notified_at")),
        _queue(queues.to_fund(actor), _("Advances to pay out"), "cash-coin", Tranche, "to-fund",
               currency="currency", amount=gross, since=told),
        _queue(queues.orders_open(actor), _("Payment orders"), "send", PaymentOrder, "",
               currency="currency", amount=F("total"), since=F("created_at")),
        _queue(queues.sent_back(actor), _("Milestones sent back"), "arrow-counterclockwise", Tranche, "sent-back",
               currency="currency", amount=F("gross"), since=F("asked_at")),
        _queue(queues.to_collect(actor, today=today), _("Payments to collect"), "bank", Tranche, "to-collect",
               currency="currency", amount=owed, since=F("expected_on")),
        _queue(queues.to_pay_reserve(actor), _("Reserves to pay"), "arrow-return-left", Tranche, "reserve-due",
               currency="currency", amount=F("reserve_due"), since=F("settled_on")),
    ]  # fmt: skip


def _queue(
    rows: QuerySet[Any],
    title: str | Promise,
    icon: str,
    model: type[Model],
    state: str,
    *,
    currency: str,
    amount: Any,
    since: Any,
) -> Queue:
    found = list(
        rows.order_by().values(code=F(currency)).annotate(count=Count("pk"), sum=Sum(amount), oldest=Min(since))
    )
    starts = [_day(one["oldest"]) for one in found if one["oldest"] is not None]
    return Queue(
        title=str(title),
        url=f"{address(model)}?state={state}" if state else address(model),
        icon=icon,
        count=sum(one["count"] for one in found),
        sums=[(one["sum"], one["code"]) for one in sorted(found, key=lambda one: str(one["code"]))],
        oldest=min(starts) if starts else None,
    )


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _alerts(actor: Actor, facilities: list[Facility], *, now: datetime, today: date) -> list[Alert]:
    late = (
        queues.overdue(actor, today=today)
        .select_related("milestone__invoice", "buyer")
        .order_by("expected_on")[:ALERTS]
    )
    expiring = (
        Offer.objects.visible_to(actor)
        .filter(financier_id=actor.organisation_id, state="issued", expires_at__range=(now, now + EXPIRES_SOON))
        .select_related("request", "seller")
        .order_by("expires_at")[:ALERTS]
    )
    return [
        *(
            Alert(
                what=(
                    _("%(name)s: %(buyer)s has not accepted")
                    if tranche.invoice is None
                    else _("%(name)s: %(buyer)s has not paid")
                )
                % {"name": tranche.name, "buyer": tranche.buyer.legal_name},
                url=address(Tranche, tranche.ref),
                tone="negative",
                icon="exclamation-triangle-fill",
                on=tranche.expected_on,
            )
            for tranche in late
        ),
        *(
            Alert(
                what=_("Offer for %(about)s: %(seller)s has not answered")
                % {"about": offer.request.about, "seller": offer.seller.legal_name},
                url=address(Offer, offer.ref),
                tone="attention",
                icon="clock-history",
                on=offer.expires_at.date(),
            )
            for offer in expiring
        ),
        *(
            Alert(
                what=_("%(seller)s: the facility is %(share)s used")
                % {
                    "seller": facility.seller.legal_name,
                    "share": formats.percent((facility.advanced + facility.promised) / facility.limit),  # type: ignore[attr-defined]
                },
                url=address(Facility, facility.ref),
                tone="attention",
                icon="speedometer2",
            )
            for facility in facilities
            if facility.advanced + facility.promised >= facility.limit * NEARLY_FULL  # type: ignore[attr-defined]
        ),
    ]
