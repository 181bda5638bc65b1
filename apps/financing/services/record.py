"""Financing is written into the audit chain of the contract whose invoice is financed.

The buyer reads that chain too, and learns from it that the invoice was offered and sold, but never the price: the facts
are hashes and references of rows that only seller and financier see and that cannot change. Who acted for the
financier, from where, and into which account it paid is told to the financier alone (``private``); the chain has a hash
of it.
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apps.audit import services as audit
from apps.contracts.models import Contract
from apps.core.errors import NotAllowed, Refused
from apps.core.texts import has_unseen, is_blank
from apps.parties.actor import Actor
from apps.parties.models import Organisation

LONGEST_REASON = 400


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


def record_for_the_financier(
    contract: Contract, *, financier_id: int, verb: str, subject: str, actor: Actor, at: datetime, **facts: Any
) -> None:
    """Write down what is the financier's alone, on its own chain: the sides of the contract read nothing of it."""
    financier = Organisation.objects.get(pk=financier_id)
    audit.record(
        chain=f"organisation:{financier.ref}",
        parties=(financier_id,),
        verb=verb,
        subject=subject,
        actor=actor,
        at=at,
        contract=contract.ref,
        **facts,
    )


def person(actor: Actor) -> int:
    """The user who decides: money is priced, approved and moved by people, never by a job or a guest."""
    if actor.user_id is None:
        raise NotAllowed("Only a person who is signed in can do this.")
    return actor.user_id


def reason_given(written: str, *, field: str = "reason") -> str:
    """Why somebody decided so, as it will be read by others; refused when missing or too long."""
    reason = written.strip()
    if is_blank(reason):
        raise Refused("Say why.", field=field)
    if has_unseen(reason):
        raise Refused("This text contains signs that cannot be seen. Type it anew.", field=field)
    if len(reason) > LONGEST_REASON:
        raise Refused("Say it in at most {most} characters.", field=field, most=LONGEST_REASON)
    return reason


def day_of(organisation: Organisation, *, at: datetime) -> date:
    """The calendar date of an instant where the organisation is."""
    return at.astimezone(ZoneInfo(organisation.time_zone)).date()
