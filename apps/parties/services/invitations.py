"""Invitations: a mailbox is asked to join a team by a link that works once."""

from collections.abc import Set
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from apps.core.errors import NotAllowed, Refused
from apps.core.refs import new_ref
from apps.parties import rules, tokens
from apps.parties.actor import Actor
from apps.parties.models import Invitation, Membership, User
from apps.parties.roles import Action
from apps.parties.services.members import allowed_roles, checked_limit, join
from apps.parties.services.organisations import lock

VALID_FOR: Final = timedelta(days=14)


class InvitationState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    EXPIRED = "expired"


CLOSED: Final = {
    InvitationState.ACCEPTED: "This invitation was already used. Sign in to work for the organisation.",
    InvitationState.REVOKED: "This invitation was withdrawn. Ask the organisation for a new one.",
    InvitationState.EXPIRED: "This invitation has expired. Ask the organisation for a new one.",
}


def invitation_state(invitation: Invitation, *, at: datetime) -> InvitationState:
    """What became of an invitation."""
    if invitation.accepted_at is not None:
        return InvitationState.ACCEPTED
    if invitation.revoked_at is not None:
        return InvitationState.REVOKED
    return InvitationState.EXPIRED if invitation.expires_at <= at else InvitationState.OPEN


def invite(
    *, actor: Actor, email: str, roles: Set[str], approval_limit: Decimal | None = None, at: datetime
) -> Invitation:
    """Ask a mailbox to join the team. An earlier invitation to the same mailbox dies with it.

    Whoever lets somebody in has shown a moment ago who it is: a stolen session must not bring its thief into the team.
    """
    actor.require(Action.MANAGE_TEAM)
    actor.require_proof(at=at)
    organisation = lock(organisation_id=actor.organisation_id)
    address = rules.mailbox(email)
    members = Membership.objects.visible_to(actor).live()
    if members.filter(user__email=address).exists():
        raise Refused("{email} already belongs to your organisation.", field="email", email=address)
    earlier = Invitation.objects.visible_to(actor).filter(email=address)
    earlier.filter(accepted_at__isnull=True, revoked_at__isnull=True).update(revoked_at=at)
    ref = new_ref()
    return Invitation.objects.create(
        ref=ref,
        organisation=organisation,
        email=address,
        roles=rules.team_roles(roles, allowed=allowed_roles(organisation)),
        approval_limit=checked_limit(approval_limit, roles=roles, organisation=organisation),
        token_sha256=tokens.digest_of(tokens.token_for(purpose="invitation", ref=ref)),
        invited_by=User.objects.get(email=actor.email),
        invited_at=at,
        expires_at=at + VALID_FOR,
    )


def lock_invitation(*, token: str) -> Invitation:
    """The invitation of a link, held until the end of the transaction. The caller asks the database by the token."""
    invitation = Invitation.objects.select_for_update().filter(token_sha256=tokens.digest_of(token)).first()
    if invitation is None:
        raise Refused("There is no such invitation. Open the link from the mail once more.")
    return invitation


def accept_invitation(*, invitation: Invitation, user: User, mailboxes: Set[str], at: datetime) -> Membership:
    """The invited person joins: only whoever proved to read the invited mailbox, once, and in time."""
    state = invitation_state(invitation, at=at)
    if state is not InvitationState.OPEN:
        raise Refused(CLOSED[state])
    if invitation.email not in mailboxes:
        raise NotAllowed("This invitation is for {email}. Sign in with that address.", email=invitation.email)
    invitation.accepted_at = at
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    return join(
        user=user,
        organisation=lock(organisation_id=invitation.organisation_id),
        roles=set(invitation.roles),
        approval_limit=invitation.approval_limit,
        at=at,
    )


def revoke_invitation(*, actor: Actor, invitation_ref: str, at: datetime) -> Invitation:
    """The link in the mail stops working."""
    actor.require(Action.MANAGE_TEAM)
    invitation = Invitation.objects.visible_to(actor).select_for_update().filter(ref=invitation_ref).first()
    if invitation is None:
        raise Refused("This invitation does not exist.")
    if invitation_state(invitation, at=at) is InvitationState.ACCEPTED:
        raise Refused("This invitation was already used. Remove the member instead.")
    if invitation.revoked_at is None:
        invitation.revoked_at = at
        invitation.save(update_fields=["revoked_at"])
    return invitation
