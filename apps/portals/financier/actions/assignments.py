from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import Assignment
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.forms import WaiveForm
from apps.portals.financier.pages import asker, why_not
from apps.portals.parts import Fact
from apps.workflows import funding
from apps.workflows.once import Answer


class WaiveNotice(ActionPage[Assignment]):
    """Go without the buyer's acknowledgement: another person than the one who priced, with a reason."""

    name = "waive_notice"
    route = "<str:ref>/waive/"
    title = gettext_lazy("Waive the acknowledgement")
    needs = Action.WAIVE_CHECK
    form_class = WaiveForm

    def why_not(self, request: HttpRequest, row: Assignment) -> str:
        if row.is_notified:
            return _("This assignment is already acknowledged, or its acknowledgement waived.")
        refusal = why_not(asker(request), self.needs)
        if not refusal and row.priced_by_id == asker(request).user_id:
            return _("You priced this offer, so a second person has to waive the acknowledgement.")
        return refusal

    def lead(self, request: HttpRequest, row: Assignment) -> str:
        return _("%(buyer)s was told to pay %(number)s to you, and has not acknowledged it.") % {
            "buyer": row.tranche.buyer.legal_name,
            "number": row.name,
        }

    def review(self, request: HttpRequest, row: Assignment, data: dict[str, Any]) -> Review:
        buyer = row.tranche.buyer.legal_name
        return Review(
            amount_label=_("You make free for payout an advance of"),
            amount=row.tranche.gross,
            currency=row.tranche.currency,
            party=_("on %(number)s, owed by %(buyer)s") % {"number": row.name, "buyer": buyer},
            facts=[
                Fact(term=_("Buyer"), value=buyer),
                Fact(term=_("Told on"), on=row.notified_at.date()),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[
                _("The advance can be paid out although %(buyer)s has not answered.") % {"buyer": buyer},
                _("If the buyer pays the seller instead, the seller has to pass the money on."),
                _("Your name and your reason stay on record."),
            ],
            button=_("I waive the acknowledgement"),
        )

    def act(self, actor: Actor, row: Assignment, data: dict[str, Any]) -> Answer:
        return funding.waive_notice(actor=actor, key=data["key"], assignment_ref=row.ref, reason=data["reason"])

    def done(self, row: Assignment, data: dict[str, Any]) -> str:
        return _("The acknowledgement is waived. Treasury can pay the advance out.")
