from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import DateTimeField, QuerySet, Value
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import FundingRequest, Offer, Tranche
from apps.parties.actor import Actor
from apps.portals.financier import badges, stories
from apps.portals.financier.actions.offers import ApproveOffer, RevokeOffer, facts_of
from apps.portals.financier.filters import OfferStates, Sellers
from apps.portals.financier.pages import Button, address, asker, rate
from apps.portals.financier.window import Window
from apps.portals.moment import now_of
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import day, money


class OfferWindow(Window):
    """Prices that were made: immutable, a new version for every new price."""

    title = gettext_lazy("Offers")
    about = gettext_lazy("One person prices, a second approves, then the seller sees the offer.")
    nothing = gettext_lazy("Offers begin with a request: open one and price it.")
    list_display = ("invoice", "seller", "priced_by", "rates", "expires", "state", "advance")
    end = ("advance",)
    list_filter = (OfferStates, Sellers)
    list_select_related = ("seller", "request__invoice", "created_by")
    search_fields = ("^request__invoice__number", "^seller__legal_name", "^request__invoice__buyer__legal_name")
    search_help_text = gettext_lazy("Invoice number, seller or buyer")
    pages = (ApproveOffer, RevokeOffer)
    page_template = "admin/pages/offer.html"
    page_related = (
        "seller",
        "request__invoice__buyer",
        "request__invoice__milestone",
        "created_by",
        "approved_by",
        "answered_by",
    )

    def rows(self, actor: Actor) -> QuerySet[Any]:
        return super().rows(actor).filter(financier_id=actor.organisation_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # One "now" for all rows of a page.
        rows: QuerySet[Any] = super().get_queryset(request)
        seen: QuerySet[Any] = rows.annotate(seen_at=Value(now_of(request), DateTimeField()))
        return seen

    @admin.display(description=gettext_lazy("Invoice"))
    def invoice(self, row: Offer) -> str:
        return f"{row.request.invoice.number} · {row.version}"

    @admin.display(description=gettext_lazy("Seller"))
    def seller(self, row: Offer) -> str:
        return row.seller.legal_name

    @admin.display(description=gettext_lazy("Priced by"))
    def priced_by(self, row: Offer) -> str:
        return str(row.created_by)

    @admin.display(description=gettext_lazy("Terms"))
    def rates(self, row: Offer) -> str:
        return _("%(advance)s at %(rate)s, APR %(apr)s") % {
            "advance": rate(row.advance_rate),
            "rate": rate(row.annual_rate),
            "apr": rate(row.apr),
        }

    @admin.display(description=gettext_lazy("Open until"))
    def expires(self, row: Offer) -> str:
        return day(row.expires_at)

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: Offer) -> str:
        return badges.badge(badges.of_offer(row, now=row.seen_at))  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("Advance"))
    def advance(self, row: Offer) -> str:
        return money(row.gross, row.currency)

    def name_of(self, row: Offer) -> str:
        return _("Offer %(version)s for %(number)s") % {"version": row.version, "number": row.request.invoice.number}

    def page(self, request: HttpRequest, row: Offer) -> dict[str, Any]:
        actor, tranche = asker(request), Tranche.objects.visible_to(asker(request)).filter(offer=row).first()
        return {
            "status": badges.badge(badges.of_offer(row, now=now_of(request))),
            "lead": _("To %(seller)s, for the whole invoice owed by %(buyer)s")
            % {"seller": row.seller.legal_name, "buyer": row.request.invoice.buyer.legal_name},
            "next": _next(row, now=now_of(request)),
            "next_due": row.expires_at if row.state == "issued" else None,
            "tiles": [
                Tile(label=_("Advance"), amount=row.gross, currency=row.currency, note=rate(row.advance_rate)),
                Tile(label=_("Paid out"), amount=row.net, currency=row.currency, note=_("after discount and fee")),
                Tile(label=_("Reserve"), amount=row.reserve, currency=row.currency),
                Tile(label=_("APR"), value=rate(row.apr)),
                Tile(label=_("XIRR"), value=rate(row.xirr)),
            ],
            "facts": facts_of(row),
            "people": _people(row),
            "buttons": _buttons(self, request, row),
            "request_url": address(FundingRequest, row.request.ref),
            "tranche_url": address(Tranche, tranche.ref) if tranche else "",
            "events": stories.of(actor, f"offer:{row.ref}"),
        }


def _buttons(window: OfferWindow, request: HttpRequest, row: Offer) -> list[Button]:
    approve, revoke = ApproveOffer(window), RevokeOffer(window)
    buttons = []
    if row.state in ("draft", "issued"):
        buttons.append(
            Button(
                label=_("Revoke"), url=revoke.url(row), refusal=revoke.why_not(request, row), css="btn-outline-danger"
            )
        )
    if row.state == "draft":
        buttons.append(
            Button(
                label=_("Approve"),
                url=approve.url(row),
                refusal=approve.why_not(request, row),
                icon="patch-check",
                css="btn-primary",
            )
        )
    return buttons


def _people(row: Offer) -> list[Fact]:
    facts = [Fact(term=_("Priced by"), value=str(row.created_by))]
    if row.approved_by:
        facts.append(Fact(term=_("Approved by"), value=str(row.approved_by)))
    if row.answered_by:
        facts.append(Fact(term=_("Answered by"), value=str(row.answered_by)))
    return facts


def _next(row: Offer, *, now: datetime) -> str:
    if row.state in ("draft", "issued") and now > row.expires_at:
        return _("nothing. The offer has lapsed; the request can be priced again.")
    return {
        "draft": _("a second person approves it, then the seller sees it."),
        "issued": _("the seller answers, until"),
        "accepted": _("the advance goes its way: the buyer is told whom to pay, then it is paid out."),
        "declined": _("nothing. The seller said no; the request can be priced again."),
        "expired": _("nothing. It was not answered in time; the request can be priced again."),
        "revoked": _("nothing. It was taken back; the request can be priced again."),
    }[row.state]
