"""The guest that a personal link makes."""

from apps.contracts.models import GuestGrant
from apps.parties.actor import Actor, ActorKind, Origin
from apps.parties.roles import Role


def guest(grant: GuestGrant, *, origin: Origin) -> Actor:
    """Whoever holds the link speaks for the buyer on this one contract.

    A link that was used or revoked makes a guest who may look but holds no role, and so can decide nothing.
    """
    is_live = grant.used_at is None and grant.revoked_at is None and grant.purpose != GuestGrant.Purpose.TAKE_OVER
    return Actor(
        kind=ActorKind.GUEST,
        organisation_id=grant.organisation_id,
        contract_id=grant.contract_id,
        grant_id=grant.pk,
        roles=frozenset({Role.APPROVER}) if is_live else frozenset(),
        name=grant.name,
        email=grant.email,
        origin=origin,
    )
