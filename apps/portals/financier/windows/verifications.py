from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import canonical
from apps.financing.models import BuyerVerification
from apps.financing.services.verification import identity_of
from apps.parties.actor import Actor
from apps.portals import vocabulary
from apps.portals.financier import badges, stories
from apps.portals.financier.actions.verifications import RevokeVerification
from apps.portals.financier.filters import VerificationStates
from apps.portals.financier.pages import Button, asker
from apps.portals.financier.window import Window
from apps.portals.parts import Fact, Tile
from apps.portals.templatetags.cairn import day, instant_text

VERIFIED = vocabulary.Word(gettext_lazy("Verified"), "shield-check", "positive")
REVOKED = vocabulary.Word(gettext_lazy("Revoked"), "slash-circle", "neutral")


class VerificationWindow(Window):
    """Which buyers were verified, by whom and by what."""

    title = gettext_lazy("Verified buyers")
    about = gettext_lazy("Nothing is paid out on a buyer whom you have not verified. Begin on the page of a request.")
    nothing = gettext_lazy("Buyers that an underwriter verified will stand here.")
    list_display = ("buyer", "checked", "verified_by", "verified", "state")
    list_filter = (VerificationStates,)
    list_select_related = ("buyer", "verified_by")
    search_fields = ("^buyer__legal_name",)
    search_help_text = gettext_lazy("Name of the buyer")
    pages = (RevokeVerification,)
    page_template = "admin/pages/facts.html"
    page_related = ("buyer", "verified_by", "revoked_by")

    def rows(self, actor: Actor) -> QuerySet[Any]:
        return super().rows(actor).filter(financier_id=actor.organisation_id)

    @admin.display(description=gettext_lazy("Buyer"))
    def buyer(self, row: BuyerVerification) -> str:
        return row.buyer.legal_name

    @admin.display(description=gettext_lazy("What was checked"))
    def checked(self, row: BuyerVerification) -> str:
        return row.checked

    @admin.display(description=gettext_lazy("Verified by"))
    def verified_by(self, row: BuyerVerification) -> str:
        return str(row.verified_by)

    @admin.display(description=gettext_lazy("On"))
    def verified(self, row: BuyerVerification) -> str:
        return day(row.verified_at)

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: BuyerVerification) -> str:
        return badges.badge(VERIFIED if row.revoked_at is None else REVOKED)

    def name_of(self, row: BuyerVerification) -> str:
        return row.buyer.legal_name

    def page(self, request: HttpRequest, row: BuyerVerification) -> dict[str, Any]:
        revoke = RevokeVerification(self)
        has_changed = row.identity_sha256 != canonical.sha256(identity_of(row.buyer))
        return {
            "status": self.state(row),
            "lead": _("Verified by %(who)s") % {"who": row.verified_by},
            "next": _("the buyer's data have changed since: revoke this and verify anew.") if has_changed else "",
            "tiles": [
                Tile(label=_("Buyer"), value=row.buyer.legal_name),
                Tile(label=_("On"), value=day(row.verified_at)),
            ],
            "facts": [*_facts(row), *_signatories(row)],
            "buttons": []
            if row.revoked_at is not None
            else [
                Button(
                    label=_("Revoke"),
                    url=revoke.url(row),
                    refusal=revoke.why_not(request, row),
                    css="btn-outline-danger",
                )
            ],
            "events": stories.of(asker(request), f"verification:{row.ref}"),
        }


def _signatories(row: BuyerVerification) -> list[Fact]:
    """Who was found to sign off for the buyer, and by what."""
    return [
        Fact(term=_("Confirmed signatory"), value=f"{one.email} ({day(one.confirmed_at)}: {one.checked})")
        for one in row.signatories.order_by("pk")
    ]


def _facts(row: BuyerVerification) -> list[Fact]:
    facts = [
        Fact(term=_("What was checked"), value=row.checked),
        Fact(term=_("Note"), value=row.note),
        Fact(term=_("What stood there"), value=row.identity),
    ]
    if row.revoked_at is not None:
        facts += [
            Fact(term=_("Revoked by"), value=str(row.revoked_by)),
            Fact(term=_("On"), value=instant_text(row.revoked_at)),
            Fact(term=_("Reason"), value=row.revoke_reason),
        ]
    return facts
