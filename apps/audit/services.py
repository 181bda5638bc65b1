"""Write down who did what: append-only and hash-chained, in the transaction that did it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from apps.audit.models import Chain, Entry
from apps.core import canonical
from apps.parties.actor import Actor


def record(
    *, chain: str, parties: Iterable[int], verb: str, subject: str, actor: Actor, at: datetime, **facts: Any
) -> Entry:
    """Append one entry to a chain, making the chain on first use.

    ``chain`` is ``contract:<ref>`` or ``organisation:<ref>``; ``parties`` the organisations that may read it from now
    on; ``facts`` whatever proves what was done (hashes, amounts, states), in canonical types. The chain's head is
    locked until the end of the transaction.
    """
    Chain.objects.bulk_create([Chain(subject=chain, parties=sorted(set(parties)))], ignore_conflicts=True)
    head = Chain.objects.select_for_update().get(subject=chain)
    position = head.position + 1
    text = canonical.text(
        {
            "position": position,
            "verb": verb,
            "subject": subject,
            "at": at,
            "actor": {
                "kind": actor.kind.value,
                "name": actor.name,
                "email": actor.email,
                "user": actor.user_id,
                "grant": actor.grant_id,
                "organisation": actor.organisation_id,
                "address": actor.origin.address,
                "agent": actor.origin.agent,
                "authenticated_by": actor.origin.authenticated_by,
            },
            "facts": facts,
        }
    )
    entry = Entry.objects.create(
        chain=head,
        position=position,
        verb=verb,
        subject=subject,
        actor_name=actor.name,
        organisation_id=actor.organisation_id,
        happened_at=at,
        text=text,
        previous=head.head,
        sha256=canonical.sha256(head.head + text),
    )
    head.position = position
    head.head = entry.sha256
    head.parties = sorted({*head.parties, *parties})
    head.save(update_fields=["position", "head", "parties"])
    return entry
