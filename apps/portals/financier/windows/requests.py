from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import FundingRequest
from apps.portals import formats
from apps.portals.financier import badges, deciding, evidence, files, stories
from apps.portals.financier.actions.requests import DeclineRequest, PriceOffer
from apps.portals.financier.filters import RequestStates, Sellers
from apps.portals.financier.pages import Button, asker, rate
from apps.portals.financier.window import Window
from apps.portals.moment import now_of
from apps.portals.parts import Tile
from apps.portals.templatetags.cairn import day, money


class RequestWindow(Window):
    """What sellers ask for, and the page on which it is decided."""

    title = gettext_lazy("Requests")
    about = gettext_lazy("Sellers ask you to buy invoices of milestones that their buyers signed off.")
    nothing = gettext_lazy("Requests of the sellers for whom you opened a facility will stand here.")
    list_display = ("invoice", "parties", "asked", "due", "state", "amount")
    end = ("amount",)
    list_filter = (RequestStates, Sellers)
    list_select_related = ("seller", "invoice__buyer")
    search_fields = ("^invoice__number", "^seller__legal_name", "^invoice__buyer__legal_name")
    search_help_text = gettext_lazy("Invoice number, seller or buyer")
    pages = (PriceOffer, DeclineRequest)
    page_template = "admin/pages/request.html"
    page_related = deciding.RELATED

    @admin.display(description=gettext_lazy("Invoice"))
    def invoice(self, row: FundingRequest) -> str:
        return row.invoice.number

    @admin.display(description=gettext_lazy("Seller, buyer"))
    def parties(self, row: FundingRequest) -> str:
        return self.two(row.seller.legal_name, row.invoice.buyer.legal_name)

    @admin.display(description=gettext_lazy("Asked"))
    def asked(self, row: FundingRequest) -> str:
        return day(row.requested_at)

    @admin.display(description=gettext_lazy("Invoice due"))
    def due(self, row: FundingRequest) -> str:
        return day(row.invoice.due_on)

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: FundingRequest) -> str:
        return badges.badge(badges.of_request(row))

    @admin.display(description=gettext_lazy("Invoice total"))
    def amount(self, row: FundingRequest) -> str:
        return money(row.invoice.gross, row.invoice.currency)

    def name_of(self, row: FundingRequest) -> str:
        return _("Request for %(number)s") % {"number": row.invoice.number}

    def page(self, request: HttpRequest, row: FundingRequest) -> dict[str, Any]:
        actor = asker(request)
        offers = list(row.offers.select_related("created_by").order_by("-version"))
        # Read once: the questions below ask for the same offers.
        row._prefetched_objects_cache = {"offers": offers}  # type: ignore[attr-defined]
        refusal = deciding.why_not_price(request, row)
        decline = DeclineRequest(self)
        return {
            "status": self.state(row),
            "lead": _("%(seller)s asks you to buy the invoice for “%(milestone)s”, owed by %(buyer)s.")
            % {
                "seller": row.seller.legal_name,
                "milestone": row.invoice.milestone.title,
                "buyer": row.invoice.buyer.legal_name,
            },
            "next": _next(row, offers),
            "tiles": [
                Tile(label=_("Invoice total"), amount=row.invoice.gross, currency=row.invoice.currency),
                Tile(label=_("Due"), value=formats.day(row.invoice.due_on), note=row.invoice.number),
                Tile(label=_("Seller"), value=row.seller.legal_name),
                Tile(label=_("Buyer"), value=row.invoice.buyer.legal_name),
            ],
            "evidence": evidence.of_request(actor, row),
            "offers": [
                (offer, badges.badge(badges.of_offer(offer, now=now_of(request))), rate(offer.apr)) for offer in offers
            ],
            "price_refusal": refusal,
            "price_url": PriceOffer.url(row),
            "buttons": []
            if row.closed_at
            else [
                *([] if refusal else [Button(label=_("Price"), url="#price", icon="calculator", css="btn-secondary")]),
                Button(
                    label=_("Decline"),
                    url=decline.url(row),
                    refusal=decline.why_not(request, row),
                    css="btn-outline-danger",
                ),
            ],
            **({} if refusal else deciding.trial(request, row)),
            "events": stories.of(
                actor,
                f"request:{row.ref}",
                f"invoice:{row.invoice.ref}",
                f"milestone:{row.invoice.milestone.ref}",
                *(f"offer:{offer.ref}" for offer in offers),
            ),
        }

    def more_urls(self) -> list[URLPattern]:
        return [
            path("invoice/<str:ref>/pdf/", self.door(files.invoice_pdf), name="invoice_pdf"),
            path("invoice/<str:ref>/xml/", self.door(files.invoice_xml), name="invoice_xml"),
            path("evidence/<str:ref>/", self.door(files.evidence), name="evidence"),
        ]


def _next(row: FundingRequest, offers: list[Any]) -> str:
    """What happens next, in words."""
    if row.state == "declined":
        return _("nothing. You declined: %(reason)s") % {"reason": row.decline_reason}
    if row.state == "withdrawn":
        return _("nothing. The seller took the request back.")
    if row.state == "accepted":
        return _("the offer is accepted; the advance goes its way from here.")
    if any(offer.state == "draft" for offer in offers):
        return _("a second person approves the offer, then the seller sees it.")
    if row.state == "offered":
        return _("the seller answers the offer.")
    return _("you price the request or decline it.")
