"""What organisations and their people may do. Workflows call these inside their transaction and keep the record."""

from apps.parties.services.accounts import AccountData, default_account, set_account
from apps.parties.services.brands import BrandData, set_brand
from apps.parties.services.invitations import (
    InvitationState,
    accept_invitation,
    invitation_state,
    invite,
    lock_invitation,
    revoke_invitation,
)
from apps.parties.services.members import (
    actor_for,
    change_member,
    end_membership,
    end_sessions,
    enrol,
    mailboxes,
    mailboxes_of,
    membership_of,
    verified_mailboxes,
)
from apps.parties.services.organisations import (
    OrganisationData,
    change,
    claim,
    found,
    lock,
    name_counterparty,
    set_address,
    set_language,
    set_step_up,
)

__all__ = [
    "AccountData",
    "BrandData",
    "InvitationState",
    "OrganisationData",
    "accept_invitation",
    "actor_for",
    "change",
    "change_member",
    "claim",
    "default_account",
    "end_membership",
    "end_sessions",
    "enrol",
    "found",
    "invitation_state",
    "invite",
    "lock",
    "lock_invitation",
    "mailboxes",
    "mailboxes_of",
    "membership_of",
    "name_counterparty",
    "revoke_invitation",
    "set_account",
    "set_address",
    "set_brand",
    "set_language",
    "set_step_up",
    "verified_mailboxes",
]
