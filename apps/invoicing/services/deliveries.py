"""Invoices on their way to the buyer: each letter is a row, so that the seller sees to whom it went and when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from apps.audit import services as audit
from apps.core.errors import Refused
from apps.invoicing.models import Delivery, Document, Invoice
from apps.invoicing.models.document import DocumentState
from apps.invoicing.rules.resending import MOST, check_again
from apps.parties.actor import Actor
from apps.parties.roles import Action

GIVEN_UP_AFTER = timedelta(minutes=5)
"""A letter that is not sent after this time may be asked for again: the mail server is away, or nobody works."""


def deliver(*, invoice: Invoice, at: datetime) -> Delivery:
    """The first letter, due in the moment in which the invoice's document is there."""
    return Delivery.objects.create(
        invoice=invoice, seller_id=invoice.seller_id, buyer_id=invoice.buyer_id, requested_at=at
    )


def deliver_again(*, invoice_ref: str, actor: Actor, at: datetime) -> Delivery:
    """One more letter with the same document, asked for by the seller; one at a time."""
    document = (
        Document.objects.visible_to(actor)
        .select_related("invoice__contract")
        .select_for_update(of=("self",))
        .filter(invoice__ref=invoice_ref)
        .first()
    )
    if document is None:
        raise Refused("There is no such invoice among yours. Open it from your list of invoices.")
    invoice = document.invoice
    actor.require(Action.RECORD_PAYMENT, organisation_id=invoice.seller_id)
    if document.state != DocumentState.READY:
        raise Refused("{number} has no document yet, so there is nothing to send.", number=invoice.number)
    waiting = Delivery.objects.filter(invoice=invoice, sent_at__isnull=True, requested_at__gt=at - GIVEN_UP_AFTER)
    if waiting.exists():
        raise Refused("{number} is being sent right now. Reload the page in a moment.", number=invoice.number)
    letters = Delivery.objects.filter(invoice=invoice, reminder=0).order_by("-pk")
    check_again(letters.values_list("requested_at", flat=True)[:MOST], at=at)
    delivery = Delivery.objects.create(
        invoice=invoice,
        seller_id=invoice.seller_id,
        buyer_id=invoice.buyer_id,
        asked_by=actor.name,
        requested_at=at,
    )
    _record(delivery, verb="invoice.sent_again", actor=actor, at=at)
    return delivery


def delivered(*, delivery_ref: str, to: Sequence[str], message_id: str, at: datetime) -> Delivery:
    """The mail server took the letter. What was noted by another run of the same job stays."""
    found = Delivery.objects.select_related("invoice__contract").select_for_update(of=("self",))
    delivery = found.get(ref=delivery_ref)
    if delivery.sent_at is not None:
        return delivery
    delivery.recipients = list(to)
    delivery.message_id = message_id
    delivery.sent_at = at
    delivery.save(update_fields=["recipients", "message_id", "sent_at"])
    actor = Actor.system(organisation_id=delivery.seller_id)
    _record(delivery, verb="invoice.sent", actor=actor, at=at, to=list(to), message=message_id)
    return delivery


def _record(delivery: Delivery, *, verb: str, actor: Actor, at: datetime, **facts: Any) -> None:
    invoice = delivery.invoice
    audit.record(
        chain=f"contract:{invoice.contract.ref}",
        parties=(delivery.seller_id, delivery.buyer_id),
        verb=verb,
        subject=f"invoice:{invoice.ref}",
        actor=actor,
        at=at,
        number=invoice.number,
        delivery=delivery.ref,
        **facts,
    )
