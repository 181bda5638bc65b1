"""The verbs of documents before payment."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from django.core.files.base import ContentFile

from apps.core.errors import Refused
from apps.invoicing.models import PaymentDocument
from apps.parties.actor import Actor
from apps.workflows import payment_documents
from apps.workflows.deal_file.deal import Event
from apps.workflows.deal_file.scene import Scene, new_key
from apps.workflows.once import Answer

UNSAID: Final = "Handed in on paper."


def _hand_in(scene: Scene, event: Event, actor: Actor) -> Answer:
    file = event.files[0] if event.files else None
    return payment_documents.hand_in_document(
        actor=actor,
        document_ref=_document(scene, event, "missing").ref,
        note=event.text or ("" if file is not None else UNSAID),
        upload=ContentFile(file.text.encode(), name=file.name) if file is not None else None,
        valid_until=event.valid_until,
    )


def _confirm(scene: Scene, event: Event, actor: Actor) -> Answer:
    document = _document(scene, event, "handed_in", "missing")
    return payment_documents.confirm_document(actor=actor, key=new_key(), document_ref=document.ref)


def _return(scene: Scene, event: Event, actor: Actor) -> Answer:
    document = _document(scene, event, "handed_in")
    return payment_documents.return_document(actor=actor, key=new_key(), document_ref=document.ref, reason=event.text)


def _document(scene: Scene, event: Event, *states: str) -> PaymentDocument:
    """The one of this name that the line's invoice waits for."""
    found = PaymentDocument.objects.filter(invoice=scene.invoice(event), title=event.document, state__in=states).first()
    if found is None:
        raise Refused("The invoice of this line does not wait for such a document.")
    return found


DOCUMENTING: Mapping[str, Callable[[Scene, Event, Actor], Answer]] = MappingProxyType(
    {
        "hand_in_document": _hand_in,
        "confirm_document": _confirm,
        "return_document": _return,
    }
)
