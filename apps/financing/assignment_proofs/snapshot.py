"""What the proof of an assignment says, as canonical text, from rows that cannot change any more.

The price of the sale is between seller and financier: of the offer it names the hash of what the seller signed.
"""

from datetime import datetime
from typing import Final

from apps.contracts import services as contracts
from apps.core import canonical
from apps.core.printing import words
from apps.financing.models import Assignment

FORMAT: Final = "assignment-proof-1"


def written(assignment: Assignment, *, ref: str, at: datetime) -> str:
    """The canonical text of the proof of an assignment, begun at ``at``."""
    contract, offer = assignment.contract, assignment.tranche.offer
    signed_by = offer.answered_by
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
                "seller": contract.seller.legal_name,
                "buyer": contract.buyer.legal_name,
            },
            "assignment": {
                "ref": assignment.ref,
                "financier": assignment.financier.legal_name,
                "milestone": assignment.milestone.title,
                "face": assignment.tranche.receivable,
                "currency": assignment.tranche.currency,
                "notice": assignment.notice,
                "notice_sha256": assignment.notice_sha256,
                "notified_at": assignment.notified_at,
            },
            "signature": {
                "name": signed_by.name if signed_by is not None else "",
                "organisation": contract.seller.legal_name,
                "signed_at": offer.answered_at,
                "disclosure_sha256": offer.disclosure_sha256,
                **contracts.place_in_record(
                    contract, verbs=["offer.accepted"], subject=f"offer:{offer.ref}", at=offer.answered_at
                ),
            },
            "audit": contracts.place_in_record(
                contract, verbs=["receivable.assigned"], subject=f"assignment:{assignment.ref}"
            ),
        }
    )
