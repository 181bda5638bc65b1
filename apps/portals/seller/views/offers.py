"""An offer: its price in money, as APR and as XIRR, what it means, and the seller's answer."""

from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.core import clock
from apps.core.errors import Refused
from apps.financing.models import Offer, OfferLine, Tranche
from apps.financing.models.offer import Stage
from apps.parties.roles import Action
from apps.portals import charts, formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, SeenForm, add_refusal
from apps.portals.parts import Fact
from apps.portals.seller.pages import funding_crumbs, page, why_not
from apps.workflows import funding


def _offer(request: PortalRequest, ref: str) -> Offer:
    offers = Offer.objects.visible_to(request.actor).filter(seller_id=request.actor.organisation_id)
    return get_object_or_404(offers.select_related("request__contract__buyer", "financier"), ref=ref)


def _lines(offer: Offer) -> list[OfferLine]:
    return list(offer.lines.select_related("milestone__invoice").order_by("milestone__position", "milestone__part"))


def _is_open(offer: Offer) -> bool:
    return offer.state == "issued" and offer.expires_at > clock.now()


def _state(offer: Offer) -> str:
    """An offer that nobody answered in time has expired, whether or not a job has written that down."""
    return "expired" if offer.state == "issued" and not _is_open(offer) else str(offer.state)


@require_safe
@portal("seller")
def offer(request: PortalRequest, ref: str) -> HttpResponse:
    """Everything of one offer on one page; accepting and declining are pages of their own."""
    found = _offer(request, ref)
    lines = _lines(found)
    context = {
        "offer": found,
        "lines": lines,
        "line": lines[0] if len(lines) == 1 else None,
        "is_before_acceptance": any(line.stage == Stage.PRE for line in lines),
        "is_purchase": any(line.stage == Stage.POST for line in lines),
        "buyer": found.request.contract.buyer,
        "state": _state(found),
        "is_open": _is_open(found),
        "cost": found.discount + found.fee,
        "in_all": found.net + found.reserve,
        "payments": [(line.expected_on, line.milestone, line.face, line.reserve) for line in lines],
        "waterfall": waterfall(found),
        "tranches": _tranches(request, found),
        "refusal": why_not(request.actor, Action.REQUEST_FUNDING),
        "crumbs": funding_crumbs((_("Offer for %(about)s") % {"about": found.request.about}, "")),
    }
    return page(request, "offer", context)


def _tranches(request: PortalRequest, offer: Offer) -> list[Tranche]:
    found = Tranche.objects.visible_to(request.actor).filter(offer=offer).select_related("milestone__invoice")
    return list(found.order_by("milestone__position", "milestone__part"))


