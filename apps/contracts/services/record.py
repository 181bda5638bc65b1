"""The contract's own audit chain."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apps.audit import services as audit
from apps.audit.models import Chain, Entry
from apps.contracts.models import Contract, ContractParty
from apps.parties.actor import Actor


def record(
    contract: Contract,
    *,
    verb: str,
    subject: str,
    actor: Actor,
    at: datetime,
    readers: Sequence[int] = (),
    told_to: Sequence[int] = (),
    **facts: Any,
) -> None:
    """Write down what was done on a contract, readable for who began it, and for both sides from the first proposal on.

    ``readers`` are organisations that may read the chain from now on besides; those in ``told_to`` are told from where
    the person acted, which is the own side's business otherwise.
    """
    sides = [contract.seller_id, contract.buyer_id]
    if not contract.was_proposed:
        sides = [contract.buyer_id if contract.begun_by == ContractParty.Side.BUYER else contract.seller_id]
    audit.record(
        chain=f"contract:{contract.ref}",
        parties=[*sides, *readers],
        verb=verb,
        subject=subject,
        actor=actor,
        at=at,
        told_to=told_to,
        **facts,
    )


def recorded(contract: Contract) -> int:
    """How many entries the contract's audit chain has by now."""
    return Chain.objects.filter(subject=f"contract:{contract.ref}").values_list("position", flat=True).first() or 0


def place_in_record(
    contract: Contract, *, verbs: Sequence[str], subject: str, at: datetime | None = None
) -> dict[str, Any]:
    """Where something stands in the contract's audit chain, and how far the chain goes now: what printed records name.

    ``subject`` and ``at`` are those with which it was recorded, by one of the ``verbs``; ``at`` may be left out of what
    happens once.
    """
    chain = Chain.objects.get(subject=f"contract:{contract.ref}")
    entries = Entry.objects.filter(chain=chain, verb__in=verbs, subject=subject)
    entry = (entries if at is None else entries.filter(happened_at=at)).get()
    return {
        "chain": chain.subject,
        "entry": {"position": entry.position, "sha256": entry.sha256},
        "head": {"position": chain.position, "sha256": chain.head},
    }
