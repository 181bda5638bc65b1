"""An advance on a milestone: where it stands, what is still to come, what was collected; and ending it unpaid."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.core import money
from apps.core.errors import Refused
from apps.financing.models import Assignment, Collection, Disbursement, ReservePayout, Tranche
from apps.financing.models.offer import Stage
from apps.parties.roles import Action
from apps.portals import formats
from apps.portals.access import PortalRequest, portal
from apps.portals.forms import add_refusal
from apps.portals.parts import Fact, Step, Tile
from apps.portals.seller.adjustments import NOTHING_TO_COME, adjustments_of, reserve_held, told
from apps.portals.seller.forms.funding import CancelForm
from apps.portals.seller.pages import funding_crumbs, page, why_not
from apps.workflows import funding


@require_safe
@portal("seller")
def tranche(request: PortalRequest, ref: str) -> HttpResponse:
    """State, expected date, advance outstanding, reserve to come, the notice to the buyer, every collection."""
    tranches = Tranche.objects.visible_to(request.actor).filter(seller_id=request.actor.organisation_id)
    found = get_object_or_404(
        tranches.select_related(
            "milestone__invoice", "buyer", "financier", "offer", "line", "assignment", "disbursement", "contract"
        ),
        ref=ref,
    )
    collections = list(found.collections.order_by("collected_on", "pk"))
    payouts = list(found.payouts.order_by("value_on", "pk"))
    assignment: Assignment | None = getattr(found, "assignment", None)
    disbursement: Disbursement | None = getattr(found, "disbursement", None)
    happened = adjustments_of(found, actor=request.actor)
    repayments = list(found.repayments.order_by("received_on", "pk"))
    owed = money.total(one.recourse for one in happened) - money.total(one.amount for one in repayments)
    to_come = _reserve_to_come(found, collections, payouts, held=reserve_held(found, happened))
    return page(
        request,
        "tranche",
        {
            "tranche": found,
            "assignment": assignment,
            "disbursement": disbursement,
            "payouts": payouts,
            "collected": [(collection, -collection.to_advance) for collection in collections],
            "reserve": found.face - found.gross,
            "happened": told(happened),
            "repayments": repayments,
            "has_steps": found.state not in ("cancelled", *NOTHING_TO_COME),
            "tiles": _tiles(found, payouts, to_come=to_come, owed=owed),
            "steps": _steps(found, assignment, payouts, to_come=to_come),
            "next": _what_next(found, assignment, to_come=to_come, owed=owed),
            "may_cancel": not _why_not_cancel(request, found),
            "crumbs": funding_crumbs((found.name, "")),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@portal("seller")
def cancel_tranche(request: PortalRequest, ref: str) -> HttpResponse:
    """End an advance that is not paid out: how much, with whom, what follows, and the button."""
    tranches = Tranche.objects.visible_to(request.actor).filter(seller_id=request.actor.organisation_id)
    related = ("milestone__invoice", "buyer", "financier", "assignment")
    found = get_object_or_404(tranches.select_related(*related), ref=ref)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            funding.cancel_tranche(actor=request.actor, tranche_ref=found.ref, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Cancelled. The buyer is told to pay you again."))
            return redirect("seller:tranche", ref=found.ref)
    names = {"financier": found.financier.legal_name, "buyer": found.buyer.legal_name, "name": found.name}
    context = {
        "tranche": found,
        "refusal": _why_not_cancel(request, found),
        "facts": [
            Fact(term=_("For"), value=found.name),
            Fact(term=_("Buyer"), value=found.buyer.legal_name),
            Fact(term=_("Advance"), amount=found.gross, currency=found.currency),
            Fact(term=_("Would have been paid to you"), amount=found.net, currency=found.currency, is_total=True),
        ],
        "effects": [
            _("%(financier)s pays nothing on %(name)s.") % names,
            _("%(buyer)s is told by mail to pay you again.") % names,
            _("You can ask for it anew. Other advances of the same offer stay as they are."),
        ],
        "crumbs": funding_crumbs((found.name, reverse("seller:tranche", args=[found.ref])), (_("Cancel"), "")),
    }
    return page(request, "cancel_tranche", context, form=form)


def _why_not_cancel(request: PortalRequest, tranche: Tranche) -> str:
    """The reason for which the seller's asker cannot end this advance now, or nothing."""
    if tranche.state != "accepted":
        return _("Only an advance that is accepted and not paid out can be cancelled.")
    if tranche.assignment.is_notified:
        words = _("%(buyer)s has been told whom to pay, so only %(financier)s can cancel this advance. Ask them to.")
        return words % {"buyer": tranche.buyer.legal_name, "financier": tranche.financier.legal_name}
    return why_not(request.actor, Action.REQUEST_FUNDING)


def _reserve_to_come(
    tranche: Tranche, collections: Sequence[Collection], payouts: Sequence[ReservePayout], *, held: Decimal
) -> Decimal:
    """The reserve that is ``held`` less late charges, more by discount given back, less what was paid to the seller.

    Of a cancelled advance what the buyer had paid to the financier before, if it did; of one that was written off what
    the buyer paid beyond it after all.
    """
    if tranche.state in ("cancelled", *NOTHING_TO_COME):
        passed_on = money.total(payout.amount for payout in payouts)
        return money.total(collection.to_seller for collection in collections) - passed_on
    given_back = money.total(collection.rebate - collection.late_charge for collection in collections)
    return held + given_back - money.total(payout.amount for payout in payouts)


