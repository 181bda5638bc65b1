from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.financing.models import OrderedPayment, PaymentOrder
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.forms_payments import ValueForm, WhyForm
from apps.portals.financier.pages import address, asker, today_of, why_not
from apps.portals.parts import Fact
from apps.workflows import paying_out
from apps.workflows.once import Answer


class OnPayment(ActionPage[OrderedPayment]):
    """What the bank made of one payment."""

    needs = Action.MOVE_MONEY

    def why_not(self, request: HttpRequest, row: OrderedPayment) -> str:
        if row.state != "waiting" or row.order.state != "handed_out":
            return _("The bank has not been given this payment, or it is answered already.")
        return why_not(asker(request), self.needs)

    def afterwards(self, row: OrderedPayment, answer: Answer) -> str:
        return address(PaymentOrder, row.order.ref)

    def facts(self, row: OrderedPayment) -> list[Fact]:
        """To whom, and what for."""
        return [
            Fact(term=_("To"), value=f"{row.creditor}, {row.creditor_iban}"),
            Fact(term=_("What"), value=str(row.get_what_display())),
            Fact(term=_("For"), value=row.tranche.name),
        ]


class ConfirmOrderedPayment(OnPayment):
    """One payment has left the account."""

    name = "confirm_ordered_payment"
    route = "<str:ref>/confirm/"
    title = gettext_lazy("Confirm this payment")
    form_class = ValueForm

    def initial(self, request: HttpRequest, row: OrderedPayment) -> dict[str, Any]:
        return {"value_on": min(row.order.execute_on, today_of(request))}

    def review(self, request: HttpRequest, row: OrderedPayment, data: dict[str, Any]) -> Review:
        return Review(
            amount_label=_("You confirm that there left"),
            amount=row.amount,
            currency=row.order.currency,
            party=_("to %(seller)s") % {"seller": row.creditor},
            facts=[*self.facts(row), Fact(term=_("Value date"), on=data["value_on"])],
            effects=[_("It is recorded as paid. Your book and the seller's are posted.")],
            button=_("I confirm that it left"),
        )

    def act(self, actor: Actor, row: OrderedPayment, data: dict[str, Any]) -> Answer:
        return paying_out.confirm_ordered_payment(
            actor=actor, key=data["key"], payment_ref=row.ref, value_on=data["value_on"]
        )

    def done(self, row: OrderedPayment, data: dict[str, Any]) -> str:
        return _("The payment is recorded.")


class ReturnOrderedPayment(OnPayment):
    """The bank did not carry a payment out, or gave it back."""

    name = "return_ordered_payment"
    route = "<str:ref>/return/"
    title = gettext_lazy("It was not carried out")
    form_class = WhyForm
    css = "btn-danger"

    def review(self, request: HttpRequest, row: OrderedPayment, data: dict[str, Any]) -> Review:
        return Review(
            amount_label=_("You record as not carried out"),
            amount=row.amount,
            currency=row.order.currency,
            party=_("to %(seller)s") % {"seller": row.creditor},
            facts=[*self.facts(row), Fact(term=_("Your reason"), value=data["reason"])],
            effects=[_("Nothing is booked: it was not paid. It can be picked for another order.")],
            button=_("Record it as not carried out"),
        )

    def act(self, actor: Actor, row: OrderedPayment, data: dict[str, Any]) -> Answer:
        return paying_out.return_ordered_payment(
            actor=actor, key=data["key"], payment_ref=row.ref, reason=data["reason"]
        )

    def done(self, row: OrderedPayment, data: dict[str, Any]) -> str:
        return _("It is recorded that this was not carried out.")
