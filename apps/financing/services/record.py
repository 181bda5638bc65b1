"""Financing is written into the audit chain of the contract whose invoice is financed."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apps.audit import services as audit
from apps.contracts.models import Contract
from apps.core.errors import NotAllowed
from apps.parties.actor import Actor
from apps.parties.models import Organisation


def record(
    contract: Contract, *, financier_id: int, verb: str, subject: str, actor: Actor, at: datetime, **facts: Any
) -> None:
    """Write down what was done; seller, buyer and financier may read it."""
    audit.record(
        chain=f"contract:{contract.ref}",
        parties=(contract.seller_id, contract.buyer_id, financier_id),
        verb=verb,
        subject=subject,
        actor=actor,
        at=at,
        **facts,
    )


def person(actor: Actor) -> int:
    """The user who decides: money is priced, approved and moved by people, never by a job or a guest."""
    if actor.user_id is None:
        raise NotAllowed("Only a person who is signed in can do this.")
    return actor.user_id


def day_of(organisation: Organisation, *, at: datetime) -> date:
    """The calendar date of an instant where the organisation is."""
    return at.astimezone(ZoneInfo(organisation.time_zone)).date()
