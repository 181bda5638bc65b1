from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import DateTimeField, QuerySet, Value
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing import services as financing
from apps.financing.models import CheckWaiver, FundingRequest, Offer, Tranche
from apps.parties.actor import Actor
from apps.portals.financier import badges, checking, queues, stories
from apps.portals.financier.actions.checks import WaiveCheck, waivable
from apps.portals.financier.actions.offers import (
    ApproveOffer,
    FundOffer,
    RevokeOffer,
    facts_of,
    lines_of,
    terms_in_words,
    waiting_of,
)
from apps.portals.financier.disputed import offers_in_dispute
from apps.portals.financier.filters import OfferStates, Sellers
from apps.portals.financier.pages import Button, address, asker, next_button, rate
from apps.portals.financier.window import Window
from apps.portals.moment import now_of
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import day, money


class OfferWindow(Window):
    """Prices that were made: immutable, a new version for every new price."""

    title = gettext_lazy("Offers")
    about = gettext_lazy("One person prices, a second approves, then the seller sees the offer.")
    nothing = gettext_lazy("Offers begin with a request: open one and price it.")
    list_display = ("subject", "seller", "priced_by", "rates", "expires", "state", "advance")
    end = ("advance",)
    list_filter = (OfferStates, Sellers)
    list_select_related = ("seller", "request", "created_by")
    search_fields = (
        "^request__about",
        "^lines__milestone__title",
        "^lines__milestone__invoice__number",
        "^seller__legal_name",
        "^request__contract__buyer__legal_name",
    )
    search_help_text = gettext_lazy("Invoice number, milestone, seller or buyer")
    pages = (ApproveOffer, RevokeOffer, FundOffer, WaiveCheck)
    page_template = "admin/pages/offer.html"
    page_related = (
        "seller",
        "request__contract__buyer",
        "request__contract__active_version",
        "request__facility",
        "request__seller",
        "created_by",
        "approved_by",
        "answered_by",
    )

    def rows(self, actor: Actor) -> QuerySet[Any]:
        return super().rows(actor).filter(financier_id=actor.organisation_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # One "now" for all rows of a page.
        rows: QuerySet[Any] = super().get_queryset(request)
        seen: QuerySet[Any] = rows.annotate(
            seen_at=Value(now_of(request), DateTimeField()), in_dispute=offers_in_dispute()
        )
        return seen

    @admin.display(description=gettext_lazy("For"))
    def subject(self, row: Offer) -> str:
        return f"{row.request.about} · {row.version}"

    @admin.display(description=gettext_lazy("Seller"))
    def seller(self, row: Offer) -> str:
        return row.seller.legal_name

    @admin.display(description=gettext_lazy("Priced by"))
    def priced_by(self, row: Offer) -> str:
        return str(row.created_by)

    @admin.display(description=gettext_lazy("Terms"))
    def rates(self, row: Offer) -> str:
        return _("APR %(apr)s, XIRR %(xirr)s") % {"apr": rate(row.apr), "xirr": rate(row.xirr)}

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
        return _("Offer %(version)s for %(about)s") % {"version": row.version, "about": row.request.about}

    def page(self, request: HttpRequest, row: Offer) -> dict[str, Any]:
        actor = asker(request)
        tranches = Tranche.objects.visible_to(actor).filter(offer=row).select_related("milestone__invoice")
        return {
            "status": badges.badge(badges.of_offer(row, now=now_of(request))),
            "lead": _("To %(seller)s, on what %(buyer)s owes or will owe")
            % {"seller": row.seller.legal_name, "buyer": row.request.contract.buyer.legal_name},
            "next": _next(row, now=now_of(request)),
            "next_due": row.expires_at if row.state == "issued" else None,
            "tiles": [
                Tile(label=_("Advance"), amount=row.gross, currency=row.currency),
                Tile(label=_("Paid out"), amount=row.net, currency=row.currency, note=_("after discount and fee")),
                Tile(label=_("Reserve"), amount=row.reserve, currency=row.currency),
                Tile(label=_("APR"), value=rate(row.apr)),
                Tile(label=_("XIRR"), value=rate(row.xirr)),
            ],
            "facts": facts_of(row),
            "lines": [(line, terms_in_words(line), rate(line.apr), rate(line.xirr)) for line in lines_of(row)],
            "people": _people(row),
            "checks": _checks(request, row),
            "buttons": _buttons(self, request, row),
            "request_url": address(FundingRequest, row.request.ref),
            "tranches": [
                (tranche, address(Tranche, tranche.ref))
                for tranche in tranches.order_by("milestone__position", "milestone__part")
            ],
            "events": stories.of(actor, f"offer:{row.ref}"),
        }


def _buttons(window: OfferWindow, request: HttpRequest, row: Offer) -> list[Button]:
    approve, revoke = ApproveOffer(window), RevokeOffer(window)
    buttons = next_button(queues.to_approve(asker(request)), row)
    if row.state in ("draft", "issued"):
        buttons.append(
            Button(
                label=_("Revoke"), url=revoke.url(row), refusal=revoke.why_not(request, row), css="btn-outline-danger"
            )
        )
    fund = FundOffer(window)
    if row.state == "accepted" and len(waiting_of(row)) > 1:
        buttons.append(
            Button(
                label=_("Pay the whole offer out"),
                url=fund.url(row),
                refusal=fund.why_not(request, row),
                icon="cash-coin",
                css="btn-primary",
            )
        )
    if row.state == "draft":
        waive = WaiveCheck(window)
        if waivable(request, row):
            buttons.append(
                Button(
                    label=_("Waive a check"),
                    url=waive.url(row),
                    refusal=waive.why_not(request, row),
                    icon="skip-forward",
                )
            )
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


def _checks(request: HttpRequest, row: Offer) -> list[checking.Line]:
    """Of a draft every check as it stands, of what went out what was waived."""
    if row.state == "draft":
        return checking.lines_of(financing.checks_of_offer(row, at=now_of(request)))
    return checking.waived_lines(CheckWaiver.objects.filter(offer=row).select_related("waived_by").order_by("pk"))


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
