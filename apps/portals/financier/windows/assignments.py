from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import Assignment, Tranche
from apps.parties.actor import Actor
from apps.portals import formats
from apps.portals.financier import badges, stories
from apps.portals.financier.actions.assignments import WaiveNotice
from apps.portals.financier.filters import AssignmentStates, SellersOfTranche
from apps.portals.financier.pages import Button, address, asker
from apps.portals.financier.window import Window
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import day, money


class AssignmentWindow(Window):
    """Whose receivables passed to the financier, and whether their buyers answered the notice."""

    title = gettext_lazy("Assignments")
    about = gettext_lazy("The whole invoice is yours, and the buyer is told to pay you. Payout waits for the answer.")
    nothing = gettext_lazy("When a seller accepts an offer, the notice to its buyer will stand here.")
    list_display = ("subject", "parties", "notified", "state", "face")
    end = ("face",)
    list_filter = (AssignmentStates, SellersOfTranche)
    list_select_related = ("milestone__invoice", "tranche__buyer", "tranche__seller")
    search_fields = (
        "^milestone__invoice__number",
        "^milestone__title",
        "^tranche__buyer__legal_name",
        "^tranche__seller__legal_name",
    )
    search_help_text = gettext_lazy("Invoice number, seller or buyer")
    pages = (WaiveNotice,)
    page_template = "admin/pages/assignment.html"
    page_related = (
        "milestone__invoice",
        "tranche__buyer",
        "tranche__seller",
        "priced_by",
        "acknowledged_by",
        "acknowledged_by_grant",
        "waived_by",
    )

    def rows(self, actor: Actor) -> QuerySet[Any]:
        return super().rows(actor).filter(financier_id=actor.organisation_id)

    @admin.display(description=gettext_lazy("Of"))
    def subject(self, row: Assignment) -> str:
        return row.name

    @admin.display(description=gettext_lazy("Seller, buyer"))
    def parties(self, row: Assignment) -> str:
        return self.two(row.tranche.seller.legal_name, row.tranche.buyer.legal_name)

    @admin.display(description=gettext_lazy("Told on"))
    def notified(self, row: Assignment) -> str:
        return day(row.notified_at)

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: Assignment) -> str:
        return badges.badge(badges.of_assignment(row))

    @admin.display(description=gettext_lazy("Invoice total"))
    def face(self, row: Assignment) -> str:
        return money(row.tranche.face, row.tranche.currency)

    def name_of(self, row: Assignment) -> str:
        return _("Assignment of %(number)s") % {"number": row.name}

    def page(self, request: HttpRequest, row: Assignment) -> dict[str, Any]:
        waive = WaiveNotice(self)
        buyer = row.tranche.buyer.legal_name
        return {
            "status": self.state(row),
            "lead": _("%(seller)s assigned to you what %(buyer)s owes or will owe; %(buyer)s pays you.")
            % {"seller": row.tranche.seller.legal_name, "buyer": buyer},
            "next": _("treasury pays the advance out.")
            if row.is_notified
            else _("%(buyer)s acknowledges the notice, or a second person waives that.") % {"buyer": buyer},
            "is_over": row.tranche.state != "accepted",
            "tiles": [
                Tile(label=_("Invoice total"), amount=row.tranche.face, currency=row.tranche.currency),
                Tile(label=_("Advance"), amount=row.tranche.gross, currency=row.tranche.currency),
                Tile(label=_("Buyer told on"), value=formats.day(row.notified_at.date())),
            ],
            "facts": _answer(row),
            "buttons": []
            if row.is_notified
            else [
                Button(label=_("Waive the acknowledgement"), url=waive.url(row), refusal=waive.why_not(request, row))
            ],
            "tranche_url": address(Tranche, row.tranche.ref),
            "events": stories.of(asker(request), f"assignment:{row.ref}"),
        }


def _answer(row: Assignment) -> list[Fact]:
    """Who acknowledged the notice, or who went without that, and why."""
    if row.acknowledged_at is not None:
        who = row.acknowledged_by or (row.acknowledged_by_grant.name if row.acknowledged_by_grant else "")
        return [Fact(term=_("Acknowledged by"), value=str(who)), Fact(term=_("On"), on=row.acknowledged_at.date())]
    if row.waived_at is not None:
        return [
            Fact(term=_("Waived by"), value=str(row.waived_by)),
            Fact(term=_("On"), on=row.waived_at.date()),
            Fact(term=_("Reason"), value=row.waive_reason),
        ]
    return [
        Fact(term=_("Answer of the buyer"), value=_("none yet")),
        Fact(term=_("Priced by"), value=str(row.priced_by)),
    ]
