"""What a certificate says, as canonical text: the decision, the text that was shown, files, the place in the record.

Everything is read from rows that cannot change any more. Criteria, claims and files come from the submission's own
canonical text, because that is what was shown and signed off.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from apps.contracts import services as contracts
from apps.core import canonical
from apps.core.printing import words
from apps.milestones.models import Decision, FirstAcceptance, Submission

FORMAT: Final = "certificate-1"
VERBS: Final = (
    "milestone.accepted",
    "milestone.accepted_with_reservations",
    "milestone.partly_accepted",
    "milestone.deemed_accepted",
)
"""By which an acceptance that is certified stands in the audit chain."""
PERSON: Final = ("name", "email", "address", "agent", "authenticated_by", "sha256")


@dataclass(frozen=True, slots=True)
class BilledBy:
    """The invoice that the acceptance issued, as the certificate names it. ``sha256`` is that of its snapshot."""

    number: str
    ref: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    sha256: str


@dataclass(frozen=True, slots=True)
class StandsIn:
    """The application for payment in which what was accepted stood first, where no invoice was issued with it.

    ``number`` is 0 where all of it was withheld for defects, so that it stood in none yet.
    """

    number: int
    ref: str


def written(decision: Decision, *, ref: str, invoice: BilledBy | StandsIn, at: datetime) -> str:
    """The canonical text of the certificate of a decision, begun at ``at``."""
    contract, submission = decision.contract, decision.submission
    milestone, buyer = submission.milestone, contract.buyer
    version = milestone.line.version
    shown = canonical.read(submission.canonical_text)
    return canonical.text(
        {
            "format": FORMAT,
            "ref": ref,
            "begun_at": at,
            "language": words.language(buyer.language),
            "time_zone": buyer.time_zone,
            "contract": {
                "ref": contract.ref,
                "number": contract.number,
                "title": contract.title,
                "version": version.number,
                "version_sha256": version.sha256,
                "seller": contract.seller.legal_name,
                "buyer": buyer.legal_name,
            },
            "milestone": {
                "ref": milestone.ref,
                "position": milestone.position,
                **({"part": milestone.part} if milestone.part > 1 else {}),
                "title": milestone.title,
                "amount": milestone.amount,
                "agreed": milestone.line.amount,
                "currency": milestone.currency,
            },
            "submission": {
                "ref": submission.ref,
                "cycle": submission.number,
                "submitted_at": submission.submitted_at,
                "note": shown["note"],
                "sha256": submission.sha256,
            },
            "criteria": _criteria(decision, shown),
            "files": shown["files"],
            **({"links": shown["links"]} if "links" in shown else {}),
            **_reservations(decision),
            **_steps(submission),
            "decision": _decision(decision, signatory=version.signatory_email),
            **({"lapse": canonical.read(decision.lapse_text)} if decision.lapse_text else {}),
            **({"application": asdict(invoice)} if isinstance(invoice, StandsIn) else {"invoice": asdict(invoice)}),
            "audit": contracts.place_in_record(
                decision.contract,
                verbs=VERBS,
                subject=f"milestone:{milestone.ref}",
                at=decision.recorded_at or decision.decided_at,
            ),
        }
    )


def _criteria(decision: Decision, shown: dict[str, Any]) -> list[dict[str, Any]]:
    """Each criterion as it was shown, with the seller's claim and the buyer's verdict; none where silence accepted."""
    if decision.rule:
        return list(shown["criteria"])
    verdicts = {one.criterion.position: one for one in decision.verdicts.select_related("criterion")}
    return [
        {
            **criterion,
            "is_passed": verdicts[criterion["position"]].is_passed,
            "reason": verdicts[criterion["position"]].reason,
        }
        for criterion in shown["criteria"]
    ]


def _reservations(decision: Decision) -> dict[str, Any]:
    """Under which reservations it was accepted; nothing where there were none."""
    names = ("number", "title", "text", "due_on", "amount")
    listed = [
        {**{name: getattr(one, name) for name in names}, "criterion": one.criterion.text if one.criterion else None}
        for one in decision.reservations.select_related("criterion")
    ]
    return {"reservations": listed} if listed else {}


def _steps(submission: Submission) -> dict[str, Any]:
    """When the review clock stood still, who inspected, who accepted first; nothing of what did not happen."""
    told: dict[str, Any] = {}
    stopped = list(submission.questions.filter(stops_clock=True).order_by("number"))
    if stopped:
        names = ("asked_at", "answered_at", "due_before", "due_after")
        told["suspensions"] = [{name: getattr(one, name) for name in names} for one in stopped]
    inspection = submission.inspections.order_by("pk").last()
    if inspection is not None:
        told["inspection"] = {name: getattr(inspection, name) for name in ("inspected_at", "is_passed", *PERSON)}
    first: FirstAcceptance | None = getattr(submission, "first_acceptance", None)
    if first is not None:
        more = ("accepted_at", "amount", "statement", "statement_version", "proved_by", "proved_at", "comment")
        told["first_acceptance"] = {name: getattr(first, name) for name in (*more, "circumstances", *PERSON)}
        told["first_acceptance"] |= _token(first)
        if first.quantity is not None:
            told["first_acceptance"] |= {"quantity": first.quantity, "unit": submission.milestone.line.unit}
        if first.defects:
            told["first_acceptance"]["reserved"] = [one["title"] for one in first.defects]
    return told


def _decision(decision: Decision, *, signatory: str) -> dict[str, Any]:
    return {
        "outcome": decision.outcome,
        "comment": decision.comment,
        **(
            {"accepted_for_interest_at": decision.accepted_for_interest_at}
            if decision.accepted_for_interest_at is not None
            else {}
        ),
        "statement": decision.statement,
        "statement_version": decision.statement_version,
        "statement_sha256": canonical.sha256(decision.statement),
        "name": decision.name,
        "email": decision.email,
        "organisation": decision.organisation_name,
        "is_named_in_the_contract": decision.email.lower() == signatory.lower(),
        "decided_at": decision.decided_at,
        "address": decision.address,
        "agent": decision.agent,
        "authenticated_by": decision.authenticated_by,
        "proved_by": decision.proved_by,
        "proved_at": decision.proved_at,
        "circumstances": decision.circumstances,
        "link": contracts.link_told(decision.grant),
        **_token(decision),
        "sha256": decision.sha256,
    }


def _token(act: Decision | FirstAcceptance) -> dict[str, str]:
    """The hash of the token by which a guest came, which is all that is kept of it; nothing of a member."""
    return {"token_sha256": act.grant.token_sha256} if act.grant is not None else {}