def waterfall(offer: Offer) -> charts.Waterfall:
    """From the face of the invoices to what is paid out at funding."""
    says = _("Of %(face)s you get %(net)s at funding, and %(reserve)s more after the buyer has paid.") % {
        "face": formats.money(offer.face, offer.currency),
        "net": formats.money(offer.net, offer.currency),
        "reserve": formats.money(offer.reserve, offer.currency),
    }
    return charts.Waterfall(
        title=_("From what is owed to your account"),
        says=says,
        steps=[
            (_("Total"), offer.face),
            (_("Reserve"), -offer.reserve),
            (_("Discount"), -offer.discount),
            (_("Fee"), -offer.fee),
        ],
        left=_("Paid to you"),
        currency=offer.currency,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def accept_offer(request: PortalRequest, ref: str) -> HttpResponse:
    """The disclosure once more, what accepting does, and the button that signs it."""
    found = _offer(request, ref)
    if taken := _tranches(request, found):
        return redirect(_after(found, taken))
    form = SeenForm(request.POST or None, initial={"seen": found.disclosure_sha256})
    if request.method == "POST" and form.is_valid():
        try:
            funding.accept_offer(actor=request.actor, offer_ref=found.ref, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Accepted. The buyer is told whom to pay, then you are paid."))
            return redirect(_after(found, _tranches(request, found)))
    names = {"financier": found.financier.legal_name, "buyer": found.request.contract.buyer.legal_name}
    lines = _lines(found)
    context = {
        **_review(found),
        "offer": found,
        "is_sale": len(lines) == 1 and lines[0].stage == Stage.POST,
        "is_open": _is_open(found),
        "refusal": why_not(request.actor, Action.REQUEST_FUNDING),
        "again": SeenForm(initial={"seen": found.disclosure_sha256}),
        "effects": [
            *(_effect(line, found.financier.legal_name) for line in lines),
            _("%(buyer)s is told by mail to pay %(financier)s.") % names,
            _("%(net)s is paid to you after the buyer has acknowledged that, planned for %(day)s.")
            % {"net": formats.money(found.net, found.currency), "day": formats.day(found.funding_on)},
            _("%(reserve)s is kept back and paid to you after the buyer has paid.")
            % {"reserve": formats.money(found.reserve, found.currency)},
        ],
        "crumbs": _crumbs(found, _("Accept")),
    }
    return page(request, "accept_offer", context, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def decline_offer(request: PortalRequest, ref: str) -> HttpResponse:
    """Say no: the financier may price the request again, or the seller waits for the due date."""
    found = _offer(request, ref)
    form = ActionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            funding.decline_offer(actor=request.actor, key=form.cleaned_data["key"], offer_ref=found.ref)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Declined. What you asked for stays yours."))
            return redirect("seller:funding")
    context = {
        **_review(found),
        "offer": found,
        "is_open": _is_open(found),
        "refusal": why_not(request.actor, Action.REQUEST_FUNDING),
        "effects": [
            _("This offer ends. %(financier)s may make another one.") % {"financier": found.financier.legal_name},
            _("Everything stays yours, and the buyer pays you what is due."),
        ],
        "crumbs": _crumbs(found, _("Decline")),
    }
    return page(request, "decline_offer", context, form=form)


def _effect(line: OfferLine, financier: str) -> str:
    """What accepting does to one milestone."""
    if line.stage == Stage.POST:
        return _("The whole invoice %(number)s is sold and assigned to %(financier)s.") % {
            "number": line.milestone.invoice.number,
            "financier": financier,
        }
    return _(
        "What the buyer will owe for “%(milestone)s” is assigned to %(financier)s. If the buyer does not accept it, you"
        " pay the advance back."
    ) % {"milestone": line.milestone.title, "financier": financier}


def _after(offer: Offer, tranches: list[Tranche]) -> str:
    """Where an accepted offer leads: to its advance, or to itself where it made several."""
    if len(tranches) == 1:
        return reverse("seller:tranche", args=[tranches[0].ref])
    return reverse("seller:offer", args=[offer.ref])


def _crumbs(offer: Offer, last: str) -> list[tuple[str, str]]:
    label = _("Offer for %(about)s") % {"about": offer.request.about}
    return funding_crumbs((label, reverse("seller:offer", args=[offer.ref])), (last, ""))


def _review(offer: Offer) -> dict[str, object]:
    currency = offer.currency
    return {
        "facts": [
            Fact(term=_("For"), value=offer.request.about),
            Fact(term=_("Buyer"), value=offer.request.contract.buyer.legal_name),
            Fact(term=_("Total"), amount=offer.face, currency=currency),
            Fact(term=_("Advance"), amount=offer.gross, currency=currency),
            Fact(term=_("Discount"), amount=-offer.discount, currency=currency),
            Fact(term=_("Fee"), amount=-offer.fee if offer.fee else Decimal(0), currency=currency),
            Fact(term=_("Paid to you at funding"), amount=offer.net, currency=currency, is_total=True),
            Fact(term=_("Reserve, paid later"), amount=offer.reserve, currency=currency),
        ]
    }
