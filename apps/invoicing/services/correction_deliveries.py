"""Credit notes and corrected invoices on their way to the buyer: each letter is a row, as those with invoices are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from apps.audit import services as audit
from apps.core.errors import Refused
from apps.core.made import MadeState
from apps.invoicing.models import CorrectedInvoice, CorrectionDelivery, CreditNote, CreditNoteDocument
from apps.invoicing.rules.resending import MOST, check_again
from apps.invoicing.services.deliveries import GIVEN_UP_AFTER
from apps.parties.actor import Actor
from apps.parties.roles import Action

Correction = CreditNote | CorrectedInvoice
YOUNG: timedelta = GIVEN_UP_AFTER
"""So long a letter counts as being sent."""


def deliver_correction(correction: Correction, *, at: datetime, asked_by: str = "") -> CorrectionDelivery:
    """A letter, due in the moment in which the document is there, or because somebody asks for it again."""
    return CorrectionDelivery.objects.create(
        **_brings(correction),
        seller_id=correction.seller_id,
        buyer_id=correction.buyer_id,
        asked_by=asked_by,
        requested_at=at,
    )


def first_delivery(correction: Correction, *, at: datetime) -> CorrectionDelivery:
    """That of a job which was queued before each letter was a row, and names the document alone."""
    known = CorrectionDelivery.objects.filter(**_brings(correction)).order_by("pk").first()
    return known or deliver_correction(correction, at=at)


def deliver_credit_note_again(*, credit_note_ref: str, actor: Actor, at: datetime) -> CorrectionDelivery:
    """One more letter with a credit note, asked for by the seller; one at a time."""
    document = (
        CreditNoteDocument.objects.visible_to(actor)
        .select_related("credit_note__contract", "credit_note__invoice")
        .select_for_update(of=("self",))
        .filter(credit_note__ref=credit_note_ref)
        .first()
    )
    if document is None:
        raise Refused("There is no such credit note among yours. Open it from its invoice.")
    return _again(document.credit_note, state=document.state, actor=actor, at=at)


def deliver_corrected_again(*, corrected_ref: str, actor: Actor, at: datetime) -> CorrectionDelivery:
    """The same with a corrected invoice."""
    corrected = (
        CorrectedInvoice.objects.visible_to(actor)
        .select_related("contract", "invoice")
        .select_for_update(of=("self",))
        .filter(ref=corrected_ref)
        .first()
    )
    if corrected is None:
        raise Refused("There is no such corrected invoice among yours. Open it from its invoice.")
    return _again(corrected, state=corrected.state, actor=actor, at=at)


def _again(correction: Correction, *, state: str, actor: Actor, at: datetime) -> CorrectionDelivery:
    actor.require(Action.RECORD_PAYMENT, organisation_id=correction.seller_id)
    if state != MadeState.READY:
        raise Refused("{number} has no document yet, so there is nothing to send.", number=correction.number)
    letters = CorrectionDelivery.objects.filter(**_brings(correction)).order_by("-pk")
    if letters.filter(sent_at__isnull=True, requested_at__gt=at - YOUNG).exists():
        raise Refused("{number} is being sent right now. Reload the page in a moment.", number=correction.number)
    check_again(letters.values_list("requested_at", flat=True)[:MOST], at=at)
    delivery = deliver_correction(correction, at=at, asked_by=actor.name)
    _record(delivery, "sent_again", actor=actor, at=at)
    return delivery


def correction_delivered(*, delivery_ref: str, to: Sequence[str], message_id: str, at: datetime) -> CorrectionDelivery:
    """The mail server took the letter. What was noted by another run of the same job stays."""
    related = ("credit_note__contract", "credit_note__invoice", "corrected__contract", "corrected__invoice")
    found = CorrectionDelivery.objects.select_related(*related).select_for_update(of=("self",))
    delivery = found.get(ref=delivery_ref)
    if delivery.sent_at is not None:
        return delivery
    delivery.recipients, delivery.message_id, delivery.sent_at = list(to), message_id, at
    delivery.save(update_fields=["recipients", "message_id", "sent_at"])
    actor = Actor.system(organisation_id=delivery.seller_id)
    _record(delivery, "sent", actor=actor, at=at, to=list(to), message=message_id)
    return delivery


def _brings(correction: Correction) -> dict[str, Any]:
    return {"credit_note" if isinstance(correction, CreditNote) else "corrected": correction}


def _record(delivery: CorrectionDelivery, done: str, *, actor: Actor, at: datetime, **facts: Any) -> None:
    document = delivery.document
    kind = "credit_note" if delivery.credit_note_id is not None else "corrected_invoice"
    named: dict[str, Any] = {kind: document.ref}
    audit.record(
        chain=f"contract:{document.contract.ref}",
        parties=(delivery.seller_id, delivery.buyer_id),
        verb=f"{kind}.{done}",
        subject=f"invoice:{document.invoice.ref}",
        actor=actor,
        at=at,
        number=document.number,
        **named,
        delivery=delivery.ref,
        **facts,
    )