def _tiles(tranche: Tranche, payouts: Sequence[ReservePayout], *, to_come: Decimal, owed: Decimal) -> list[Tile]:
    currency = tranche.currency
    is_paid = tranche.funded_on is not None and tranche.carried_from_id is None
    received = tranche.net if is_paid else money.ZERO
    return [
        Tile(
            label=_("Paid to you so far"),
            amount=received + money.total(payout.amount for payout in payouts),
            currency=currency,
            icon="cash-coin",
            note=_("advance less discount and fee, then the reserve"),
        ),
        Tile(
            label=_("Advance outstanding"),
            amount=tranche.outstanding,
            currency=currency,
            icon="hourglass-split",
            note=_("repaid by the buyer's payment"),
        ),
        Tile(
            label=_("Reserve to come"),
            amount=to_come,
            currency=currency,
            icon="piggy-bank",
            note=_("less a charge if the buyer pays late") if tranche.outstanding else "",
        ),
        *([Tile(label=_("You owe back"), amount=owed, currency=currency, icon="arrow-return-left")] if owed else []),
    ]


def _steps(
    tranche: Tranche,
    assignment: Assignment | None,
    payouts: Sequence[ReservePayout],
    *,
    to_come: Decimal,
) -> list[Step]:
    """Accepted, notice answered, paid out, collected, reserve paid."""
    notified = assignment.acknowledged_at or assignment.waived_at if assignment else None
    is_paid_out = tranche.state == "settled" and to_come == 0
    marks = [
        (_("Accepted"), True, tranche.accepted_at.date()),
        (_("Buyer notified"), notified is not None, notified.date() if notified else None),
        (_("Paid out"), tranche.funded_on is not None, tranche.funded_on),
        *_acceptance(tranche),
        (_("Collected"), tranche.state == "settled", tranche.settled_on),
        (_("Reserve paid"), is_paid_out, payouts[-1].value_on if is_paid_out and payouts else None),
    ]
    reached = sum(is_done for _name, is_done, _on in marks)
    return [
        Step(name=name, state="done" if at < reached else "current" if at == reached else "ahead", on=on)
        for at, (name, _is_done, on) in enumerate(marks)
    ]


def _acceptance(tranche: Tranche) -> list[tuple[str, bool, date | None]]:
    """Before acceptance there is one step more: the buyer accepts the milestone."""
    if tranche.line.stage != Stage.PRE:
        return []
    is_bought = tranche.bought_at is not None or tranche.state in ("funded_post", "part_collected", "settled")
    accepted_at = tranche.milestone.accepted_at
    return [(_("Milestone accepted"), is_bought, accepted_at.date() if accepted_at else None)]


def _what_next(
    tranche: Tranche, assignment: Assignment | None, *, to_come: Decimal, owed: Decimal
) -> dict[str, object]:
    buyer, financier = tranche.buyer.legal_name, tranche.financier.legal_name
    if owed or tranche.state == "defaulted":
        names = {"owed": formats.money(owed, tranche.currency), "buyer": buyer, "financier": financier}
        return {"text": _after_trouble(tranche, owed=owed) % names}
    if tranche.state == "accepted" and (assignment is None or not assignment.is_notified):
        return {"text": _("%(buyer)s acknowledges the assignment; then you are paid.") % {"buyer": buyer}}
    if tranche.state == "accepted":
        text = _("%(financier)s pays the advance to your account. Planned for") % {"financier": financier}
        return {"text": text, "due": tranche.offer.funding_on}
    if tranche.state == "funded_pre":
        text = _("%(buyer)s accepts “%(milestone)s”; then its invoice is bought. Its payment is expected on")
        return {"text": text % {"buyer": buyer, "milestone": tranche.milestone.title}, "due": tranche.expected_on}
    if tranche.state in ("funded_post", "part_collected"):
        text = _("%(buyer)s pays %(financier)s, and the reserve is released to you. Expected on")
        return {"text": text % {"buyer": buyer, "financier": financier}, "due": tranche.expected_on}
    return {"text": _after_the_end(tranche, to_come=to_come) % {"financier": financier}}


def _after_the_end(tranche: Tranche, *, to_come: Decimal) -> str:
    """What comes next where nothing is advanced any more."""
    if not to_come:
        return _("nothing. This advance is closed.")
    if tranche.state == "settled":
        return _("%(financier)s pays the reserve to your account.")
    return _("%(financier)s passes on to you what the buyer paid to it.")


def _after_trouble(tranche: Tranche, *, owed: Decimal) -> str:
    """What comes next where the seller owes something back, or the buyer does not pay."""
    if tranche.state == "recourse_due":
        return _("you pay %(owed)s back to %(financier)s. What the buyer owes for it is yours again then.")
    if owed:
        return _("you pay %(owed)s back to %(financier)s. The rest of the advance stands, and the buyer repays it.")
    return _("%(buyer)s has not paid. %(financier)s goes on collecting; you owe nothing for that alone.")
