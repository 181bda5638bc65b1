from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import money
from apps.financing import services as financing
from apps.financing.models import Tranche
from apps.parties.actor import Actor
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.financier import badges, collecting, paying
from apps.portals.financier.action import ActionPage, Review
from apps.portals.financier.actions.offers import why_not_verified
from apps.portals.financier.disputed import why_not_disputed
from apps.portals.financier.exposure import exposure_of
from apps.portals.financier.forms import CancelForm, ReceivedForm, SentForm
from apps.portals.financier.pages import asker, today_of, why_not
from apps.portals.financier.payable import why_not_ordered
from apps.portals.parts import Fact
from apps.workflows import funding
from apps.workflows.once import Answer


class FundTranche(ActionPage[Tranche]):
    """Treasury has paid the advance out, and says on which day and under which reference."""

    name = "fund_tranche"
    route = "<str:ref>/fund/"
    title = gettext_lazy("Pay the advance out")
    needs = Action.MOVE_MONEY
    form_class = SentForm

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if row.state != "accepted":
            return _("This advance is already paid out.")
        if badges.is_sent_back(row):
            return _("The buyer has sent this milestone back. Wait until it is submitted again, or cancel.")
        if stands_in_the_way := why_not_ordered(row) or why_not_disputed(row.contract, row) or why_not_verified(row):
            return stands_in_the_way
        if not row.assignment.is_notified:
            return _("The buyer has not acknowledged the assignment. Wait for it, or have a second person waive it.")
        refusal = why_not(asker(request), self.needs) or paying.why_not(row)
        if not refusal and row.offer.created_by_id == asker(request).user_id:
            return _("You priced this advance, so a second person has to pay it out.")
        return refusal

    def initial(self, request: HttpRequest, row: Tranche) -> dict[str, Any]:
        return {"value_on": today_of(request)}

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("%(net)s to %(seller)s. Pay at your bank first, then enter what the bank says.") % {
            "net": formats.money(row.net, row.currency),
            "seller": row.seller.legal_name,
        }

    def payee(self, row: Tranche) -> list[tuple[str, str]]:
        return paying.lines_of(row, amount=row.net, reference=_reference(row))

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        currency, use = row.currency, exposure_of(row.facility)
        is_before = row.invoice is None
        was_before = not is_before and financing.is_advance(row, on=data["value_on"])
        return Review(
            amount_label=_("You pay out"),
            amount=row.net,
            currency=currency,
            party=_("to %(seller)s") % {"seller": row.seller.legal_name},
            facts=[
                Fact(term=_("For"), value=row.name),
                Fact(term=_("Advance"), amount=row.gross, currency=currency),
                Fact(term=_("Discount and fee kept"), amount=row.discount + row.fee, currency=currency),
                *([] if is_before else [Fact(term=_("Reserve kept"), amount=row.reserve, currency=currency)]),
                Fact(term=_("Value date"), on=data["value_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
            ],
            effects=[
                _("%(gross)s counts against the facility: %(used)s of %(limit)s is out then.")
                % {
                    "gross": formats.money(row.gross, currency),
                    "used": formats.money(use.advanced + row.gross, currency),
                    "limit": formats.money(use.limit, currency),
                },
                _("Income accrues from the value date. Your book and the seller's are posted."),
                (
                    _("%(buyer)s has not accepted the milestone: until then the seller bears the risk.")
                    if is_before
                    else _("%(buyer)s pays you, expected on %(date)s.")
                )
                % {"buyer": row.buyer.legal_name, "date": formats.day(row.expected_on)},
                *(
                    [_("On that day the milestone was not accepted yet: it is booked as an advance, then as bought.")]
                    if was_before
                    else []
                ),
            ],
            button=_("Record %(net)s as paid out") % {"net": formats.money(row.net, currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return funding.fund_tranche(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("%(net)s is paid out to %(seller)s.") % {
            "net": formats.money(row.net, row.currency),
            "seller": row.seller.legal_name,
        }


class CollectPayment(ActionPage[Tranche]):
    """The buyer's money arrived: a preview of the waterfall, then the record."""

    name = "collect_payment"
    route = "<str:ref>/collect/"
    title = gettext_lazy("Record the buyer's payment")
    needs = Action.MOVE_MONEY
    form_class = ReceivedForm

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if row.state in ("accepted", "funded_pre", "recourse_due") and row.invoice is None:
            return _("The milestone is not accepted yet: the buyer owes nothing on it.")
        if row.state not in ("accepted", "funded_post", "part_collected", "defaulted", "written_off", "recourse_due"):
            return _("Nothing is owed on this advance any more.")
        return why_not(asker(request), self.needs)

    def initial(self, request: HttpRequest, row: Tranche) -> dict[str, Any]:
        return {"amount": open_of(row), "received_on": today_of(request)}

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("From %(buyer)s on your collection account, for %(number)s. %(open)s is open.") % {
            "buyer": row.buyer.legal_name,
            "number": row.name,
            "open": formats.money(open_of(row), row.currency),
        }

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        financing.invoice_ref_of(tranche_ref=row.ref)  # refuses where there is none
        amount: Decimal = money.payable(data["amount"], row.currency, field="amount")
        shared = collecting.preview(row, amount=amount, received_on=data["received_on"])
        return Review(
            amount_label=_("You record"),
            amount=amount,
            currency=row.currency,
            party=_("from %(buyer)s on %(number)s") % {"buyer": row.buyer.legal_name, "number": row.name},
            facts=[
                Fact(term=_("Received on"), on=data["received_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
                *collecting.facts_of(shared, currency=row.currency),
            ],
            effects=collecting.effects_of(row, shared),
            button=_("Record %(amount)s") % {"amount": formats.money(amount, row.currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return funding.collect_payment(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("%(amount)s from %(buyer)s is recorded and shared out.") % {
            "amount": formats.money(data["amount"], row.currency),
            "buyer": row.buyer.legal_name,
        }


class PayReserve(ActionPage[Tranche]):
    """Treasury has paid the seller what the waterfall released."""

    name = "pay_reserve"
    route = "<str:ref>/pay-reserve/"
    title = gettext_lazy("Pay the reserve")
    needs = Action.MOVE_MONEY
    form_class = SentForm

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if due_of(row) <= 0:
            return _("Nothing is due to the seller: the reserve is released once the advance is repaid.")
        return why_not_ordered(row) or why_not(asker(request), self.needs) or paying.why_not(row)

    def initial(self, request: HttpRequest, row: Tranche) -> dict[str, Any]:
        return {"value_on": today_of(request)}

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("%(due)s to %(seller)s. Pay at your bank first, then enter what the bank says.") % {
            "due": formats.money(due_of(row), row.currency),
            "seller": row.seller.legal_name,
        }

    def payee(self, row: Tranche) -> list[tuple[str, str]]:
        return paying.lines_of(row, amount=due_of(row), reference=_reference(row))

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        due = due_of(row)
        return Review(
            amount_label=_("You pay out"),
            amount=due,
            currency=row.currency,
            party=_("to %(seller)s") % {"seller": row.seller.legal_name},
            facts=[
                Fact(term=_("Invoice"), value=row.name),
                *_where_from(row),
                Fact(term=_("Value date"), on=data["value_on"]),
                Fact(term=_("Bank reference"), value=data["bank_reference"]),
            ],
            effects=[
                _("What you owe %(seller)s on this advance is settled.") % {"seller": row.seller.legal_name},
                _("Your book and the seller's are posted."),
            ],
            button=_("Record %(due)s as paid out") % {"due": formats.money(due, row.currency)},
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return funding.pay_reserve(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("%(due)s is paid to %(seller)s.") % {
            "due": formats.money(due_of(row), row.currency),
            "seller": row.seller.legal_name,
        }


def due_of(row: Tranche) -> Decimal:
    """What is released to the seller and not paid: the window reads it with each row."""
    due: Decimal = row.reserve_due  # type: ignore[attr-defined]
    return due


def _where_from(row: Tranche) -> list[Fact]:
    """The reserve; of an advance that was not made, what the buyer paid before it."""
    if row.funded_on is None:
        return [Fact(term=_("Paid by the buyer before the advance"), amount=due_of(row), currency=row.currency)]
    return [Fact(term=_("Reserve at funding"), amount=row.reserve, currency=row.currency)]


def open_of(row: Tranche) -> Decimal:
    """What the buyer owes now; nothing before acceptance."""
    return row.invoice.open_item.open if row.invoice is not None else money.ZERO


class CancelTranche(ActionPage[Tranche]):
    """End an advance before it is paid out: the buyer pays the seller again."""

    name = "cancel_tranche"
    route = "<str:ref>/cancel/"
    title = gettext_lazy("Cancel the advance")
    needs = Action.MOVE_MONEY
    form_class = CancelForm
    css = "btn-danger"

    def why_not(self, request: HttpRequest, row: Tranche) -> str:
        if row.state != "accepted":
            return _("Only an advance that is accepted and not paid out can be cancelled.")
        # Treasury or an underwriter: whoever may approve an offer may also end it.
        return "" if asker(request).may(Action.APPROVE_OFFER) else why_not(asker(request), self.needs)

    def lead(self, request: HttpRequest, row: Tranche) -> str:
        return _("%(seller)s accepted %(gross)s on %(name)s, and nothing is paid out yet.") % {
            "seller": row.seller.legal_name,
            "gross": formats.money(row.gross, row.currency),
            "name": row.name,
        }

    def review(self, request: HttpRequest, row: Tranche, data: dict[str, Any]) -> Review:
        names = {"seller": row.seller.legal_name, "buyer": row.buyer.legal_name, "name": row.name}
        return Review(
            amount_label=_("You cancel an advance of"),
            amount=row.gross,
            currency=row.currency,
            party=_("to %(seller)s on %(name)s") % names,
            facts=[
                Fact(term=_("Buyer"), value=row.buyer.legal_name),
                Fact(term=_("Your reason"), value=data["reason"]),
            ],
            effects=[
                _("Nothing is paid out, and the facility and the limits are free again."),
                _("The assignment is revoked: %(buyer)s is told by mail to pay %(seller)s again.") % names,
                _("%(seller)s reads your reason and can ask anew. Other advances of the same offer stay as they are.")
                % names,
            ],
            button=_("Cancel this advance"),
        )

    def act(self, actor: Actor, row: Tranche, data: dict[str, Any]) -> Answer:
        return funding.cancel_tranche(actor=actor, tranche_ref=row.ref, **data)

    def done(self, row: Tranche, data: dict[str, Any]) -> str:
        return _("The advance is cancelled. %(buyer)s is told.") % {"buyer": row.buyer.legal_name}


def _reference(row: Tranche) -> str:
    """What the seller finds on its bank statement: the invoice or the milestone, and the advance's own reference."""
    return f"{row.name} {row.ref}"
