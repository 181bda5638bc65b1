"""What the certificate of an event says, as canonical text.

Everything is read from rows that cannot change any more; what was issued downstream is handed in as a plain value.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from apps.contracts import services as contracts
from apps.contracts.models import ContractVersion
from apps.core import canonical
from apps.core.printing import words
from apps.milestones.certificates import BilledBy
from apps.milestones.models import ConfirmedEvent

FORMAT: Final = "event-certificate-1"
CONFIRMED: Final = (
    *("name", "email", "confirmed_at", "address", "agent", "authenticated_by", "proved_by", "proved_at"),
    *("circumstances", "statement", "statement_version", "sha256"),
)


def written(event: ConfirmedEvent, *, invoices: Sequence[BilledBy], ref: str, at: datetime) -> str:
    """The canonical text of the certificate of an event, begun at ``at``; ``invoices`` are those issued for it."""
    contract = event.contract
    version = _version(event)
    return canonical.text(
        {
            "format": FORMAT,
            "ref": ref,
            "begun_at": at,
            "language": words.language(contract.buyer.language),
            "time_zone": contract.buyer.time_zone,
            "contract": {
                "ref": contract.ref,
                "number": contract.number,
                "title": contract.title,
                "version": version.number,
                "version_sha256": version.sha256,
                "seller": contract.seller.legal_name,
                "buyer": contract.buyer.legal_name,
            },
            "event": {
                "ref": event.ref,
                "event": event.event,
                "note": event.note,
                "payable": event.payable,
                "currency": contract.currency,
                "milestones": _waited(version, event.event),
            },
            "confirmation": _confirmation(event),
            "invoices": list(invoices),
            "audit": contracts.place_in_record(
                contract, verbs=["event.confirmed"], subject=f"event:{event.ref}", at=event.confirmed_at
            ),
        }
    )


def _version(event: ConfirmedEvent) -> ContractVersion:
    """The version in force when it was confirmed, which is most often the one in force now."""
    active = event.contract.active_version
    if active is not None and active.sha256 == event.sha256:
        return active
    return event.contract.versions.filter(sha256=event.sha256).latest("pk")


def _waited(version: ContractVersion, event: str) -> list[dict[str, Any]]:
    """The milestones that waited for it, as the contract in force named them."""
    lines = version.lines.filter(condition__isnull=False).order_by("position")
    return [
        {"position": line.position, "title": line.title}
        for line in lines
        if line.own.condition is not None and event in line.own.condition.events
    ]


def _confirmation(event: ConfirmedEvent) -> dict[str, Any]:
    return {
        **{part: getattr(event, part) for part in CONFIRMED},
        **({"link": contracts.link_told(event.grant)} if event.grant is not None else {}),
        "organisation": event.contract.buyer.legal_name,
        "statement_sha256": canonical.sha256(event.statement),
    }
