from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import ExposureLimit
from apps.parties.actor import Actor
from apps.portals.financier import stories
from apps.portals.financier.actions.exposures import SetExposureLimit
from apps.portals.financier.filters import ExposureStates
from apps.portals.financier.pages import Button, asker
from apps.portals.financier.window import Window
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import instant_text, money


class ExposureWindow(Window):
    """How much is out on each buyer and each seller, and the most that may be."""

    title = gettext_lazy("Limits")
    about = gettext_lazy("What is out and promised on each buyer and seller over all your facilities, and its limit.")
    nothing = gettext_lazy("A buyer and a seller stand here as soon as an offer to them is priced.")
    list_display = ("organisation", "side", "used", "reserved", "limit")
    end = ("used", "reserved", "limit")
    list_filter = (ExposureStates,)
    list_select_related = ("organisation",)
    search_fields = ("^organisation__legal_name",)
    search_help_text = gettext_lazy("Name of the buyer or seller")
    pages = (SetExposureLimit,)
    page_template = "admin/pages/facts.html"
    page_related = ("organisation", "set_by")

    def rows(self, actor: Actor) -> QuerySet[Any]:
        return super().rows(actor).filter(financier_id=actor.organisation_id)

    @admin.display(description=gettext_lazy("Organisation"))
    def organisation(self, row: ExposureLimit) -> str:
        return row.organisation.legal_name

    @admin.display(description=gettext_lazy("Counted as"))
    def side(self, row: ExposureLimit) -> str:
        return row.get_side_display()

    @admin.display(description=gettext_lazy("Out"))
    def used(self, row: ExposureLimit) -> str:
        return money(row.used, row.currency)

    @admin.display(description=gettext_lazy("Promised"))
    def reserved(self, row: ExposureLimit) -> str:
        return money(row.reserved, row.currency)

    @admin.display(description=gettext_lazy("Limit"))
    def limit(self, row: ExposureLimit) -> str:
        return money(row.limit, row.currency) if row.limit is not None else _("none")

    def name_of(self, row: ExposureLimit) -> str:
        return f"{row.organisation.legal_name}, {row.currency}"

    def page(self, request: HttpRequest, row: ExposureLimit) -> dict[str, Any]:
        change = SetExposureLimit(self)
        limit = (
            Tile(label=_("Limit"), value=_("none"))
            if row.limit is None
            else Tile(label=_("Limit"), amount=row.limit, currency=row.currency)
        )
        facts = [Fact(term=_("Counted as"), value=row.get_side_display())]
        if row.set_at is not None:
            facts += [
                Fact(term=_("Set by"), value=str(row.set_by)),
                Fact(term=_("On"), value=instant_text(row.set_at)),
            ]
        return {
            "lead": _("Over all your facilities in %(currency)s") % {"currency": row.currency},
            "tiles": [
                Tile(label=_("Out"), amount=row.used, currency=row.currency),
                Tile(label=_("Promised"), amount=row.reserved, currency=row.currency),
                limit,
            ],
            "facts": facts,
            "buttons": [
                Button(
                    label=_("Set the limit"), url=change.url(row), refusal=change.why_not(request, row), icon="sliders"
                )
            ],
            "events": stories.of(asker(request), f"exposure:{row.ref}"),
        }
