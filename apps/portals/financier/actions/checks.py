from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import Offer
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.forms import WaiveCheckForm
from apps.portals.financier.pages import asker, why_not
from apps.portals.forms import ActionForm, explain
from apps.portals.moment import now_of
from apps.portals.parts import Fact
from apps.workflows import underwriting
from apps.workflows.once import Answer


class WaiveCheck(ActionPage[Offer]):
    """Let an offer go out although a check is not met: another person than the one who priced, with a reason."""

    name = "waive_check"
    route = "<str:ref>/waive-check/"
    title = gettext_lazy("Waive a check")
    needs = Action.WAIVE_CHECK

    def why_not(self, request: HttpRequest, row: Offer) -> str:
        if row.state != "draft":
            return _("This offer no longer waits for approval.")
        if not waivable(request, row):
            return _("Nothing is left to waive.")
        refusal = why_not(asker(request), self.needs)
        if not refusal and row.created_by_id == asker(request).user_id:
            return _("You priced this offer, so a second person has to waive its checks.")
        return refusal

    def form(self, request: HttpRequest, row: Offer, data: Any) -> ActionForm:
        return WaiveCheckForm(data, checks=[(one.check, str(one.check.label)) for one in waivable(request, row)])

    def lead(self, request: HttpRequest, row: Offer) -> str:
        return _("Priced by %(who)s. What you waive lets the offer go out; what it says stays true.") % {
            "who": row.created_by
        }

    def aside(self, request: HttpRequest, row: Offer) -> list[Fact]:
        return [Fact(term=str(one.check.label), value=_said(one)) for one in waivable(request, row)]

    def review(self, request: HttpRequest, row: Offer, data: dict[str, Any]) -> Review:
        found = next((one for one in waivable(request, row) if one.check == data["check"]), None)
        if found is None:  # somebody waived it meanwhile, or it is met by now
            raise Refused("Nothing stands in the way here: it is met, or waived already.", field="check")
        return Review(
            amount_label=_("You waive a check of the advance of"),
            amount=row.gross,
            currency=row.currency,
            party=_("to %(seller)s on %(about)s") % {"seller": row.seller.legal_name, "about": row.request.about},
            facts=[
                Fact(term=_("Check"), value=str(found.check.label)),
                Fact(term=_("What stands in the way"), value=_said(found)),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[
                _("The offer can be approved although this check is not met."),
                _("Your name and your reason stay on record; neither seller nor buyer reads them."),
            ],
            button=_("I waive this check"),
        )

    def act(self, actor: Actor, row: Offer, data: dict[str, Any]) -> Answer:
        return underwriting.waive_check(
            actor=actor, key=data["key"], offer_ref=row.ref, check=data["check"], reason=data["reason"]
        )

    def done(self, row: Offer, data: dict[str, Any]) -> str:
        return _("The check is waived.")


def waivable(request: HttpRequest, row: Offer) -> list[financing.Finding]:
    """The checks of an offer that are not met and that a second person may waive."""
    found = financing.checks_of_offer(row, at=now_of(request))
    return [one for one in found if one.stops and one.is_waivable]


def _said(found: financing.Finding) -> str:
    return explain(found.obstacle) if found.obstacle is not None else ""
