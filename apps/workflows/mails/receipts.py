"""Mails about money that was paid: the receipt, and that it was taken back."""

from django.utils.translation import gettext_lazy as _

from apps.invoicing.models import Allocation
from apps.workflows.mails.invoices import page_of, payables
from apps.workflows.mails.letter import Letter, fact, money, send


def payment_receipt(*, payment_ref: str) -> None:
    """Tell the buyer's payables that the seller has the money, and what is still open."""
    part = _made(payment_ref)
    payment, paid = part.payment, part.invoice
    if hasattr(payment, "reversal"):
        # Reversed before the mail server was reached: what would arrive now is not true any more.
        return
    surplus = payment.amount - part.amount
    facts = [
        fact(_("Invoice"), paid.number),
        fact(_("Received on"), on=payment.received_on),
        money(_("Still open"), paid.open_item.open, paid.currency),
    ]
    if surplus:
        facts.append(money(_("More than was open; it stays yours"), surplus, paid.currency))
    send(
        Letter(
            name="payment_receipt",
            key=payment.ref,
            sender=paid.seller,
            reader=paid.buyer,
            to=payables(paid.buyer),
            button=_("Open the invoice"),
            url=page_of(paid, buyer=paid.buyer),
            facts=facts,
            context={"invoice": paid, "payment": payment},
        )
    )


def payment_reversed(*, payment_ref: str) -> None:
    """Take the receipt back: the payment was recorded by mistake, why, and what is open now."""
    part = _made(payment_ref)
    payment, paid = part.payment, part.invoice
    send(
        Letter(
            name="payment_reversed",
            key=payment.ref,
            sender=paid.seller,
            reader=paid.buyer,
            to=payables(paid.buyer),
            button=_("Open the invoice"),
            url=page_of(paid, buyer=paid.buyer),
            facts=[
                fact(_("Invoice"), paid.number),
                fact(_("Recorded as received on"), on=payment.received_on),
                fact(_("Reason"), payment.reversal.reason),
                money(_("Open now"), paid.open_item.open, paid.currency),
            ],
            context={"invoice": paid, "payment": payment},
        )
    )


def _made(payment_ref: str) -> Allocation:
    related = ("payment", "invoice__seller", "invoice__buyer", "invoice__open_item")
    return Allocation.objects.made().select_related(*related).get(payment__ref=payment_ref)
