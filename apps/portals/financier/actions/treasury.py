"""What treasury says of an advance's money beside payouts and payments: one page for each workflow."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money
from apps.financing import services as financing
from apps.financing.models import Collection, Tranche
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.actions.tranches import open_of
from apps.portals.financier.forms import ReceivedForm, SentForm
from apps.portals.financier.forms_treasury import CameBackForm, MisdirectedForm, ReverseCollectionForm
from apps.portals.financier.pages import address, asker, today_of, why_not
from apps.portals.parts import Fact
from apps.workflows import treasury
from apps.workflows.once import Answer


class ReturnDisbursement(ActionPage[Tranche]):
    """The bank returned what was paid out."""

    name = "return_disbursement"
    route = "<str:ref>/returned/"
    title = gettext_lazy("Record that it came back")
    needs = Action.MOVE_MONEY
    form_class = CameBackForm
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if row.state not in ("funded_pre", "funded_post") or row.carried_from_id is not None:
            return _("Only what is paid out, and on which nothing else has happened, can come back from the bank.")
        return why_not(asker(request), self.needs)

    def initial(self, request: HttpRequest, row: Tranche) -> dict[str, Any]:
        return {"value_on": today_of(request)}

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("The bank returned the transfer to %(seller)s.") % {"seller": row.seller.legal_name}

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        names = {"seller": row.seller.legal_name, "buyer": row.buyer.legal_name}
        effects = [
            _("Nothing was advanced: every entry of it is negated, and the limits are free again."),
            _("The assignment is revoked: %(buyer)s is told by mail to pay %(seller)s.") % names,
            _("%(seller)s is told to check its bank account, and can ask anew.") % names,
        ]
        if row.disbursement.parts > 1:
            effects.append(_("The same transfer paid other advances of this offer. They come back with it."))
        return Review(
            amount_label=_("You record as returned"),
            amount=row.net,
            currency=row.currency,
            party=_("from the bank of %(seller)s") % names,
            facts=[
                Fact(term=_("For"), value=row.name),
                Fact(term=_("Returned on"), on=data["value_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
            ],
            effects=effects,
            button=_("Record %(net)s as returned") % {"net": formats.money(row.net, row.currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return treasury.return_disbursement(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("The advance is returned. %(buyer)s is told.") % {"buyer": row.buyer.legal_name}


class ReturnSurplus(ActionPage[Tranche]):
    """What the buyer paid beyond its invoice was paid back."""

    name = "return_surplus"
    route = "<str:ref>/surplus/"
    title = gettext_lazy("Pay the surplus back")
    needs = Action.MOVE_MONEY
    form_class = SentForm

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if financing.due_to_buyer(row) <= 0:
            return _("The buyer has paid nothing beyond what it owed.")
        return why_not(asker(request), self.needs)

    def initial(self, request: HttpRequest, row: Tranche) -> dict[str, Any]:
        return {"value_on": today_of(request)}

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("%(due)s to %(buyer)s, into the account from which it paid, and to nobody else.") % {
            "due": formats.money(financing.due_to_buyer(row), row.currency),
            "buyer": row.buyer.legal_name,
        }

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        due = financing.due_to_buyer(row)
        return Review(
            amount_label=_("You pay out"),
            amount=due,
            currency=row.currency,
            party=_("to %(buyer)s") % {"buyer": row.buyer.legal_name},
            facts=[
                Fact(term=_("Paid beyond"), value=row.name),
                Fact(term=_("Value date"), on=data["value_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
            ],
            effects=[_("What you owe the buyer on this advance is settled.")],
            button=_("Record %(due)s as paid out") % {"due": formats.money(due, row.currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return treasury.return_surplus(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("The surplus is paid back to %(buyer)s.") % {"buyer": row.buyer.legal_name}


class RecordMisdirected(ActionPage[Tranche]):
    """The buyer paid the seller by mistake."""

    name = "record_misdirected"
    route = "<str:ref>/misdirected/"
    title = gettext_lazy("Record what went to the seller")
    needs = Action.MOVE_MONEY
    form_class = MisdirectedForm

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if row.state not in ("funded_post", "part_collected", "defaulted"):
            return _("The buyer owes you nothing on this advance.")
        return why_not(asker(request), self.needs)

    def initial(self, request: HttpRequest, row: Tranche) -> dict[str, Any]:
        return {"amount": open_of(row), "received_on": today_of(request)}

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("%(buyer)s paid %(seller)s instead of you. Enter what the seller's bank says.") % {
            "buyer": row.buyer.legal_name,
            "seller": row.seller.legal_name,
        }

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        amount: Decimal = money.payable(data["amount"], row.currency, field="amount")
        names = {"seller": row.seller.legal_name, "buyer": row.buyer.legal_name, "number": row.name}
        return Review(
            amount_label=_("The seller owes you"),
            amount=amount,
            currency=row.currency,
            party=_("paid by %(buyer)s on %(number)s") % names,
            facts=[
                Fact(term=_("Received on"), on=data["received_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
                Fact(
                    term=_("Still owed by the buyer"),
                    amount=open_of(row) - amount,
                    currency=row.currency,
                    is_total=True,
                ),
            ],
            effects=[
                _("%(buyer)s has paid: nobody asks it for this money again.") % names,
                _("%(seller)s is told by mail to pass it on. Until then no reserve is paid out.") % names,
            ],
            button=_("Record %(amount)s") % {"amount": formats.money(amount, row.currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return treasury.record_misdirected(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("%(seller)s is told to pass the payment on.") % {"seller": row.seller.legal_name}


class RecordPassedOn(ActionPage[Tranche]):
    """The seller passed on what the buyer had paid it."""

    name = "record_passed_on"
    route = "<str:ref>/passed-on/"
    title = gettext_lazy("Record what the seller passed on")
    needs = Action.MOVE_MONEY
    form_class = ReceivedForm

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if financing.misdirected(row) <= 0:
            return _("The seller has nothing of the buyer's to pass on.")
        return why_not(asker(request), self.needs)

    def initial(self, request: HttpRequest, row: Tranche) -> dict[str, Any]:
        return {"amount": financing.misdirected(row), "received_on": today_of(request)}

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("%(seller)s has %(owed)s to pass on.") % {
            "seller": row.seller.legal_name,
            "owed": formats.money(financing.misdirected(row), row.currency),
        }

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        amount: Decimal = money.payable(data["amount"], row.currency, field="amount")
        return Review(
            amount_label=_("You record"),
            amount=amount,
            currency=row.currency,
            party=_("from %(seller)s") % {"seller": row.seller.legal_name},
            facts=[
                Fact(term=_("Received on"), on=data["received_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
                Fact(
                    term=_("Still to be passed on"),
                    amount=financing.misdirected(row) - amount,
                    currency=row.currency,
                    is_total=True,
                ),
            ],
            effects=[_("Your book and the seller's are posted.")],
            button=_("Record %(amount)s") % {"amount": formats.money(amount, row.currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return treasury.record_passed_on(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("%(amount)s from %(seller)s is recorded.") % {
            "amount": formats.money(data["amount"], row.currency),
            "seller": row.seller.legal_name,
        }


class ReverseCollection(ActionPage[Collection]):
    """A payment was recorded wrongly, or its bank took it back."""

    name = "reverse_collection"
    route = "<str:ref>/reverse/"
    title = gettext_lazy("Reverse the payment")
    needs = Action.MOVE_MONEY
    form_class = ReverseCollectionForm
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: Collection) -> str:
        if row.reverses_id is not None or Collection.objects.filter(reverses=row).exists():
            return _("This payment is reversed already.")
        return why_not(asker(request), self.needs)

    def lead(self, request: HttpRequest, row: Collection) -> str:
        return _("%(amount)s on %(number)s. The latest payment of an advance is reversed first.") % {
            "amount": formats.money(row.amount, row.tranche.currency),
            "number": row.tranche.name,
        }

    def review(self, request: HttpRequest, row: Collection, data: dict[str, Any]) -> Review:
        names = {"seller": row.tranche.seller.legal_name, "buyer": row.tranche.buyer.legal_name}
        return Review(
            amount_label=_("You reverse"),
            amount=row.amount,
            currency=row.tranche.currency,
            party=_("from %(buyer)s") % names,
            facts=[
                Fact(term=_("Bank reference"), value=row.payment.bank_reference),
                Fact(term=_("Out again"), amount=row.to_advance, currency=row.tranche.currency),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[
                _("%(buyer)s owes the invoice again, and is told so.") % names,
                _("Every entry of it is negated. The bank's reference may be recorded anew."),
            ],
            button=_("Reverse %(amount)s") % {"amount": formats.money(row.amount, row.tranche.currency)},
        )

    def act(self, actor: Actor, row: Collection, data: dict[str, Any]) -> Answer:
        return treasury.reverse_collection(actor=actor, collection_ref=row.ref, **data)

    def done(self, row: Collection, data: dict[str, Any]) -> str:
        return _("The payment is reversed.")

    def afterwards(self, row: Collection, answer: Answer) -> str:
        return address(Tranche, row.tranche.ref)
