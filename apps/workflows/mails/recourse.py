"""Mails about what happens to an advance beside the buyer's payments: to the seller, and to the financier's people."""

from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apps.financing import services as financing
from apps.financing.models import Adjustment, Assignment, BankMovement, Collection, Repayment, Tranche
from apps.financing.models.movement import Movement
from apps.invoicing.models import PayeeInstruction
from apps.milestones.models import Milestone
from apps.parties import services as parties
from apps.parties.roles import Action
from apps.workflows.mails import desk
from apps.workflows.mails.funding import readers_of_notice
from apps.workflows.mails.letter import Letter, absolute, fact, money, send

RELATED: Final = ("seller", "buyer", "financier", "milestone__invoice")
HEADINGS: Final = {
    "slip": _("The payment of {name} is expected later"),
    "change": _("{name} is smaller than what was advanced on"),
    "shortfall": _("{name} was accepted for less than was advanced on"),
    "carried": _("{name} was accepted in part, and the rest of its advance stands on"),
    "rejection": _("The advance on {name} is to be paid back"),
    "dilution": _("{name} was credited after it was sold"),
    "write_off": _("The advance on {name} is written off"),
}
OWES: Final = (
    _("The seller owes back what is named below. When it has paid that, nothing more is owed on it."),
    _("You owe back what is named below. When you have paid that, nothing more is owed on it."),
)
OWES_NOTHING: Final = (_("The seller owes nothing back by it."), _("You owe nothing back by it."))
LOST: Final = (
    _("The buyer did not pay. The seller owes nothing back, and the reserve that was kept is lost with it."),
    _("The buyer did not pay. You owe nothing back, and the reserve that was kept is lost with it."),
)
STANDS_ON: Final = 2 * (
    _(
        "The accepted part covers what stays advanced on it. What is carried over is advanced on the rest, at the price"
        " as it was."
    ),
)
"""As the financier reads it, and as the seller does."""


def adjusted(*, adjustment_ref: str, organisation_id: int) -> None:
    """Tell a side what happened to an advance, what is owed back by it, and what is still out."""
    related = [f"tranche__{name}" for name in RELATED]
    adjustment = Adjustment.objects.select_related(*related).get(ref=adjustment_ref)
    tranche = adjustment.tranche
    heading = format_lazy(HEADINGS[adjustment.kind], name=tranche.name)
    facts = _facts(adjustment)
    words, told = LOST if adjustment.written_off else OWES if adjustment.recourse else OWES_NOTHING
    if adjustment.carried:
        words, told = STANDS_ON
    if organisation_id == tranche.financier_id:
        desk.about_advance(
            tranche, key=f"adjusted.{adjustment.ref}", sender=tranche.seller, facts=facts, heading=heading, words=words
        )
    else:
        _to_seller(tranche, key=f"adjusted.{adjustment.ref}", facts=facts, heading=heading, words=told)


def parted(*, milestone_ref: str, rest_ref: str) -> None:
    """Tell everybody to whom the notice of assignment went whom the buyer pays for the accepted part and for the rest.

    The notice was of the whole milestone; what an advance does not need any more the buyer pays to the seller.
    """
    assignment = Assignment.objects.select_related("milestone__invoice", "contract__seller", "contract__buyer").get(
        milestone__ref=milestone_ref, revoked_at=None
    )
    rest, contract = Milestone.objects.get(ref=rest_ref), assignment.contract
    assigned = PayeeInstruction.objects.assigned()
    payee = assigned.get(milestone=assignment.milestone_id)
    stands_on = assigned.filter(milestone=rest).first()
    send(
        Letter(
            name="advance",
            key=f"parted.{rest.ref}",
            sender=contract.seller,
            reader=contract.buyer,
            to=readers_of_notice(assignment),
            button=_("Open the invoice"),
            url=absolute(reverse("buyer:invoice", args=[assignment.milestone.invoice.ref])),
            facts=[
                fact(_("Invoice of the accepted part"), assignment.name),
                fact(_("Pay to"), payee.payee_name),
                fact(_("The rest"), rest.title),
                fact(_("Pay to"), stands_on.payee_name if stands_on else contract.seller.legal_name),
            ],
            context={
                "heading": format_lazy(_("Whom you pay for {name}"), name=assignment.milestone.title),
                "words": _("You accepted a part. The notice of assignment holds for that part and for the rest.")
                if stands_on
                else _(
                    "You accepted a part. The notice of assignment holds for that part only. The rest, once you accept"
                    " it, you pay to the seller."
                ),
            },
        )
    )


