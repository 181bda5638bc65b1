"""The events that the buyer confirmed, as evidence: each confirmation, its certificate, and what that was made from."""

from typing import Any

from apps.contracts.models import Contract
from apps.core import canonical
from apps.core.made import Kept, MadeState
from apps.milestones.models import ConfirmedEvent, EventCertificate
from apps.workflows.packs import parts
from apps.workflows.packs.parts import PERSON, Contents


def collect(contract: Contract, contents: Contents) -> None:
    """Every confirmed event, in their order; of those of earlier versions of Cairn the audit chain alone tells."""
    confirmed = ConfirmedEvent.objects.filter(contract=contract).select_related("certificate").order_by("pk")
    for number, event in enumerate(confirmed, start=1):
        if event.circumstances is None:
            continue
        place = f"events/{number:04d}"
        told = _confirmation(event)
        contents.add(parts.record(f"{place}/confirmation.json", "confirmation", told, ref=event.ref))
        certificate: EventCertificate | None = getattr(event, "certificate", None)
        if certificate is None or certificate.state != MadeState.READY:
            contents.missing.append({"kind": "event_certificate", "of": f"event:{event.ref}"})
            continue
        kept = Kept(certificate.stored_as, certificate.size, certificate.sha256)
        contents.add(parts.stored(f"{place}/certificate.pdf", "event_certificate", kept, ref=event.ref))
        said = certificate.snapshot
        contents.add(parts.text(f"{place}/certificate.json", "event_certificate_text", said, ref=event.ref))


def _confirmation(event: ConfirmedEvent) -> dict[str, Any]:
    return {
        **{part: getattr(event, part) for part in PERSON},
        "event": event.event,
        "note": event.note,
        "payable": event.payable,
        "confirmed_at": event.confirmed_at,
        "proved_by": event.proved_by,
        "proved_at": event.proved_at,
        "statement": event.statement,
        "statement_version": event.statement_version,
        "statement_sha256": canonical.sha256(event.statement),
        "circumstances": event.circumstances,
        "sha256": event.sha256,
    }
