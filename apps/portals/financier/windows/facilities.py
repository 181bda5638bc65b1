from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import Facility, FundingRequest, Tranche
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier import badges, meters, stories
from apps.portals.financier.actions.facilities import ChangeFacility, CloseFacility, OpenFacility
from apps.portals.financier.exposure import exposure_of, with_promised
from apps.portals.financier.filters import FacilityStates
from apps.portals.financier.pages import Button, address, asker, rate, why_not
from apps.portals.financier.window import Window
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import money

LATEST = 10


class FacilityWindow(Window):
    """What the financier is ready to advance, and to whom."""

    title = gettext_lazy("Facilities")
    about = gettext_lazy("What you are ready to advance to each seller, and how much of it is out.")
    nothing = gettext_lazy("A facility is a limit for one seller. Open one, and the seller can ask for funding.")
    list_display = ("seller", "used", "limit", "available", "rates", "state")
    end = ("used", "limit", "available")
    list_filter = (FacilityStates,)
    list_select_related = ("seller",)
    search_fields = ("^seller__legal_name", "=seller__vat_number", "=ref")
    search_help_text = gettext_lazy("Seller's name or VAT number")
    pages = (OpenFacility, ChangeFacility, CloseFacility)
    page_template = "admin/pages/facility.html"
    page_related = ("seller", "opened_by")

    def rows(self, actor: Actor) -> QuerySet[Any]:
        return with_promised(super().rows(actor).filter(financier_id=actor.organisation_id))

    def list_buttons(self, request: HttpRequest) -> list[Button]:
        refusal = why_not(asker(request), Action.MANAGE_FACILITY)
        return [
            Button(
                label=_("Open a facility"),
                url=reverse("admin:open_facility"),
                refusal=refusal,
                icon="plus-lg",
                css="btn-primary",
            )
        ]

    @admin.display(description=gettext_lazy("Seller"))
    def seller(self, facility: Facility) -> str:
        return facility.seller.legal_name

    @admin.display(description=gettext_lazy("Out and promised"))
    def used(self, facility: Facility) -> str:
        return money(exposure_of(facility).before, facility.currency)

    @admin.display(description=gettext_lazy("Limit"))
    def limit(self, facility: Facility) -> str:
        return money(facility.limit, facility.currency)

    @admin.display(description=gettext_lazy("Available"))
    def available(self, facility: Facility) -> str:
        return money(exposure_of(facility).headroom, facility.currency)

    @admin.display(description=gettext_lazy("Usual terms"))
    def rates(self, facility: Facility) -> str:
        return _("%(advance)s at %(rate)s a year") % {
            "advance": rate(facility.advance_rate),
            "rate": rate(facility.annual_rate),
        }

    @admin.display(description=gettext_lazy("State"))
    def state(self, facility: Facility) -> str:
        return badges.badge(badges.CLOSED if facility.closed_at else badges.OPEN)

    def name_of(self, row: Facility) -> str:
        return row.seller.legal_name

    def page(self, request: HttpRequest, row: Facility) -> dict[str, Any]:
        actor, use = asker(request), exposure_of(row)
        requests = FundingRequest.objects.visible_to(actor).filter(facility=row).order_by("-pk")
        tranches = Tranche.objects.visible_to(actor).filter(facility=row).order_by("-pk")
        return {
            "status": self.state(row),
            "lead": _("Facility of %(limit)s") % {"limit": formats.money(row.limit, row.currency)},
            "tiles": [
                Tile(
                    label=_("Out"), amount=row.advanced, currency=row.currency, note=formats.percent(use.share_before)
                ),
                Tile(label=_("Promised"), amount=use.promised, currency=row.currency, note=_("Accepted, not paid out")),
                Tile(label=_("Available"), amount=use.headroom, currency=row.currency),
                Tile(label=_("Limit"), amount=row.limit, currency=row.currency),
                Tile(
                    label=_("Out before acceptance"),
                    amount=row.advanced_pre,
                    currency=row.currency,
                    note=_("of at most %(limit)s") % {"limit": formats.money(row.pre_limit, row.currency)},
                ),
            ],
            "use": meters.of_facilities([row], title=_("Exposure against the limit")),
            "facts": terms_of(row),
            "requests": [(one, badges.badge(badges.of_request(one))) for one in requests[:LATEST]],
            "tranches": list(tranches.select_related("milestone__invoice", "buyer")[:LATEST]),
            "more_requests_url": f"{address(FundingRequest)}?seller={row.seller.ref}",
            "more_tranches_url": f"{address(Tranche)}?seller={row.seller.ref}",
            "opened": format_html("{} · {}", formats.day(row.opened_at.date()), row.opened_by or "Cairn"),
            "buttons": [
                Button(
                    label=str(action.title),
                    url=action.url(row),
                    refusal=action.why_not(request, row),
                    icon=icon,
                    css="btn-secondary",
                )
                for action, icon in ((ChangeFacility(self), "sliders"), (CloseFacility(self), "lock"))
            ],
            "events": stories.of(actor, f"facility:{row.ref}"),
        }


def terms_of(facility: Facility) -> list[Fact]:
    """The usual terms of a facility's offers."""
    return [
        Fact(term=_("Advance rate"), value=rate(facility.advance_rate)),
        Fact(term=_("Discount rate a year"), value=rate(facility.annual_rate)),
        Fact(term=_("Fee"), value=rate(facility.fee_rate)),
        Fact(term=_("Before acceptance, of the limit"), value=rate(facility.pre_limit_rate)),
        Fact(term=_("Before acceptance, advance rate"), value=rate(facility.pre_advance_rate)),
        Fact(term=_("Before acceptance, discount rate a year"), value=rate(facility.pre_annual_rate)),
        Fact(term=_("Before acceptance, fee"), value=rate(facility.pre_fee_rate)),
        Fact(term=_("Before acceptance, longest days"), value=str(facility.pre_longest_days)),
        Fact(term=_("Late charge a year"), value=rate(facility.late_rate)),
        Fact(term=_("Days of grace"), value=str(facility.grace_days)),
        Fact(term=_("Least days charged"), value=str(facility.least_fee_days)),
        Fact(term=_("Most of your book on one buyer"), value=rate(facility.concentration_rate)),
        Fact(term=_("Reference"), value=facility.ref),
    ]
