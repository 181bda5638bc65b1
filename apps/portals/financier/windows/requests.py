from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from apps.financing import services as financing
from apps.financing.models import BuyerVerification, FundingRequest
from apps.portals.financier import badges, deciding, evidence, files, queues, stories
from apps.portals.financier.actions.requests import (
    ConfirmSignatory,
    DeclineRequest,
    PriceOffer,
    VerifyBuyer,
    verification_of,
)
from apps.portals.financier.disputed import requests_in_dispute
from apps.portals.financier.filters import RequestStates, Sellers
from apps.portals.financier.pages import Button, asker, next_button, rate
from apps.portals.financier.window import Window
from apps.portals.moment import now_of
from apps.portals.parts import Tile
from apps.portals.templatetags.cairn import day, money


class RequestWindow(Window):
    """What sellers ask for, and the page on which it is decided."""

    title = gettext_lazy("Requests")
    about = gettext_lazy("Sellers ask you for money on milestones, signed off by their buyers or not yet.")
    nothing = gettext_lazy("Requests of the sellers for whom you opened a facility will stand here.")
    list_display = ("subject", "parties", "asked", "state", "amount")
    end = ("amount",)
    list_filter = (RequestStates, Sellers)
    list_select_related = ("seller", "contract__buyer")
    search_fields = (
        "^about",
        "^items__milestone__title",
        "^items__milestone__invoice__number",
        "^seller__legal_name",
        "^contract__buyer__legal_name",
    )
    search_help_text = gettext_lazy("Invoice number, milestone, seller or buyer")
    pages = (PriceOffer, DeclineRequest, VerifyBuyer, ConfirmSignatory)
    page_template = "admin/pages/request.html"
    page_related = deciding.RELATED

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(in_dispute=requests_in_dispute())
        return rows

    @admin.display(description=gettext_lazy("For"))
    def subject(self, row: FundingRequest) -> str:
        return row.about

    @admin.display(description=gettext_lazy("Seller, buyer"))
    def parties(self, row: FundingRequest) -> str:
        return self.two(row.seller.legal_name, row.contract.buyer.legal_name)

    @admin.display(description=gettext_lazy("Asked"))
    def asked(self, row: FundingRequest) -> str:
        return day(row.requested_at)

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: FundingRequest) -> str:
        return badges.badge(badges.of_request(row))

    @admin.display(description=gettext_lazy("Total"))
    def amount(self, row: FundingRequest) -> str:
        return money(row.face, row.currency)

    def name_of(self, row: FundingRequest) -> str:
        return _("Request for %(about)s") % {"about": row.about}

    def page(self, request: HttpRequest, row: FundingRequest) -> dict[str, Any]:
        actor = asker(request)
        items = deciding.items_of(row)
        verification = verification_of(request, row)
        unconfirmed = verification and financing.unconfirmed_signatory(verification, contract=row.contract)
        offers = list(row.offers.select_related("created_by").order_by("-version"))
        # Read once: the questions below ask for the same offers.
        row._prefetched_objects_cache = {"offers": offers}  # type: ignore[attr-defined]
        refusal = deciding.why_not_price(request, row)
        history = financing.history_of(row.contract)
        beginning = deciding.begin(request, row, items, history=history)
        decline = DeclineRequest(self)
        return {
            "status": self.state(row),
            "lead": _("%(seller)s asks you for money on %(about)s, owed by %(buyer)s or owed once it accepts.")
            % {"seller": row.seller.legal_name, "about": row.about, "buyer": row.contract.buyer.legal_name},
            "next": _next(row, offers),
            "tiles": [
                Tile(label=_("Total"), amount=row.face, currency=row.currency),
                Tile(label=_("Milestones"), value=str(len(items)), note=row.contract.number),
                Tile(label=_("Seller"), value=row.seller.legal_name),
                Tile(
                    label=_("Buyer"),
                    value=row.contract.buyer.legal_name,
                    note=_verified(verification, unconfirmed=bool(unconfirmed)),
                ),
            ],
            "evidence": evidence.of_request(actor, row, items, history=history),
            "offers": [
                (offer, badges.badge(badges.of_offer(offer, now=now_of(request))), rate(offer.apr)) for offer in offers
            ],
            "price_refusal": refusal,
            "price_url": PriceOffer.url(row),
            "buttons": [
                *([VerifyBuyer(self).button(request, row)] if verification is None else []),
                *([ConfirmSignatory(self).button(request, row)] if unconfirmed else []),
                *next_button(queues.to_price(actor), row),
                *([] if row.closed_at else _to_decide(decline, request, row, is_priceable=not refusal)),
            ],
            **({} if refusal else deciding.trial(request, row, items, beginning=beginning)),
            "checks": [] if row.closed_at else deciding.checks(request, row, items, beginning=beginning),
            "events": stories.of(
                actor,
                f"request:{row.ref}",
                *(f"milestone:{item.milestone.ref}" for item in items),
                *(f"invoice:{item.milestone.invoice.ref}" for item in items if hasattr(item.milestone, "invoice")),
                *(f"offer:{offer.ref}" for offer in offers),
            ),
        }

    def more_urls(self) -> list[URLPattern]:
        return [
            path("invoice/<str:ref>/pdf/", self.door(files.invoice_pdf), name="invoice_pdf"),
            path("invoice/<str:ref>/xml/", self.door(files.invoice_xml), name="invoice_xml"),
            path("certificate/<str:ref>/pdf/", self.door(files.certificate), name="certificate"),
            path("evidence/<str:ref>/", self.door(files.evidence), name="evidence"),
            path("contract/<str:ref>/pdf/", self.door(files.contract_pdf), name="contract_pdf"),
        ]


def _verified(verification: BuyerVerification | None, *, unconfirmed: bool) -> str:
    if verification is None:
        return _("not verified: nothing can be paid out")
    return _("verified by you, the signatory not: nothing can be paid out") if unconfirmed else _("verified by you")


def _to_decide(page: DeclineRequest, request: HttpRequest, row: FundingRequest, *, is_priceable: bool) -> list[Button]:
    price = Button(label=pgettext("the verb", "Price"), url="#price", icon="calculator", css="btn-secondary")
    decline = Button(
        label=_("Decline"), url=page.url(row), refusal=page.why_not(request, row), css="btn-outline-danger"
    )
    return [*([price] if is_priceable else []), decline]


def _next(row: FundingRequest, offers: list[Any]) -> str:
    """What happens next, in words."""
    if row.state == "declined":
        why = row.get_decline_code_display()
        words = f"{why}. {row.decline_reason}" if why else row.decline_reason
        return _("nothing. You declined: %(reason)s") % {"reason": words}
    if row.state == "withdrawn":
        return _("nothing. The seller took the request back.")
    if row.state == "accepted":
        return _("the offer is accepted; the advance goes its way from here.")
    if any(offer.state == "draft" for offer in offers):
        return _("a second person approves the offer, then the seller sees it.")
    if row.state == "offered":
        return _("the seller answers the offer.")
    return _("you price the request or decline it.")
