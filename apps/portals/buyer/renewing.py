"""Another mail for a link that no longer works: to the mailbox that it was sent to, and to no other."""

from collections.abc import Iterable
from typing import Final

from django.core.cache import cache

from apps.contracts.models import GuestGrant
from apps.core import clock
from apps.core.database import walls
from apps.milestones.models import Submission
from apps.parties.actor import Actor
from apps.portals.links import LinkState, state_of
from apps.workflows import contracting

AGAIN_AFTER: Final = 600
"""Seconds after which the same live link is mailed again: whoever found a dead link must not flood its mailbox."""

ONE_AT_A_TIME: Final = (
    GuestGrant.Purpose.SIGN_CONTRACT,
    GuestGrant.Purpose.CONFIRM_EVENT,
    GuestGrant.Purpose.SETTLE,
)
"""Of these a contract has one that waits, and that took the place of the one before."""


def send_link(grant: GuestGrant, *, actor: Actor, key: str) -> None:
    """Replace an expired link; for one that is used or revoked, send the live one that took its place, if any.

    What follows the link by which a contract was signed is that to the events for which the contract waits.
    """
    is_signed_by = grant.purpose == GuestGrant.Purpose.SIGN_CONTRACT and state_of(grant) is LinkState.USED
    if state_of(grant) is LinkState.EXPIRED:
        contracting.renew_link(actor=actor, key=key, grant_ref=grant.ref)
        return
    walls.enter(grant.organisation_id, contract=grant.contract_id)
    found = GuestGrant.objects.filter(
        contract_id=grant.contract_id,
        purpose=GuestGrant.Purpose.CONFIRM_EVENT if is_signed_by else grant.purpose,
        email=grant.email,
        used_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=clock.now(),
    )
    if grant.purpose not in ONE_AT_A_TIME:
        found = found.filter(subject_ref__in=_subjects(grant))
    live = found.order_by("-pk").first()
    if live is None and is_signed_by:
        contracting.renew_link(actor=actor, key=key, grant_ref=grant.ref)
    elif live is not None and cache.add(f"link-sent-again:{live.ref}", True, timeout=AGAIN_AFTER):
        mail = contracting.LINK_MAILS[GuestGrant.Purpose(live.purpose)]
        mail.defer(grant_ref=live.ref, organisation_id=live.organisation_id)


def _subjects(grant: GuestGrant) -> Iterable[str]:
    """What the link that took the place of this one may be for: the same, or another cycle of the milestone or of the
    part that went on. The mailbox may have links to other milestones too, and who asks for this one wants none of them.
    """
    if grant.purpose != GuestGrant.Purpose.SIGN_OFF:
        return (grant.subject_ref,)
    own = Submission.objects.filter(ref=grant.subject_ref).values("milestone__position")
    cycles = Submission.objects.filter(contract_id=grant.contract_id, milestone__position__in=own)
    return cycles.values_list("ref", flat=True)
