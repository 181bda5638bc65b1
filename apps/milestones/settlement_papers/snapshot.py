"""What the paper of a settlement says besides the text that both sides signed, as canonical text.

Everything is read from rows that cannot change any more; what was issued downstream is handed in as a plain value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from apps.contracts import services as contracts
from apps.core import canonical
from apps.core.printing import words
from apps.milestones.models import Settlement, SettlementSignature

FORMAT: Final = "settlement-paper-1"
PERSON: Final = (
    *("name", "email", "address", "agent", "authenticated_by", "proved_by", "proved_at", "circumstances"),
    *("statement", "statement_version", "sha256", "side", "signed_at"),
)


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice or a credit note that the settlement issued. ``about`` is what it bills, or the invoice it corrects;
    ``sha256`` that of its snapshot. Amounts in the contract's currency."""

    kind: str
    number: str
    about: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    sha256: str


def written(settlement: Settlement, *, issued: Sequence[Issued], ref: str, at: datetime) -> str:
    """The canonical text of the paper of a signed settlement, begun at ``at``."""
    contract = settlement.contract
    signatures = sorted(settlement.signatures.all(), key=lambda one: (one.signed_at, one.pk))
    return canonical.text(
        {
            "format": FORMAT,
            "ref": ref,
            "begun_at": at,
            "language": words.language(contract.buyer.language),
            "time_zone": contract.buyer.time_zone,
            "seller": contract.seller.legal_name,
            "buyer": contract.buyer.legal_name,
            "settlement": {"ref": settlement.ref, "number": settlement.number, "sha256": settlement.sha256},
            "signatures": [_signature(one) for one in signatures],
            "issued": list(issued),
            "audit": contracts.place_in_record(
                contract,
                verbs=["settlement.signed"],
                subject=f"settlement:{settlement.ref}",
                at=signatures[-1].signed_at,
            ),
        }
    )


def _signature(signature: SettlementSignature) -> dict[str, Any]:
    return {
        **{part: getattr(signature, part) for part in PERSON},
        "organisation": signature.organisation.legal_name,
        "statement_sha256": canonical.sha256(signature.statement),
    }
