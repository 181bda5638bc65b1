"""Mails about refunds, to those who paid."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.invoicing.models import Refund
from apps.invoicing.models.refund import RefundState
from apps.workflows.mails.invoices import payables
from apps.workflows.mails.letter import Letter, absolute, fact, money, send


def refund(*, refund_ref: str) -> None:
    """Tell the payer's payables what was paid back, when and why; nothing if it came back meanwhile."""
    made = _refund(refund_ref)
    if made.state == RefundState.PAID:
        _send(made, name="refund")


def refund_returned(*, refund_ref: str) -> None:
    """Take that back: the transfer did not arrive, or there was none."""
    _send(_refund(refund_ref), name="refund_returned")


def _refund(refund_ref: str) -> Refund:
    return Refund.objects.select_related("payment", "seller", "buyer").get(ref=refund_ref)


def _send(made: Refund, *, name: str) -> None:
    facts = [
        fact(_("You paid on"), on=made.payment.received_on),
        money(_("You paid"), made.payment.amount, made.currency),
        fact(_("Paid back on"), on=made.paid_on),
        fact(_("Bank reference"), made.bank_reference),
        fact(_("Reason"), made.ended_reason or made.reason),
    ]
    send(
        Letter(
            name=name,
            key=f"{name}.{made.ref}",
            sender=made.seller,
            reader=made.buyer,
            to=payables(made.buyer),
            button=_("Open your account with us"),
            url=_account(made),
            facts=facts,
            context={"refund": made},
        )
    )


def _account(made: Refund) -> str:
    """The statement of account in the payer's portal; nothing while it has none."""
    return absolute(reverse("buyer:account_statement", args=[made.seller.ref])) if made.buyer.is_claimed else ""
