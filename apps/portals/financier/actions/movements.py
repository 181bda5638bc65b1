"""What treasury says of money that belongs to no advance: swept, unidentified, identified, sent back."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money
from apps.core.errors import Refused
from apps.financing import services as financing
from apps.financing.models import BankMovement, Tranche
from apps.financing.models.movement import Movement
from apps.parties.actor import Actor
from apps.parties.models import BankAccount
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.forms_treasury import IdentifyForm, SendBackForm, SweepForm, UnidentifiedForm
from apps.portals.financier.pages import address, asker, crumbs, today_of, why_not
from apps.portals.forms import ActionForm
from apps.portals.parts import Fact
from apps.workflows import treasury
from apps.workflows.once import Answer


class OfTheBook(ActionPage[Any]):
    """An action that begins a movement: there is no row yet."""

    needs = Action.MOVE_MONEY

    def row(self, request: HttpRequest, *, ref: str = "") -> None:
        """There is none yet."""

    def frame(self, request: HttpRequest, row: None) -> dict[str, Any]:
        back = address(BankMovement)
        return {
            **self.window.admin_site.each_context(request),
            "title": self.title,
            "crumbs": crumbs((str(self.window.title), back), (str(self.title), "")),
            "back_url": back,
        }

    def form(self, request: HttpRequest, row: None, data: Any) -> ActionForm:
        accounts = BankAccount.objects.visible_to(asker(request)).filter(is_default=True).order_by("currency")
        currencies = list(accounts.values_list("currency", flat=True))
        form_class: Any = self.form_class
        form: ActionForm = form_class(data, currencies=currencies, initial=self.initial(request, row))
        return form

    def afterwards(self, row: None, answer: Answer) -> str:
        return address(BankMovement, answer["movement"])


class SweepCollections(OfTheBook):
    """Collections were moved to cash."""

    name = "sweep_collections"
    route = "sweep/"
    title = gettext_lazy("Record a sweep to cash")
    form_class = SweepForm

    def initial(self, request: HttpRequest, row: None) -> dict[str, Any]:
        return {"value_on": today_of(request)}

    def lead(self, request: HttpRequest, row: None) -> str:
        return _("Money that you moved from your collection account to your own.")

    def review(self, request: HttpRequest, row: None, data: dict[str, Any]) -> Review:
        currency, amount = data["currency"], money.payable(data["amount"], data["currency"], field="amount")
        there = financing.collected(financier_id=asker(request).organisation_id, currency=currency)
        return Review(
            amount_label=_("You sweep"),
            amount=amount,
            currency=currency,
            facts=[
                Fact(term=_("On the collection account"), amount=there, currency=currency),
                Fact(term=_("Left there"), amount=there - amount, currency=currency, is_total=True),
                Fact(term=_("Value date"), on=data["value_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
            ],
            effects=[_("Your book is posted. No advance changes by it.")],
            button=_("Record %(amount)s") % {"amount": formats.money(amount, currency)},
        )

    def act(self, actor: Actor, row: None, data: dict[str, Any]) -> Answer:
        return treasury.sweep_collections(actor=actor, **data)

    def done(self, row: None, data: dict[str, Any]) -> str:
        return _("The sweep is recorded.")


class RecordUnidentified(OfTheBook):
    """Money arrived, and nobody knows what it pays."""

    name = "record_unidentified"
    route = "unidentified/"
    title = gettext_lazy("Record money that nobody can identify")
    form_class = UnidentifiedForm

    def initial(self, request: HttpRequest, row: None) -> dict[str, Any]:
        return {"received_on": today_of(request)}

    def lead(self, request: HttpRequest, row: None) -> str:
        return _("It is held for whoever paid, until somebody knows which invoice it pays.")

    def review(self, request: HttpRequest, row: None, data: dict[str, Any]) -> Review:
        amount = money.payable(data["amount"], data["currency"], field="amount")
        return Review(
            amount_label=_("You hold"),
            amount=amount,
            currency=data["currency"],
            facts=[
                Fact(term=_("Received on"), on=data["received_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
                Fact(term=_("What the bank says"), value=data["note"]),
            ],
            effects=[_("No advance changes by it. Identify it, or send it back.")],
            button=_("Record %(amount)s") % {"amount": formats.money(amount, data["currency"])},
        )

    def act(self, actor: Actor, row: None, data: dict[str, Any]) -> Answer:
        return treasury.record_unidentified(actor=actor, **data)

    def done(self, row: None, data: dict[str, Any]) -> str:
        return _("The receipt is recorded as unidentified.")


class OfAReceipt(ActionPage[BankMovement]):
    """What ends that a receipt is unidentified."""

    needs = Action.MOVE_MONEY

    def why_not(self, request: HttpRequest, row: BankMovement) -> str:
        if row.kind != Movement.UNIDENTIFIED or BankMovement.objects.filter(closes=row).exists():
            return _("This is not a receipt that waits to be identified.")
        return why_not(asker(request), self.needs)

    def lead(self, request: HttpRequest, row: BankMovement) -> str:
        return _("%(amount)s, received on %(date)s. %(note)s") % {
            "amount": formats.money(row.amount, row.currency),
            "date": formats.day(row.value_on),
            "note": row.note,
        }


class IdentifyReceipt(OfAReceipt):
    """Somebody knows which invoice it pays."""

    name = "identify_receipt"
    route = "<str:ref>/identify/"
    title = gettext_lazy("Identify the receipt")
    form_class = IdentifyForm

    def review(self, request: HttpRequest, row: BankMovement, data: dict[str, Any]) -> Review:
        tranche = _advance(asker(request), data["number"])
        return Review(
            amount_label=_("You record"),
            amount=row.amount,
            currency=row.currency,
            party=_("from %(buyer)s on %(number)s") % {"buyer": tranche.buyer.legal_name, "number": tranche.name},
            facts=[
                Fact(term=_("Received on"), on=row.value_on),
                Fact(term=_("Bank reference"), value=row.bank_reference),
                Fact(term=_("Advance outstanding"), amount=tranche.outstanding, currency=tranche.currency),
            ],
            effects=[_("It is shared out as of the day on which it arrived, as if it had been known from the start.")],
            button=_("Record %(amount)s") % {"amount": formats.money(row.amount, row.currency)},
        )

    def act(self, actor: Actor, row: BankMovement, data: dict[str, Any]) -> Answer:
        tranche = _advance(actor, data["number"])
        return treasury.identify_receipt(actor=actor, key=data["key"], receipt_ref=row.ref, tranche_ref=tranche.ref)

    def done(self, row: BankMovement, data: dict[str, Any]) -> str:
        return _("The receipt is identified and shared out.")


class SendBackReceipt(OfAReceipt):
    """Nobody can identify it: it goes back."""

    name = "send_back_receipt"
    route = "<str:ref>/send-back/"
    title = gettext_lazy("Send the receipt back")
    form_class = SendBackForm
    css = "btn-danger"

    def initial(self, request: HttpRequest, row: BankMovement) -> dict[str, Any]:
        return {"value_on": today_of(request)}

    def review(self, request: HttpRequest, row: BankMovement, data: dict[str, Any]) -> Review:
        return Review(
            amount_label=_("You pay out"),
            amount=row.amount,
            currency=row.currency,
            party=_("into the account from which it came"),
            facts=[
                Fact(term=_("Value date"), on=data["value_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[_("Nothing is held any more. No advance changes by it.")],
            button=_("Record %(due)s as paid out") % {"due": formats.money(row.amount, row.currency)},
        )

    def act(self, actor: Actor, row: BankMovement, data: dict[str, Any]) -> Answer:
        return treasury.send_back_receipt(actor=actor, receipt_ref=row.ref, **data)

    def done(self, row: BankMovement, data: dict[str, Any]) -> str:
        return _("The receipt is sent back.")


def _advance(actor: Actor, number: str) -> Tranche:
    """The advance on an invoice that its buyer still owes to the actor's organisation."""
    tranche = (
        Tranche.objects.visible_to(actor)
        .filter(financier_id=actor.organisation_id, milestone__invoice__number=" ".join(number.split()))
        .filter(milestone__invoice__open_item__open__gt=0)
        .select_related("buyer", "milestone__invoice")
        .order_by("-pk")
        .first()
    )
    if tranche is None:
        raise Refused("No assigned invoice with this number is open. Check the number.", field="number")
    return tranche
