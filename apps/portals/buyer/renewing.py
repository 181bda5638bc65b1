"""Another mail for a link that no longer works: to the mailbox that it was sent to, and to no other."""

from typing import Final

from django.core.cache import cache

from apps.contracts.models import GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.parties.actor import Actor
from apps.portals.links import LinkState, state_of
from apps.workflows import contracting

AGAIN_AFTER: Final = 600
"""Seconds after which the same live link is mailed again: whoever found a dead link must not flood its mailbox."""


def send_link(grant: GuestGrant, *, actor: Actor, key: str) -> None:
    """Replace an expired link; for one that is used or revoked, send the live one that took its place, if any.

    What follows the link by which a contract was signed is that to the events for which the contract waits.
    """
    is_signed_by = grant.purpose == GuestGrant.Purpose.SIGN_CONTRACT and state_of(grant) is LinkState.USED
    if state_of(grant) is LinkState.EXPIRED:
        contracting.renew_link(actor=actor, key=key, grant_ref=grant.ref)
        return
    walls.enter(grant.organisation_id, contract=grant.contract_id)
    live = (
        GuestGrant.objects.filter(
            contract_id=grant.contract_id,
            purpose=GuestGrant.Purpose.CONFIRM_EVENT if is_signed_by else grant.purpose,
            email=grant.email,
            used_at__isnull=True,
            revoked_at__isnull=True,
            expires_at__gt=clock.now(),
        )
        .order_by("-pk")
        .first()
    )
    if live is None and is_signed_by:
        contracting.renew_link(actor=actor, key=key, grant_ref=grant.ref)
    elif live is not None and cache.add(f"link-sent-again:{live.ref}", True, timeout=AGAIN_AFTER):
        mail = contracting.LINK_MAILS[GuestGrant.Purpose(live.purpose)]
        mail.defer(grant_ref=live.ref, organisation_id=live.organisation_id)
