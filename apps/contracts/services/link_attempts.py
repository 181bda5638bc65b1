"""What somebody of another party tried by a personal link."""

from datetime import datetime, timedelta
from typing import Final

from apps.audit import services as audit
from apps.contracts.models import Contract, GuestGrant
from apps.contracts.services.record import record
from apps.parties.actor import Actor

OF_THE_OTHER_SIDE: Final = "link.of_the_other_side"
TOLD_AGAIN_AFTER: Final = timedelta(hours=1)


def note_counterparty(*, contract: Contract, grant_ref: str, actor: Actor, at: datetime) -> None:
    """Write down that somebody of another party tried to act by a link of this contract; the link stays as it is.

    Once in an hour is enough for one person and link: the trail is no place to be filled by pressing a button.
    """
    grant = GuestGrant.objects.get(ref=grant_ref, contract=contract)
    last = audit.last_told(verb=OF_THE_OTHER_SIDE, subject=f"link:{grant.ref}", actor=actor)
    if last is not None and last.actor_name == actor.name and at - last.happened_at < TOLD_AGAIN_AFTER:
        return
    record(
        contract,
        verb=OF_THE_OTHER_SIDE,
        subject=f"link:{grant.ref}",
        actor=actor,
        at=at,
        told_to=[grant.organisation_id],
        purpose=grant.purpose,
        to=grant.email,
        on=grant.subject_ref,
    )