def repaid(*, repayment_ref: str) -> None:
    """Tell the seller that its repayment arrived, and whether it bought the advance back."""
    related = [f"tranche__{name}" for name in RELATED]
    repayment = Repayment.objects.select_related(*related).get(ref=repayment_ref)
    tranche = repayment.tranche
    is_over = tranche.state == "repurchased"
    _to_seller(
        tranche,
        key=f"repaid.{repayment.ref}",
        facts=[
            money(_("Paid back"), repayment.amount, tranche.currency),
            fact(_("Received"), on=repayment.received_on),
            fact(_("Bank reference"), repayment.bank_reference),
        ],
        heading=format_lazy(
            _("You have bought {name} back") if is_over else _("Your repayment on {name} has arrived"),
            name=tranche.name,
        ),
        words=_("What is owed for it is yours again, and the buyer is told to pay you.")
        if is_over
        else _("It is set off against what you owe back."),
    )


def defaulted(*, tranche_ref: str) -> None:
    """Tell the seller that its financier does not expect the buyer to pay any more."""
    tranche = Tranche.objects.select_related(*RELATED).get(ref=tranche_ref)
    _to_seller(
        tranche,
        key=f"defaulted.{tranche.ref}",
        facts=[
            fact(_("Reason"), tranche.default_reason),
            money(_("Advance outstanding"), tranche.outstanding, tranche.currency),
        ],
        heading=format_lazy(_("{name} is not paid, and in default"), name=tranche.name),
        words=_("Your financier goes on collecting from the buyer. You owe nothing for that alone."),
    )


def returned(*, tranche_ref: str) -> None:
    """Tell the seller that its advance came back from the bank, and what it has to do."""
    tranche = Tranche.objects.select_related(*RELATED).get(ref=tranche_ref)
    movement = BankMovement.objects.get(tranche=tranche, kind=Movement.RETURNED)
    _to_seller(
        tranche,
        key=f"returned.{tranche.ref}",
        facts=[
            money(_("Returned"), movement.amount, tranche.currency),
            fact(_("Returned on"), on=movement.value_on),
        ],
        heading=format_lazy(_("The advance on {name} came back from your bank"), name=tranche.name),
        words=_(
            "Nothing was advanced, and the buyer is told to pay you. Check the bank account of your organisation, then"
            " ask anew."
        ),
    )


def misdirected(*, collection_ref: str) -> None:
    """Tell the seller that money of the buyer's that reached it belongs to its financier."""
    related = [f"tranche__{name}" for name in RELATED]
    collection = Collection.objects.select_related("payment", *related).get(ref=collection_ref)
    tranche = collection.tranche
    _to_seller(
        tranche,
        key=f"misdirected.{collection.ref}",
        facts=[
            money(_("Paid to you"), collection.amount, tranche.currency),
            fact(_("Received"), on=collection.payment.received_on),
            fact(_("Bank reference"), collection.payment.bank_reference),
        ],
        heading=format_lazy(_("Pass the payment of {name} on"), name=tranche.name),
        words=_("The invoice is sold, and the buyer paid you by mistake. Pass the money on to your financier."),
    )


def _facts(adjustment: Adjustment) -> list[dict[str, Any]]:
    tranche = adjustment.tranche
    if adjustment.carried:
        return [
            money(_("Carried over to the rest"), adjustment.charged_back, tranche.currency),
            fact(_("The rest"), tranche.carried_to.milestone.title),
            money(_("Advance outstanding"), tranche.outstanding, tranche.currency),
        ]
    amounts: list[tuple[Promise | str, Decimal]] = [
        (_("No longer advanced"), adjustment.charged_back),
        (_("Borne by the reserve"), adjustment.reserve),
        (_("Discount given back"), max(adjustment.discount, Decimal(0)) if not adjustment.written_off else Decimal(0)),
        (_("Owed back by it"), adjustment.recourse),
        (_("Owed back in all"), financing.owed_back_in_all(tranche)),
        (_("Advance outstanding"), tranche.outstanding),
    ]
    said = [fact(_("Reason"), adjustment.said)] if adjustment.reason else []
    if adjustment.expected_on is not None:
        said.append(fact(_("Payment expected"), on=adjustment.expected_on))
    return [*said, *(money(term, amount, tranche.currency) for term, amount in amounts if amount)]


def _to_seller(
    tranche: Tranche, *, key: str, facts: list[dict[str, Any]], heading: Promise | str, words: Promise | str
) -> None:
    send(
        Letter(
            name="advance",
            key=key,
            sender=tranche.financier,
            reader=tranche.seller,
            to=parties.mailboxes(organisation_id=tranche.seller_id, action=Action.REQUEST_FUNDING),
            button=_("Open the advance"),
            url=absolute(reverse("seller:tranche", args=[tranche.ref])),
            facts=[
                fact(_("Milestone"), tranche.milestone.title),
                fact(_("Financier"), tranche.financier.legal_name),
                *facts,
            ],
            context={"heading": heading, "words": words},
        )
    )
