"""Get paid early: which invoices can be sold, asking a financier, taking a request back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.core.errors import Refused
from apps.financing.models import Facility, FundingRequest, Tranche
from apps.invoicing.models import Invoice
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, add_refusal
from apps.portals.paging import page_of
from apps.portals.parts import Fact, Tile
from apps.portals.seller.estimates import estimate
from apps.portals.seller.forms.funding import FundingForm
from apps.portals.seller.fundable import LIVE, available, facilities, fundable, headrooms
from apps.portals.seller.pages import funding_crumbs, page, today_of, why_not
from apps.workflows import funding as funding_workflows

MOST = 50
"""So many invoices that can be sold are listed, the next due first; the invoices' own list holds all."""


@require_safe
@portal("seller")
def funding(request: PortalRequest) -> HttpResponse:
    """What can be sold now and on which usual terms; the requests and offers; the advances that are out."""
    actor, today = request.actor, today_of(request)
    lines = list(facilities(actor))
    usual = {line.currency: line for line in reversed(lines)}
    rows = (
        fundable(actor, today=today)
        .filter(currency__in=usual)
        .select_related("buyer", "milestone")
        .order_by("due_on", "pk")
    )
    requests = page_of(
        request,
        FundingRequest.objects.visible_to(actor)
        .filter(seller_id=actor.organisation_id)
        .select_related("invoice", "financier")
        .prefetch_related("offers__tranche"),
        size=15,
    )
    return page(
        request,
        "funding",
        {
            "lines": lines,
            "tiles": _tiles(request, lines),
            "fundable": [(row, estimate(row, facility=usual[row.currency], today=today)) for row in rows[:MOST]],
            "requests": [(asked, _offer_of(asked, request)) for asked in requests.rows],
            "page": requests,
            "tranches": list(
                Tranche.objects.visible_to(actor)
                .filter(seller_id=actor.organisation_id)
                .outstanding()
                .select_related("invoice", "financier")
                .order_by("expected_on", "pk")[:MOST]
            ),
            "refusal": why_not(actor, Action.REQUEST_FUNDING),
        },
    )


def _tiles(request: PortalRequest, lines: list[Facility]) -> list[Tile]:
    left = headrooms(request.actor)
    early = available(request.actor, today=today_of(request))
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
    """Ask for one invoice: the whole amount, what it would come to, who bears which risk, and the button."""
    actor, today = request.actor, today_of(request)
    invoice = get_object_or_404(
        Invoice.objects.of_seller(actor).select_related("buyer", "contract", "milestone", "open_item"), ref=ref
    )
    lines = [line for line in facilities(actor) if line.currency == invoice.currency]
    is_asked = FundingRequest.objects.visible_to(actor).filter(invoice=invoice, state__in=LIVE).exists()
    form = FundingForm(request.POST or None, facilities=lines)
    if request.method == "POST" and form.is_valid():
        try:
            funding_workflows.request_funding(
                actor=actor,
                key=form.cleaned_data["key"],
                invoice_ref=invoice.ref,
                facility_ref=form.cleaned_data["facility"],
                note=form.cleaned_data["note"],
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(
                request,
                _("Asked. You get a mail as soon as there is an offer for %(number)s.") % {"number": invoice.number},
            )
            return redirect("seller:funding")
    context = {
        "invoice": invoice,
        "lines": lines,
        "estimates": [found for line in lines if (found := estimate(invoice, facility=line, today=today))],
        "is_open": not is_asked and fundable(actor, today=today).filter(pk=invoice.pk).exists(),
        "is_asked": is_asked,
        "refusal": why_not(actor, Action.REQUEST_FUNDING),
        "facts": [
            Fact(term=_("Invoice"), value=invoice.number, url=reverse("seller:invoice", args=[invoice.ref])),
            Fact(term=_("Buyer"), value=invoice.buyer.legal_name),
            Fact(term=_("Milestone"), value=invoice.milestone.title),
            Fact(term=_("Due"), on=invoice.due_on),
        ],
        "crumbs": funding_crumbs((invoice.number, "")),
    }
    return page(request, "request_funding", context, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def withdraw_request(request: PortalRequest, ref: str) -> HttpResponse:
    """Take a request back before an offer is accepted: a page that says what ends, and the button."""
    asked = get_object_or_404(
        FundingRequest.objects.visible_to(request.actor)
        .filter(seller_id=request.actor.organisation_id)
        .select_related("invoice__buyer", "financier"),
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
    number = asked.invoice.number
    context = {
        "asked": asked,
        "is_open": asked.state in ("submitted", "offered"),
        "refusal": why_not(request.actor, Action.REQUEST_FUNDING),
        "facts": [
            Fact(term=_("Invoice"), value=number),
            Fact(term=_("Asked"), value=formats.instant(asked.requested_at, request.membership.organisation.time_zone)),
        ],
        "effects": [
            _("%(financier)s stops working on it; an offer that is not accepted ends.")
            % {"financier": asked.financier.legal_name},
            _("%(number)s stays yours, and you can ask for it again.") % {"number": number},
        ],
        "crumbs": funding_crumbs((_("Withdraw the request"), "")),
    }
    return page(request, "withdraw_request", context, form=form)
