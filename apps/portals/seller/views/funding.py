"""Get paid early: on which milestones a financier could pay, asking for them, taking a request back."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.contracts.models import Contract
from apps.core.database import at_once
from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import Facility, FundingRequest, Tranche
from apps.financing.rules.expectation import History
from apps.milestones.models import Milestone
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, add_refusal
from apps.portals.paging import page_of
from apps.portals.parts import Fact, Tile
from apps.portals.seller.estimates import Estimate, estimate, face_of
from apps.portals.seller.forms.funding import FundingForm, WhatIfForm
from apps.portals.seller.fundable import (
    available,
    contracts_to_fund,
    early_of,
    faces_by_day,
    facilities,
    fundable,
    headrooms,
    left_of,
    milestones_to_fund,
)
from apps.portals.seller.pages import funding_crumbs, page, today_of, why_not
from apps.portals.seller.what_if import WhatIf, what_if
from apps.workflows import funding as funding_workflows

MOST = 50
"""So many invoices that can be sold are listed, the next due first; the invoices' own list holds all."""


@require_safe
@portal("seller")
def funding(request: PortalRequest) -> HttpResponse:
    """What can be sold now and on which usual terms; the requests and offers; the advances that are out."""
    actor, today = request.actor, today_of(request)
    lines, left = facilities(actor), headrooms(actor)
    tranches = Tranche.objects.visible_to(actor).filter(seller_id=actor.organisation_id).outstanding()
    out = tranches.select_related("milestone__invoice", "financier").order_by("expected_on", "pk")[:MOST]
    at_once.read(lines, left, out)
    usual = {line.currency: line for line in reversed(lines)}
    rows = (
        fundable(actor, today=today)
        .filter(currency__in=usual)
        .select_related("open_item", "buyer", "contract", "milestone__line__version", "milestone__invoice__open_item")
        .order_by("open_item__due_on", "pk")[:MOST]
    )
    by_day = faces_by_day(actor, today=today, currencies=usual)
    to_fund = contracts_to_fund(actor, today=today).filter(currency__in=usual)[:MOST]
    at_once.read(rows, by_day, to_fund)
    shown = [(row, row.milestone) for row in rows if row.milestone is not None]
    histories = financing.histories_of(
        request.membership.organisation, buyers={row.buyer_id for row, _milestone in shown}
    )
    requests = page_of(
        request,
        FundingRequest.objects.visible_to(actor)
        .filter(seller_id=actor.organisation_id)
        .select_related("financier")
        .prefetch_related("offers"),
        size=15,
    )
    return page(
        request,
        "funding",
        {
            "lines": lines,
            "tiles": _tiles(lines, left=left_of(left), by_day=by_day),
            "fundable": [
                (row, estimate(milestone, facility=usual[row.currency], today=today, history=histories[row.buyer_id]))
                for row, milestone in shown
            ],
            "requests": [(asked, _offer_of(asked, request)) for asked in requests.rows],
            "page": requests,
            "tranches": out,
            "contracts": to_fund,
            "refusal": why_not(actor, Action.REQUEST_FUNDING),
        },
    )


def _tiles(
    lines: Iterable[Facility], *, left: Mapping[int, Decimal], by_day: Iterable[tuple[str, date, Decimal]]
) -> list[Tile]:
    early = available(early_of(lines, left=left, by_day=by_day))
    tiles = []
    for line in lines:
        whose = {"financier": line.financier.legal_name}
        tiles += [
            Tile(
                label=_("Line of %(financier)s") % whose,
                amount=line.limit,
                currency=line.currency,
                icon="bank",
                note=_("at most at the same time"),
            ),
            Tile(label=_("Advanced now"), amount=line.advanced, currency=line.currency, icon="cash-coin"),
            Tile(label=_("Left on the line"), amount=left.get(line.pk), currency=line.currency, icon="speedometer2"),
        ]
    tiles += [
        Tile(
            label=_("Available to finance"),
            amount=amount,
            currency=currency,
            icon="lightning-charge",
            note=_("advances on the invoices below"),
        )
        for currency, amount in sorted(early.items())
    ]
    return tiles


