import json
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import StrIndex, Substr
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.audit.models import Detail, Entry
from apps.core import canonical
from apps.financing.models import Assignment, Facility, FundingRequest, Offer, Tranche
from apps.parties.actor import Actor
from apps.portals.financier import stories
from apps.portals.financier.pages import address, asker
from apps.portals.financier.window import Window
from apps.portals.parts import Fact
from apps.portals.templatetags.cairn import instant, instant_text

SHOWN_BY = {
    "request": FundingRequest,
    "offer": Offer,
    "assignment": Assignment,
    "tranche": Tranche,
    "facility": Facility,
}
"""The windows that show the subjects of entries."""


class AuditWindow(Window):
    """Who did what, when, and from where: append-only, and chained so that no entry can change unseen."""

    title = gettext_lazy("Audit trail")
    about = gettext_lazy("Who did what, on your facilities and on the contracts whose invoices you were asked to buy.")
    nothing = gettext_lazy("What your people and your partners do will stand here.")
    list_display = ("what", "who", "subject", "when")
    list_select_related = ("chain",)
    search_fields = ("^subject", "^actor_name", "^verb")
    search_help_text = gettext_lazy("Person, subject or verb")
    page_template = "admin/pages/audit_entry.html"
    page_related = ("chain", "detail")

    def rows(self, actor: Actor) -> QuerySet[Any]:
        """What one's own people did, what happened to the contracts, and what concerns one's own financing.

        A contract has one trail, and a seller may have asked another financier before: whose offers are not shown.
        """
        shown: QuerySet[Any] = (
            super().rows(actor).annotate(about=Substr("subject", StrIndex("subject", Value(":")) + 1))
        )
        financing, own = Q(verb="contract.financier_admitted"), Q(organisation_id=actor.organisation_id)
        for kind, model in SHOWN_BY.items():
            manager: Any = model._default_manager
            known = manager.visible_to(actor).filter(financier_id=actor.organisation_id, ref=OuterRef("about"))
            financing |= Q(subject__startswith=f"{kind}:")
            own |= Q(Exists(known), subject__startswith=f"{kind}:")
        return shown.filter(own | ~financing)

    def key_of(self, row: Entry) -> str:
        return f"{row.chain.subject}/{row.position}"

    def find(self, rows: QuerySet[Any], key: str) -> Any | None:
        chain, _slash, position = key.rpartition("/")
        if not position.isascii() or not position.isdigit() or len(position) > 18:
            return None
        return rows.filter(chain__subject=chain, position=int(position)).first()

    @admin.display(description=gettext_lazy("What"))
    def what(self, row: Entry) -> str:
        return str(stories.words(row.verb)[0])

    @admin.display(description=gettext_lazy("Who"))
    def who(self, row: Entry) -> str:
        return row.actor_name

    @admin.display(description=gettext_lazy("Subject"))
    def subject(self, row: Entry) -> str:
        return row.subject

    @admin.display(description=gettext_lazy("When"))
    def when(self, row: Entry) -> str:
        return instant(row.happened_at)

    def name_of(self, row: Entry) -> str:
        return str(stories.words(row.verb)[0])

    def page(self, request: HttpRequest, row: Entry) -> dict[str, Any]:
        told = canonical.read(row.text)
        # From where somebody of another organisation acted is that organisation's business.
        who = _detail(row) if row.organisation_id == asker(request).organisation_id else {}
        names = {
            "email": _("E-mail"),
            "address": _("Address"),
            "agent": _("Browser"),
            "authenticated_by": _("Signed in by"),
        }
        kind, _colon, ref = row.subject.partition(":")
        model = SHOWN_BY.get(kind)
        return {
            "facts": [
                Fact(term=_("When"), value=instant_text(row.happened_at)),
                Fact(term=_("Who"), value=row.actor_name),
                *(Fact(term=term, value=who[name]) for name, term in names.items() if who.get(name)),
                Fact(term=_("Subject"), value=row.subject, url=address(model, ref) if model else ""),
                Fact(term=_("Chain"), value=row.chain.subject),
                Fact(term=_("Position"), value=str(row.position)),
            ],
            "told": json.dumps({**told.get("facts", {}), **who.get("facts", {})}, indent=2, ensure_ascii=False),
        }


def _detail(row: Entry) -> dict[str, Any]:
    """Who acted and from where; entries of earlier versions say it themselves."""
    detail: Detail | None = getattr(row, "detail", None)
    told: dict[str, Any] = canonical.read(detail.text) if detail else canonical.read(row.text).get("actor", {})
    return told
