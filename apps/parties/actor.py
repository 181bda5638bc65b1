"""Who is acting: a user in an organisation, a guest by personal link, or the system on an organisation's behalf."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from apps.core.errors import NotAllowed, ProofNeeded
from apps.parties.roles import PERMITTED, Action


class ActorKind(StrEnum):
    USER = "user"
    GUEST = "guest"
    SYSTEM = "system"


PROOF_HOLDS: Final = timedelta(minutes=10)
"""How long after showing who one is one may do what asks for it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody showed once more who it is: by a passkey, an authenticator, or a code sent to the own mailbox."""

    by: str
    at: datetime

    def holds(self, *, at: datetime) -> bool:
        """Whether it was a moment ago; one of the future is none."""
        return abs(at - self.at) <= PROOF_HOLDS


def evidence_of(proof: Proof | None) -> dict[str, Any]:
    """How somebody showed once more who it is, by the columns that keep it; empty where nobody was asked."""
    return {"proved_by": proof.by if proof is not None else "", "proved_at": proof.at if proof is not None else None}


@dataclass(frozen=True, slots=True)
class Origin:
    """From where and how somebody acted; part of the evidence. ``address`` is an IP, ``agent`` the browser's name.

    ``proof`` is the last time that the person showed who it is, if that was in this browser; doors find it.
    ``language`` is that of the page, ``key`` the idempotency key of its form; both are known once a workflow runs.
    """

    address: str = ""
    agent: str = ""
    authenticated_by: str = ""
    proof: Proof | None = None
    language: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """One acting party. Doors make it; filters and services read it; the audit trail keeps it.

    ``organisation_id`` is the organisation for which the actor speaks. A guest has ``grant_id`` and may touch the one
    contract ``contract_id``. ``approval_limit`` is in units of the contract's currency; None means without limit.
    ``speaks_for_financier`` says that the organisation funds.
    """

    kind: ActorKind
    organisation_id: int
    roles: frozenset[str] = frozenset()
    name: str = ""
    email: str = ""
    user_id: int | None = None
    grant_id: int | None = None
    contract_id: int | None = None
    approval_limit: Decimal | None = None
    speaks_for_financier: bool = False
    origin: Origin = field(default=Origin())

    @classmethod
    def system(cls, *, organisation_id: int) -> "Actor":
        """A job, a rule or an import acting for an organisation; it has no roles and so can decide nothing."""
        return cls(kind=ActorKind.SYSTEM, organisation_id=organisation_id, name="Cairn")

    def evidence(self) -> dict[str, Any]:
        """Who acted and from where, by the columns in which signatures and decisions keep it."""
        return {
            "user_id": self.user_id,
            "name": self.name,
            "email": self.email,
            "address": self.origin.address,
            "agent": self.origin.agent,
            "authenticated_by": self.origin.authenticated_by,
        }

    def circumstances(self, **more: Any) -> dict[str, Any]:
        """In what roles, on a page in which language, by the form with which key somebody acts: part of the evidence.

        Up to which amount the person may sign off is the organisation's own business, and stands in its record of its
        team: others are told that the amount lay within it.
        """
        return {"roles": sorted(self.roles), "language": self.origin.language, "key": self.origin.key, **more}

    def may(self, action: Action) -> bool:
        """Whether one of the actor's roles permits the action; the service that knows the object checks the side."""
        return not self.roles.isdisjoint(PERMITTED[action])

    def require_proof(self, *, at: datetime) -> Proof:
        """How the person showed a moment ago who it is; refused otherwise, and to the system, which is no person."""
        proof = self.origin.proof
        if proof is None or not proof.holds(at=at):
            raise ProofNeeded("Confirm first that it is you; nothing was changed.")
        return proof

    def require(self, action: Action, *, organisation_id: int | None = None) -> None:
        """Refuse unless a role permits the action and, where given, the actor speaks for that organisation."""
        if organisation_id is not None and organisation_id != self.organisation_id:
            raise NotAllowed(
                "Only the other side of this contract may {action}.",
                action=action.value,
            )
        if not self.may(action):
            raise NotAllowed(
                "Your role does not allow you to {action}. Ask an owner of your organisation.",
                action=action.value,
            )
