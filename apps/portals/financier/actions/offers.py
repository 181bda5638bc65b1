from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import Offer
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.pages import asker, rate, why_not
from apps.portals.moment import now_of
from apps.portals.parts import Fact
from apps.workflows import funding
from apps.workflows.once import Answer


def facts_of(offer: Offer) -> list[Fact]:
    """The price of an offer, from the invoice to what is paid out."""
    currency = offer.currency
    return [
        Fact(term=_("Invoice total"), amount=offer.face, currency=currency),
        Fact(term=_("Advance, %(rate)s") % {"rate": rate(offer.advance_rate)}, amount=offer.gross, currency=currency),
        Fact(
            term=_("Discount, %(rate)s a year for %(days)s days")
            % {"rate": rate(offer.annual_rate), "days": offer.days},
            amount=offer.discount,
            currency=currency,
        ),
        Fact(term=_("Fee, %(rate)s") % {"rate": rate(offer.fee_rate)}, amount=offer.fee, currency=currency),
        Fact(term=_("Paid to the seller at funding"), amount=offer.net, currency=currency, is_total=True),
        Fact(term=_("Reserve"), amount=offer.reserve, currency=currency),
        Fact(term=_("Annual percentage rate (APR)"), value=rate(offer.apr)),
        Fact(term=_("Internal rate of return (XIRR)"), value=rate(offer.xirr)),
        Fact(term=_("Funding"), on=offer.funding_on),
        Fact(term=_("Payment expected"), on=offer.expected_on),
    ]


class ApproveOffer(ActionPage[Offer]):
    """A second person lets an offer go out."""

    name = "approve_offer"
    route = "<str:ref>/approve/"
    title = gettext_lazy("Approve this offer")
    needs = Action.APPROVE_OFFER

    def why_not(self, request: HttpRequest, row: Offer) -> str:
        if row.state != "draft":
            return _("This offer no longer waits for approval.")
        if now_of(request) > row.expires_at:
            return _("This price has lapsed. Revoke it and price anew.")
        refusal = why_not(asker(request), self.needs)
        if not refusal and row.created_by_id == asker(request).user_id:
            return _("You priced this offer, so a second person has to approve it.")
        return refusal

    def review(self, request: HttpRequest, row: Offer, data: dict[str, Any]) -> Review:
        seller = row.seller.legal_name
        return Review(
            amount_label=_("You approve an advance of"),
            amount=row.gross,
            currency=row.currency,
            party=_("to %(seller)s on %(number)s") % {"seller": seller, "number": row.request.invoice.number},
            facts=facts_of(row),
            effects=[
                _("%(seller)s sees the offer and can accept it until it expires.") % {"seller": seller},
                _("The price was made by %(who)s. Your approval is recorded under your name.")
                % {"who": row.created_by},
                _("Nothing is paid out yet."),
            ],
            button=_("I approve this offer"),
        )

    def act(self, actor: Actor, row: Offer, data: dict[str, Any]) -> Answer:
        return funding.approve_offer(actor=actor, key=data["key"], offer_ref=row.ref)

    def done(self, row: Offer, data: dict[str, Any]) -> str:
        return _("The offer is approved. %(seller)s is told.") % {"seller": row.seller.legal_name}


class RevokeOffer(ActionPage[Offer]):
    """Take an offer back before it is accepted."""

    name = "revoke_offer"
    route = "<str:ref>/revoke/"
    title = gettext_lazy("Revoke this offer")
    needs = Action.PRICE_OFFER
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: Offer) -> str:
        if row.state not in ("draft", "issued"):
            return _("This offer is no longer open.")
        return why_not(asker(request), self.needs)

    def review(self, request: HttpRequest, row: Offer, data: dict[str, Any]) -> Review:
        seller = row.seller.legal_name
        told = _("%(seller)s can no longer accept it.") % {"seller": seller}
        return Review(
            amount_label=_("You revoke the offer of"),
            amount=row.gross,
            currency=row.currency,
            party=_("to %(seller)s on %(number)s") % {"seller": seller, "number": row.request.invoice.number},
            effects=[
                told if row.state == "issued" else _("The seller has not seen it."),
                _("The request can be priced again."),
            ],
            button=_("Revoke this offer"),
        )

    def act(self, actor: Actor, row: Offer, data: dict[str, Any]) -> Answer:
        return funding.revoke_offer(actor=actor, key=data["key"], offer_ref=row.ref)

    def done(self, row: Offer, data: dict[str, Any]) -> str:
        return _("The offer is revoked. The request can be priced again.")
