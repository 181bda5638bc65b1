from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.money import total
from apps.financing import services as financing
from apps.financing.models import Offer, OfferLine, Tranche
from apps.financing.models.offer import Stage
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier import badges, paying
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.disputed import why_not_disputed
from apps.portals.financier.forms import WholeSentForm
from apps.portals.financier.pages import asker, rate, today_of, why_not
from apps.portals.forms import explain
from apps.portals.moment import now_of
from apps.portals.parts import Fact
from apps.workflows import funding
from apps.workflows.once import Answer


def facts_of(offer: Offer) -> list[Fact]:
    """The price of an offer, from what is owed to what is paid out."""
    currency = offer.currency
    return [
        Fact(term=_("Total"), amount=offer.face, currency=currency),
        Fact(term=_("Advance"), amount=offer.gross, currency=currency),
        Fact(term=_("Discount"), amount=offer.discount, currency=currency),
        Fact(term=_("Fee"), amount=offer.fee, currency=currency),
        Fact(term=_("Paid to the seller at funding"), amount=offer.net, currency=currency, is_total=True),
        Fact(term=_("Reserve"), amount=offer.reserve, currency=currency),
        Fact(term=_("Annual percentage rate (APR)"), value=rate(offer.apr)),
        Fact(term=_("Unit-period"), value=offer.unit_period),
        Fact(term=_("Internal rate of return (XIRR)"), value=rate(offer.xirr)),
        Fact(term=_("Funding"), on=offer.funding_on),
    ]


def lines_of(offer: Offer) -> list[OfferLine]:
    """The lines of an offer in the order of the plan."""
    return list(offer.lines.select_related("milestone__invoice").order_by("milestone__position", "milestone__part"))


def terms_in_words(line: OfferLine) -> str:
    """Stage, rates and days of a line."""
    words = {"advance": rate(line.advance_rate), "rate": rate(line.annual_rate), "days": line.days}
    if line.stage == Stage.PRE:
        return _("before acceptance · %(advance)s at %(rate)s, %(days)s days") % words
    return _("accepted · %(advance)s at %(rate)s, %(days)s days") % words


def line_facts(offer: Offer) -> list[Fact]:
    """One fact for each milestone: its terms and its advance."""
    return [
        Fact(term=f"{line.milestone.title} ({terms_in_words(line)})", amount=line.gross, currency=offer.currency)
        for line in lines_of(offer)
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
        return refusal or _not_met(request, row)

    def review(self, request: HttpRequest, row: Offer, data: dict[str, Any]) -> Review:
        seller = row.seller.legal_name
        return Review(
            amount_label=_("You approve an advance of"),
            amount=row.gross,
            currency=row.currency,
            party=_("to %(seller)s on %(about)s") % {"seller": seller, "about": row.request.about},
            facts=[*line_facts(row), *facts_of(row)],
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
            party=_("to %(seller)s on %(about)s") % {"seller": seller, "about": row.request.about},
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


class FundOffer(ActionPage[Offer]):
    """Treasury has paid everything of an offer that waits for it, in one transfer."""

    name = "fund_offer"
    route = "<str:ref>/fund/"
    title = gettext_lazy("Pay the whole offer out")
    needs = Action.MOVE_MONEY
    form_class = WholeSentForm

    def why_not(self, request: HttpRequest, row: Offer) -> str:
        waiting = waiting_of(row)
        if not waiting:
            return _("Nothing of this offer waits to be paid out.")
        if any(badges.is_sent_back(tranche) for tranche in waiting):
            return _("The buyer has sent a milestone of this offer back. Wait for it, or pay the others one by one.")
        if stands_in_the_way := why_not_disputed(row.request.contract, *waiting) or why_not_verified(waiting[0]):
            return stands_in_the_way
        if not all(tranche.assignment.is_notified for tranche in waiting):
            return _("The buyer has not acknowledged every assignment. Wait for it, or have a second person waive it.")
        refusal = why_not(asker(request), self.needs) or paying.why_not(waiting[0])
        if not refusal and row.created_by_id == asker(request).user_id:
            return _("You priced this offer, so a second person has to pay it out.")
        return refusal

    def initial(self, request: HttpRequest, row: Offer) -> dict[str, Any]:
        return {"value_on": today_of(request), "seen": financing.seen_of(waiting_of(row))}

    def payee(self, row: Offer) -> list[tuple[str, str]]:
        waiting = waiting_of(row)
        if not waiting:
            return []
        return paying.lines_of(waiting[0], amount=total(tranche.net for tranche in waiting), reference=row.ref)

    def lead(self, request: HttpRequest, row: Offer) -> str:
        net = total(tranche.net for tranche in waiting_of(row))
        return _("%(net)s to %(seller)s. Pay at your bank first, then enter what the bank says.") % {
            "net": formats.money(net, row.currency),
            "seller": row.seller.legal_name,
        }

    def review(self, request: HttpRequest, row: Offer, data: dict[str, Any]) -> Review:
        waiting = waiting_of(row)
        if waiting:  # else it is recorded already: a second click gets the first one's answer
            financing.to_fund(offer_ref=row.ref, seen=data["seen"])
        net = total(tranche.net for tranche in waiting)
        return Review(
            amount_label=_("You pay out"),
            amount=net,
            currency=row.currency,
            party=_("to %(seller)s") % {"seller": row.seller.legal_name},
            facts=[
                *(Fact(term=tranche.name, amount=tranche.net, currency=row.currency) for tranche in waiting),
                Fact(term=_("Value date"), on=data["value_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
            ],
            effects=[
                _("%(gross)s counts against the facility and the limits.")
                % {"gross": formats.money(total(tranche.gross for tranche in waiting), row.currency)},
                _("Each advance is recorded with its part of the transfer, all of them or none."),
                _("Income accrues from the value date. Your book and the seller's are posted."),
            ],
            button=_("Record %(net)s as paid out") % {"net": formats.money(net, row.currency)},
        )

    def act(self, actor: Actor, row: Offer, data: dict[str, Any]) -> Answer:
        return funding.fund_offer(actor=actor, offer_ref=row.ref, **data)

    def done(self, row: Offer, data: dict[str, Any]) -> str:
        return _("The offer is paid out to %(seller)s.") % {"seller": row.seller.legal_name}


def waiting_of(row: Offer) -> list[Tranche]:
    """The advances of an offer that are accepted and not paid out."""
    return financing.waiting_of(offer_ref=row.ref)


def why_not_verified(tranche: Tranche) -> str:
    """What still has to be verified before an advance is paid out, or nothing."""
    found = financing.verification_of(financier_id=tranche.financier_id, buyer_id=tranche.buyer_id)
    if found is None:
        return _("The buyer is not verified. An underwriter has to do that first.")
    mailbox = financing.unconfirmed_signatory(found, contract=tranche.contract)
    if not mailbox:
        return ""
    words = _("An underwriter has to confirm first that %(mailbox)s signs off for %(buyer)s in this contract.")
    return words % {"mailbox": mailbox, "buyer": tranche.buyer.legal_name}


def _not_met(request: HttpRequest, row: Offer) -> str:
    """The first check that stops an offer, or nothing."""
    stopping = (one.obstacle for one in financing.checks_of_offer(row, at=now_of(request)) if one.stops)
    obstacle = next(stopping, None)
    return explain(obstacle) if obstacle is not None else ""