def _offer_of(asked: FundingRequest, request: PortalRequest) -> object:
    """The newest offer that the seller may see: a draft is still the financier's own paper."""
    seen = [offer for offer in asked.offers.all() if offer.approved_at is not None]
    return max(seen, key=lambda offer: offer.version, default=None)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def request_funding(request: PortalRequest, ref: str) -> HttpResponse:
    """Ask for milestones of one contract: the whole of each, what that would come to, who bears which risk."""
    actor, today = request.actor, today_of(request)
    contract = get_object_or_404(Contract.objects.of_seller(actor).select_related("buyer", "seller"), ref=ref)
    lines = [line for line in facilities(actor) if line.currency == contract.currency]
    found = list(milestones_to_fund(actor, today=today).filter(contract=contract))
    named = [milestone.ref for milestone in found if milestone.ref == request.GET.get("milestone")]
    form = FundingForm(
        request.POST or None,
        facilities=lines,
        # A second click names what is asked for by then: the workflow answers it as it did the first.
        milestones=list(Milestone.objects.visible_to(actor).filter(contract=contract).order_by("position", "part")),
        initial={"milestones": named or [milestone.ref for milestone in found if hasattr(milestone, "invoice")]},
    )
    if request.method == "POST" and form.is_valid():
        try:
            funding_workflows.request_funding(
                actor=actor,
                key=form.cleaned_data["key"],
                milestone_refs=form.cleaned_data["milestones"],
                facility_ref=form.cleaned_data["facility"],
                note=form.cleaned_data["note"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Asked. You get a mail as soon as there is an offer."))
            return redirect("seller:funding")
    chosen = set(form["milestones"].value() or [])
    history = financing.history_of(contract)
    context = {
        "contract": contract,
        "lines": lines,
        "milestones": [(milestone, face_of(milestone), milestone.ref in chosen) for milestone in found],
        "estimates": [(line, _estimates(found, line=line, today=today, history=history)) for line in lines],
        "refusal": why_not(actor, Action.REQUEST_FUNDING),
        "crumbs": funding_crumbs((contract.title, "")),
        **_what_if(request, history=history, lines=lines, found=found),
    }
    return page(request, "request_funding", context, form=form)


def _what_if(
    request: PortalRequest, *, history: History, lines: list[Facility], found: list[Milestone]
) -> dict[str, object]:
    """The form to play with, and what it comes to once it was sent; a GET, whatever else the page is."""
    today, is_sent = today_of(request), "paid_on" in request.GET
    form = WhatIfForm(
        request.GET if is_sent else None,
        facilities=lines,
        milestones=found,
        today=today,
        initial={"paid_on": today, "tried": [milestone.ref for milestone in found]},
    )
    answer: WhatIf | None = None
    why = ""
    if is_sent and form.is_valid():
        chosen = form.cleaned_data
        answer, why = what_if(
            [milestone for milestone in found if milestone.ref in chosen["tried"]],
            facility=next(line for line in lines if line.ref == chosen["line"]),
            funding_on=chosen["paid_on"],
            share=chosen["share"],
            history=history,
        )
    tried = set(form["tried"].value() or [])
    return {
        "trying": form,
        "tried": [(milestone, milestone.ref in tried) for milestone in found],
        "answer": answer,
        "no_answer": why,
    }


def _estimates(
    milestones: list[Milestone], *, line: Facility, today: date, history: History
) -> list[tuple[Milestone, Estimate]]:
    guessed = ((one, estimate(one, facility=line, today=today, history=history)) for one in milestones)
    return [(milestone, guess) for milestone, guess in guessed if guess is not None]


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def withdraw_request(request: PortalRequest, ref: str) -> HttpResponse:
    """Take a request back before an offer is accepted: a page that says what ends, and the button."""
    asked = get_object_or_404(
        FundingRequest.objects.visible_to(request.actor)
        .filter(seller_id=request.actor.organisation_id)
        .select_related("financier"),
        ref=ref,
    )
    form = ActionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            funding_workflows.withdraw_request(actor=request.actor, key=form.cleaned_data["key"], request_ref=asked.ref)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("The request is withdrawn."))
            return redirect("seller:funding")
    context = {
        "asked": asked,
        "is_open": asked.state in ("submitted", "offered"),
        "refusal": why_not(request.actor, Action.REQUEST_FUNDING),
        "facts": [
            Fact(term=_("Asked for"), value=asked.about),
            Fact(term=_("Asked"), value=formats.instant(asked.requested_at, request.membership.organisation.time_zone)),
        ],
        "effects": [
            _("%(financier)s stops working on it; an offer that is not accepted ends.")
            % {"financier": asked.financier.legal_name},
            _("Everything stays yours, and you can ask for it again."),
        ],
        "crumbs": funding_crumbs((_("Withdraw the request"), "")),
    }
    return page(request, "withdraw_request", context, form=form)
