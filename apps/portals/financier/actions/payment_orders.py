from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core.money import total
from apps.financing.models import PaymentOrder
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier import payable
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.forms_payments import OrderForm, ValueForm, WhyForm
from apps.portals.financier.pages import address, asker, crumbs, today_of, why_not
from apps.portals.forms import ActionForm, explain
from apps.portals.parts import Fact
from apps.workflows import paying_out
from apps.workflows.once import Answer


class OrderPayments(ActionPage[Any]):
    """Pick what the bank is to pay in one file: advances that are ready, and reserves that were released."""

    name = "order_payments"
    route = "order/"
    title = gettext_lazy("Order payments")
    needs = Action.MOVE_MONEY

    def row(self, request: HttpRequest, *, ref: str = "") -> None:
        """There is none yet."""

    def frame(self, request: HttpRequest, row: None) -> dict[str, Any]:
        back = address(PaymentOrder)
        return {
            **self.window.admin_site.each_context(request),
            "title": self.title,
            "crumbs": crumbs((str(self.window.title), back), (str(self.title), "")),
            "back_url": back,
        }

    def why_not(self, request: HttpRequest, row: None) -> str:
        refusal = why_not(asker(request), self.needs)
        if not refusal and not payable.of(asker(request), currency=self._currency(request)):
            return _("Nothing waits to be paid that is not ordered already.")
        return refusal

    def _currency(self, request: HttpRequest) -> str:
        asked = request.POST.get("currency") or request.GET.get("currency", "")
        return payable.currency_of(asker(request), asked=asked)

    def form(self, request: HttpRequest, row: None, data: Any) -> ActionForm:
        currency = self._currency(request)
        found = payable.of(asker(request), currency=currency)
        return OrderForm(
            data,
            payments=[(one.key, one.words) for one in found],
            initial={
                "currency": currency,
                "payments": [one.key for one in found],
                "execute_on": today_of(request) + timedelta(days=1),
            },
        )

    def lead(self, request: HttpRequest, row: None) -> str:
        found = payable.of(asker(request), currency=self._currency(request))
        words = ngettext(
            "%(count)s payment is ready, %(total)s.", "%(count)s payments are ready, %(total)s.", len(found)
        )
        ready = formats.money(total(one.amount for one in found), self._currency(request))
        return words % {"count": len(found), "total": ready}

    def review(self, request: HttpRequest, row: None, data: dict[str, Any]) -> Review:
        picked = [one for one in payable.of(asker(request), currency=data["currency"]) if one.key in data["payments"]]
        return Review(
            amount_label=_("You order"),
            amount=total(one.amount for one in picked),
            currency=data["currency"],
            party=ngettext("%(count)s payment", "%(count)s payments", len(picked)) % {"count": len(picked)},
            facts=[
                *(Fact(term=one.words, amount=one.amount, currency=data["currency"]) for one in picked),
                Fact(term=_("To be carried out on"), on=data["execute_on"]),
            ],
            effects=[
                _("A second person approves the order. Then the file for your bank is made."),
                _("Until the order is answered or discarded, nothing of it is paid by hand or cancelled."),
            ],
            button=_("Order these payments"),
        )

    def act(self, actor: Actor, row: None, data: dict[str, Any]) -> Answer:
        wanted = tuple(payable.wanted(key) for key in data["payments"])
        return paying_out.order_payments(
            actor=actor, key=data["key"], currency=data["currency"], wanted=wanted, execute_on=data["execute_on"]
        )

    def done(self, row: None, data: dict[str, Any]) -> str:
        return _("The payments are ordered. A second person has to approve them.")

    def afterwards(self, row: None, answer: Answer) -> str:
        return address(PaymentOrder, answer["order"])


class OnOrder(ActionPage[PaymentOrder]):
    """What is done with a whole order; its review always says how many payments, and how much."""

    needs = Action.MOVE_MONEY
    state: str
    otherwise: Any

    def why_not(self, request: HttpRequest, row: PaymentOrder) -> str:
        return str(self.otherwise) if row.state != self.state else why_not(asker(request), self.needs)

    def restated(self, row: PaymentOrder, *, label: str, effects: list[str], button: str, **more: Any) -> Review:
        """The review of an order: its total, count and day."""
        return Review(
            amount_label=label,
            amount=row.total,
            currency=row.currency,
            party=ngettext("%(count)s payment", "%(count)s payments", row.count) % {"count": row.count},
            facts=[
                *more.get("facts", ()),
                Fact(term=_("From"), value=f"{row.debtor}, {row.debtor_iban}"),
                Fact(term=_("To be carried out on"), on=row.execute_on),
                Fact(term=_("Picked by"), value=str(row.created_by)),
            ],
            effects=effects,
            button=button,
        )


