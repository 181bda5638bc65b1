"""What the signature page of a version says, as canonical text: who signed, and the place in the record.

Everything is read from rows that cannot change any more. What the contract itself says stands in the version's own
canonical text and is not repeated here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from apps.contracts.models import ContractDocument, ContractVersion, Signature
from apps.contracts.services.grants import link_told
from apps.contracts.services.record import place_in_record
from apps.core import canonical
from apps.core.printing import words

FORMAT: Final = "contract-document-1"
PERSON: Final = (
    *("name", "email", "address", "agent", "authenticated_by", "circumstances"),
    *("statement", "statement_version", "sha256"),
)
RECORDED_AS: Final = {
    ContractDocument.Kind.PROPOSAL: ["contract.proposed", "change.proposed"],
    ContractDocument.Kind.SIGNED: ["contract.signed", "change.signed"],
}


def written(version: ContractVersion, *, kind: str, ref: str, at: datetime) -> str:
    """The canonical text of the document of a version, begun at ``at``."""
    contract, said = version.contract, canonical.read(version.canonical_text)
    signatures = list(version.signatures.select_related("grant", "plan").order_by("signed_at", "pk"))
    if kind == ContractDocument.Kind.PROPOSAL:
        # A proposal bears the signature of whoever proposed, also when it is printed after the answer.
        signatures = signatures[:1]
    picked = signatures[-1].plan
    return canonical.text(
        {
            "format": FORMAT,
            "ref": ref,
            "kind": kind,
            "begun_at": at,
            "language": words.language(contract.buyer.language),
            "time_zone": contract.buyer.time_zone,
            "contract": contract.ref,
            "version": {"ref": version.ref, "number": version.number, "sha256": version.sha256},
            "signatures": [_signature(one, said) for one in signatures],
            # Which of several plans was picked, by its number; nothing where there is one plan only.
            **({"option": picked.option_number} if picked is not None else {}),
            "audit": place_in_record(
                contract,
                verbs=RECORDED_AS[ContractDocument.Kind(kind)],
                subject=f"version:{version.ref}",
                at=signatures[-1].signed_at,
            ),
        }
    )


def _signature(signature: Signature, said: Mapping[str, Any]) -> dict[str, Any]:
    """Who signed, for the organisation as the signed text names it."""
    return {
        **{part: getattr(signature, part) for part in PERSON},
        "side": signature.side,
        "organisation": said[str(signature.side)]["legal_name"],
        "signed_at": signature.signed_at,
        "statement_sha256": canonical.sha256(signature.statement),
        "link": link_told(signature.grant),
    }
