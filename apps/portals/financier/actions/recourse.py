"""What happens to an advance beside the buyer's payments: amounts first, then one workflow each."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money
from apps.financing import services as financing
from apps.financing.models import Tranche
from apps.financing.rules import events
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.forms import ReceivedForm
from apps.portals.financier.forms_recourse import DemandForm, PostponeForm
from apps.portals.financier.pages import asker, today_of, why_not
from apps.portals.parts import Fact
from apps.workflows import recourse
from apps.workflows.once import Answer


class RecoursePage(ActionPage[Tranche]):
    """An underwriter's decision about one advance, with its reason."""

    needs = Action.APPROVE_OFFER

    def party(self, row: Tranche) -> str:
        return _("%(seller)s, on %(name)s") % {"seller": row.seller.legal_name, "name": row.name}

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("%(outstanding)s of this advance is out.") % {
            "outstanding": formats.money(row.outstanding, row.currency)
        }


class PostponeAdvance(RecoursePage):
    """The payment is expected later: the seller bears the days more, or the price stays."""

    name = "postpone_advance"
    route = "<str:ref>/postpone/"
    title = gettext_lazy("Move the expected payment")
    form_class = PostponeForm

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if row.state != "funded_pre":
            return _("Only an advance on a milestone that is not accepted yet is moved to a later date.")
        return why_not(asker(request), self.needs)

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        last = row.charged_until or row.expected_on
        more = max((data["expected_on"] - last).days, 0)
        owed = money.ZERO
        if data["borne_by"] == events.Bears.SELLER:
            owed = events.slip(
                outstanding=row.outstanding, annual_rate=row.line.annual_rate, days=more, currency=row.currency
            ).recourse
        return Review(
            amount_label=_("The seller owes for the days more"),
            amount=owed,
            currency=row.currency,
            party=self.party(row),
            facts=[
                Fact(term=_("The discount pays until"), on=last),
                Fact(term=_("Payment expected then"), on=data["expected_on"]),
                Fact(term=_("Days more"), value=str(more)),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[
                _("What is not earned of the discount is earned over the days that are left."),
                _("%(seller)s is told by mail and reads your reason.") % {"seller": row.seller.legal_name},
            ],
            button=_("Move the date"),
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return recourse.postpone_advance(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("The payment is expected on %(date)s now.") % {"date": formats.day(data["expected_on"])}


class DemandAdvance(RecoursePage):
    """The milestone was not accepted: the seller owes the advance back."""

    name = "demand_advance"
    route = "<str:ref>/demand/"
    title = gettext_lazy("Demand the advance back")
    form_class = DemandForm
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if row.state != "funded_pre":
            return _("Only an advance on a milestone that is not accepted yet can be demanded back.")
        if financing.why_not_demand(row, on=today_of(request)):
            return _("The buyer has not sent this milestone back, and its date with the days of grace is not over.")
        return why_not(asker(request), self.needs)

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        standing = financing.standing_on(row, on=today_of(request))
        moves = events.charge_back(standing, amount=standing.outstanding, currency=row.currency)
        return Review(
            amount_label=_("The seller owes back"),
            amount=moves.recourse,
            currency=row.currency,
            party=self.party(row),
            facts=[
                Fact(term=_("Advance outstanding"), amount=standing.outstanding, currency=row.currency),
                Fact(term=_("Discount given back"), amount=moves.discount, currency=row.currency),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[
                _("Nothing of the advance is out any more, and the limits are free again."),
                _("%(seller)s is told by mail and reads your reason.") % {"seller": row.seller.legal_name},
                _("When it has paid, what the milestone will be worth is its own again, and the buyer is told."),
            ],
            button=_("Demand %(amount)s back") % {"amount": formats.money(moves.recourse, row.currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return recourse.demand_advance(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("The advance is demanded back from %(seller)s.") % {"seller": row.seller.legal_name}


class RecordRepayment(RecoursePage):
    """The seller paid back what it owes."""

    name = "record_repayment"
    route = "<str:ref>/repayment/"
    title = gettext_lazy("Record the seller's repayment")
    needs = Action.MOVE_MONEY
    form_class = ReceivedForm

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if financing.owed_back_in_all(row) <= 0:
            return _("The seller owes nothing back on this advance.")
        return why_not(asker(request), self.needs)

    def initial(self, request: HttpRequest, row: Tranche) -> dict[str, Any]:
        return {"amount": financing.owed_back_in_all(row), "received_on": today_of(request)}

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("%(seller)s owes %(owed)s back on %(name)s.") % {
            "seller": row.seller.legal_name,
            "owed": formats.money(financing.owed_back_in_all(row), row.currency),
            "name": row.name,
        }

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        amount: Decimal = money.payable(data["amount"], row.currency, field="amount")
        left = financing.owed_back_in_all(row) - amount
        effects = [_("Your book and the seller's are posted.")]
        if left == 0 and row.state == "recourse_due":
            effects.append(
                _("%(seller)s has bought the advance back: %(buyer)s is told to pay it again.")
                % {"seller": row.seller.legal_name, "buyer": row.buyer.legal_name}
            )
        return Review(
            amount_label=_("You record"),
            amount=amount,
            currency=row.currency,
            party=self.party(row),
            facts=[
                Fact(term=_("Received on"), on=data["received_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
                Fact(term=_("Still owed back"), amount=left, currency=row.currency, is_total=True),
            ],
            effects=effects,
            button=_("Record %(amount)s") % {"amount": formats.money(amount, row.currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return recourse.record_repayment(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("%(amount)s from %(seller)s is recorded.") % {
            "amount": formats.money(data["amount"], row.currency),
            "seller": row.seller.legal_name,
        }
