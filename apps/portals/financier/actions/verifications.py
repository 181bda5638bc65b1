from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money
from apps.financing.models import BuyerVerification, Tranche
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.forms import RevokeForm
from apps.portals.financier.pages import asker, why_not
from apps.portals.parts import Fact
from apps.workflows import underwriting
from apps.workflows.once import Answer


class RevokeVerification(ActionPage[BuyerVerification]):
    """Take a verification back, with a reason: nothing more is paid out on this buyer."""

    name = "revoke_verification"
    route = "<str:ref>/revoke-verification/"
    title = gettext_lazy("Revoke the verification")
    needs = Action.VERIFY_BUYER
    form_class = RevokeForm
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: BuyerVerification) -> str:
        if row.revoked_at is not None:
            return _("This verification is already revoked.")
        return why_not(asker(request), self.needs)

    def lead(self, request: HttpRequest, row: BuyerVerification) -> str:
        return _("%(who)s verified %(buyer)s.") % {"who": row.verified_by, "buyer": row.buyer.legal_name}

    def review(self, request: HttpRequest, row: BuyerVerification, data: dict[str, Any]) -> Review:
        book = Tranche.objects.visible_to(asker(request)).filter(buyer=row.buyer_id)
        out = list(book.outstanding().values_list("currency", "outstanding"))
        currency = out[0][0] if out else asker_currency(request)
        return Review(
            amount_label=_("Out on this buyer, in %(currency)s") % {"currency": currency},
            amount=money.total(amount for code, amount in out if code == currency),
            currency=currency,
            party=row.buyer.legal_name,
            facts=[
                Fact(term=_("What was checked"), value=row.checked),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[
                _("Nothing more is paid out on what %(buyer)s owes.") % {"buyer": row.buyer.legal_name},
                _("What is out stays out and goes on being collected."),
            ],
            button=_("Revoke this verification"),
        )

    def act(self, actor: Actor, row: BuyerVerification, data: dict[str, Any]) -> Answer:
        return underwriting.revoke_verification(actor=actor, verification_ref=row.ref, **data)

    def done(self, row: BuyerVerification, data: dict[str, Any]) -> str:
        return _("The verification of %(buyer)s is revoked.") % {"buyer": row.buyer.legal_name}


def asker_currency(request: HttpRequest) -> str:
    """The currency of the financier's own organisation."""
    return cast("PortalRequest", request).membership.organisation.currency