class ApprovePaymentOrder(OnOrder):
    """A second person lets the file be made."""

    name = "approve_payment_order"
    route = "<str:ref>/approve/"
    title = gettext_lazy("Approve this order")
    state = "draft"
    otherwise = gettext_lazy("This order no longer waits for approval.")

    def why_not(self, request: HttpRequest, row: PaymentOrder) -> str:
        refusal = super().why_not(request, row)
        if not refusal and row.created_by_id == asker(request).user_id:
            return _("You picked these payments, so a second person has to approve them.")
        return refusal

    def review(self, request: HttpRequest, row: PaymentOrder, data: dict[str, Any]) -> Review:
        payments = row.payments.select_related("tranche__milestone__invoice").order_by("pk")
        return self.restated(
            row,
            label=_("You approve payments of"),
            facts=[
                Fact(
                    term=f"{one.creditor}, {one.creditor_iban} · {one.get_what_display()} · {one.tranche.name}",
                    amount=one.amount,
                    currency=row.currency,
                )
                for one in payments
            ],
            effects=[
                _("Everything is looked at once more. Then the file is made, and never again."),
                _("Nothing leaves your account before somebody takes the file to the bank."),
            ],
            button=_("I approve these payments"),
        )

    def act(self, actor: Actor, row: PaymentOrder, data: dict[str, Any]) -> Answer:
        return paying_out.approve_payment_order(actor=actor, key=data["key"], order_ref=row.ref)

    def done(self, row: PaymentOrder, data: dict[str, Any]) -> str:
        return _("The order is approved, and its file is made.")


class DiscardPaymentOrder(OnOrder):
    """Give an order up whose file nobody has."""

    name = "discard_payment_order"
    route = "<str:ref>/discard/"
    title = gettext_lazy("Discard this order")
    form_class = WhyForm
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: PaymentOrder) -> str:
        if row.state not in ("draft", "approved"):
            return _("Only an order whose file nobody has can be discarded.")
        return why_not(asker(request), self.needs)

    def review(self, request: HttpRequest, row: PaymentOrder, data: dict[str, Any]) -> Review:
        return self.restated(
            row,
            label=_("You discard payments of"),
            facts=[Fact(term=_("Your reason"), value=data["reason"])],
            effects=[_("Nothing is paid. What was in it can be picked anew.")],
            button=_("Discard this order"),
        )

    def act(self, actor: Actor, row: PaymentOrder, data: dict[str, Any]) -> Answer:
        return paying_out.discard_payment_order(actor=actor, key=data["key"], order_ref=row.ref, reason=data["reason"])

    def done(self, row: PaymentOrder, data: dict[str, Any]) -> str:
        return _("The order is discarded.")


class HandOutPaymentFile(OnOrder):
    """Claim the file, then download it: nobody else gets it."""

    name = "hand_out_payment_file"
    route = "<str:ref>/hand-out/"
    title = gettext_lazy("Take the file")
    state = "approved"
    otherwise = gettext_lazy("The file is not made yet, or somebody has it already.")

    def review(self, request: HttpRequest, row: PaymentOrder, data: dict[str, Any]) -> Review:
        return self.restated(
            row,
            label=_("You take the file for payments of"),
            facts=[Fact(term=_("SHA-256 of the file"), value=row.message_sha256)],
            effects=[
                _("From now on only you can download it, and the order cannot be discarded any more."),
                _("Give it to your bank once. Afterwards confirm what left, and say what did not."),
            ],
            button=_("I take the file"),
        )

    def act(self, actor: Actor, row: PaymentOrder, data: dict[str, Any]) -> Answer:
        return paying_out.hand_out_payment_file(actor=actor, key=data["key"], order_ref=row.ref)

    def done(self, row: PaymentOrder, data: dict[str, Any]) -> str:
        return _("The file is yours. Download it here and give it to your bank.")


class ConfirmPaymentOrder(OnOrder):
    """Everything of an order that the bank has not answered has left."""

    name = "confirm_payment_order"
    route = "<str:ref>/confirm/"
    title = gettext_lazy("Confirm what left")
    state = "handed_out"
    otherwise = gettext_lazy("Nothing of this order waits for the bank.")
    form_class = ValueForm

    def initial(self, request: HttpRequest, row: PaymentOrder) -> dict[str, Any]:
        return {"value_on": min(row.execute_on, today_of(request))}

    def review(self, request: HttpRequest, row: PaymentOrder, data: dict[str, Any]) -> Review:
        waiting = list(row.payments.filter(state="waiting").order_by("pk"))
        return Review(
            amount_label=_("You confirm that there left"),
            amount=total(one.amount for one in waiting),
            currency=row.currency,
            party=ngettext("%(count)s payment", "%(count)s payments", len(waiting)) % {"count": len(waiting)},
            facts=[
                *(Fact(term=one.creditor, amount=one.amount, currency=row.currency) for one in waiting),
                Fact(term=_("Value date"), on=data["value_on"]),
            ],
            effects=[
                _("Each is recorded by itself, and your book and the seller's are posted."),
                _("What cannot be recorded stays as it is, and you are told why."),
            ],
            button=_("I confirm that they left"),
        )

    def act(self, actor: Actor, row: PaymentOrder, data: dict[str, Any]) -> Answer:
        waiting = row.payments.filter(state="waiting").count()
        refused = paying_out.confirm_payment_order(
            actor=actor, key=data["key"], order_ref=row.ref, value_on=data["value_on"]
        )
        if refused and len(refused) >= waiting:  # nothing was recorded, so nothing says that something was
            raise refused[0][1]
        return {payment_ref: explain(refusal) for payment_ref, refusal in refused}

    def done(self, row: PaymentOrder, data: dict[str, Any]) -> str:
        return _("What left is recorded.")

    def say(self, request: HttpRequest, answer: Answer) -> None:
        """What could not be recorded, beside what was."""
        for words in answer.values():
            messages.warning(request, words)
