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
from apps.financing.models import Offer, Tranche
from apps.parties.roles import Action
from apps.portals import charts, formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import ActionForm, SeenForm, add_refusal
from apps.portals.parts import Fact
from apps.portals.seller.pages import funding_crumbs, page, why_not
from apps.workflows import funding


def _offer(request: PortalRequest, ref: str) -> Offer:
    offers = Offer.objects.visible_to(request.actor).filter(seller_id=request.actor.organisation_id)
    return get_object_or_404(
        offers.select_related("request__invoice__buyer", "request__invoice__milestone", "financier"), ref=ref
    )


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
    tranche = Tranche.objects.visible_to(request.actor).filter(offer=found).first()
    context = {
        "offer": found,
        "invoice": found.request.invoice,
        "state": _state(found),
        "is_open": _is_open(found),
        "cost": found.discount + found.fee,
        "in_all": found.net + found.reserve,
        "waterfall": waterfall(found),
        "tranche": tranche,
        "refusal": why_not(request.actor, Action.REQUEST_FUNDING),
        "crumbs": funding_crumbs((_("Offer for %(number)s") % {"number": found.request.invoice.number}, "")),
    }
    return page(request, "offer", context)


def waterfall(offer: Offer) -> charts.Waterfall:
    """From the invoice's face to what is paid out at funding."""
    says = _("Of %(face)s you get %(net)s at funding, and %(reserve)s more after the buyer has paid.") % {
        "face": formats.money(offer.face, offer.currency),
        "net": formats.money(offer.net, offer.currency),
        "reserve": formats.money(offer.reserve, offer.currency),
    }
    return charts.Waterfall(
        title=_("From the invoice to your account"),
        says=says,
        steps=[
            (_("Invoice"), offer.face),
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
    tranche = Tranche.objects.visible_to(request.actor).filter(offer=found).first()
    if tranche is not None:
        return redirect("seller:tranche", ref=tranche.ref)
    form = SeenForm(request.POST or None, initial={"seen": found.disclosure_sha256})
    if request.method == "POST" and form.is_valid():
        try:
            answer = funding.accept_offer(actor=request.actor, offer_ref=found.ref, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Accepted. The buyer is told whom to pay, then you are paid."))
            return redirect("seller:tranche", ref=answer["tranche"])
    invoice = found.request.invoice
    context = {
        **_review(found),
        "offer": found,
        "is_open": _is_open(found),
        "refusal": why_not(request.actor, Action.REQUEST_FUNDING),
        "again": SeenForm(initial={"seen": found.disclosure_sha256}),
        "effects": [
            _("The whole invoice %(number)s is sold and assigned to %(financier)s.")
            % {"number": invoice.number, "financier": found.financier.legal_name},
            _("%(buyer)s is told by mail to pay %(financier)s.")
            % {"buyer": invoice.buyer.legal_name, "financier": found.financier.legal_name},
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
            messages.success(request, _("Declined. The invoice stays yours."))
            return redirect("seller:funding")
    context = {
        **_review(found),
        "offer": found,
        "is_open": _is_open(found),
        "refusal": why_not(request.actor, Action.REQUEST_FUNDING),
        "effects": [
            _("This offer ends. %(financier)s may make another one.") % {"financier": found.financier.legal_name},
            _("The invoice stays yours, and the buyer pays you on the due date."),
        ],
        "crumbs": _crumbs(found, _("Decline")),
    }
    return page(request, "decline_offer", context, form=form)


def _crumbs(offer: Offer, last: str) -> list[tuple[str, str]]:
    label = _("Offer for %(number)s") % {"number": offer.request.invoice.number}
    return funding_crumbs((label, reverse("seller:offer", args=[offer.ref])), (last, ""))


def _review(offer: Offer) -> dict[str, object]:
    currency = offer.currency
    return {
        "facts": [
            Fact(term=_("Invoice"), value=offer.request.invoice.number),
            Fact(term=_("Buyer"), value=offer.request.invoice.buyer.legal_name),
            Fact(term=_("Invoice total"), amount=offer.face, currency=currency),
            Fact(term=_("Advance"), amount=offer.gross, currency=currency),
            Fact(
                term=_("Discount for %(days)d days") % {"days": offer.days}, amount=-offer.discount, currency=currency
            ),
            Fact(term=_("Fee"), amount=-offer.fee if offer.fee else Decimal(0), currency=currency),
            Fact(term=_("Paid to you at funding"), amount=offer.net, currency=currency, is_total=True),
            Fact(term=_("Reserve, paid later"), amount=offer.reserve, currency=currency),
        ]
    }
