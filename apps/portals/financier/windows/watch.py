from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import Alert, BankMovement, ExposureLimit, Facility, Tranche
from apps.portals.financier.filters import AlertStates
from apps.portals.financier.pages import address
from apps.portals.financier.window import Window
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import day, instant_text, money

ABOUT = {"tranche": Tranche, "facility": Facility, "exposure": ExposureLimit, "movement": BankMovement}
"""The window of what an alert is about, by the first word of its subject."""


class AlertWindow(Window):
    """What of the book somebody has to look at."""

    title = gettext_lazy("Alerts")
    about = gettext_lazy("What somebody has to look at. Each is over when it is not so any more; the watch is daily.")
    nothing = gettext_lazy("Limits nearly used up, late buyers, slipped milestones and old receipts will stand here.")
    list_display = ("kind", "subject", "since", "over", "amount")
    end = ("amount",)
    list_filter = (AlertStates,)
    search_fields = ("^about",)
    search_help_text = gettext_lazy("Invoice, milestone, organisation or bank reference")
    page_template = "admin/pages/movement.html"

    @admin.display(description=gettext_lazy("What it is"))
    def kind(self, row: Alert) -> str:
        return row.get_kind_display()

    @admin.display(description=gettext_lazy("About"))
    def subject(self, row: Alert) -> str:
        return row.about

    @admin.display(description=gettext_lazy("Since"))
    def since(self, row: Alert) -> str:
        return day(row.opened_on)

    @admin.display(description=gettext_lazy("Over"))
    def over(self, row: Alert) -> str:
        return day(row.closed_at.date()) if row.closed_at else ""

    @admin.display(description=gettext_lazy("Amount"))
    def amount(self, row: Alert) -> str:
        return money(row.amount, row.currency)

    def name_of(self, row: Alert) -> str:
        return row.get_kind_display()

    def page(self, request: HttpRequest, row: Alert) -> dict[str, Any]:
        kind, _colon, ref = row.subject.partition(":")
        facts = [
            Fact(term=_("About"), value=row.about, url=address(ABOUT[kind], ref)),
            Fact(term=_("Since"), on=row.opened_on),
        ]
        if row.closed_at is not None:
            facts.append(Fact(term=_("Over"), value=instant_text(row.closed_at)))
        return {
            "lead": row.about,
            "tiles": [Tile(label=_("Amount"), amount=row.amount, currency=row.currency)],
            "facts": facts,
            "events": [],
        }
