"""People and their memberships: who works for an organisation, in which roles, up to which amount."""

from collections.abc import Set
from datetime import datetime
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.db.models import F

from apps.core.errors import Refused
from apps.parties import rules
from apps.parties.actor import Actor, ActorKind, Origin
from apps.parties.models import Membership, Organisation, User
from apps.parties.roles import FINANCIER_ROLES, PERMITTED, TRADING_ROLES, Action, Role


def enrol(*, email: str, name: str, language: str = "en") -> User:
    """A person known without signing up, as deal files tell of them; the mailbox counts as verified."""
    address = rules.mailbox(email)
    user = User.objects.filter(email=address).first() or User.objects.create_user(address, name=name, language=language)
    EmailAddress.objects.get_or_create(user=user, email=address, defaults={"primary": True, "verified": True})
    return user


def verified_mailboxes(user: User) -> frozenset[str]:
    """The mailboxes that the person proved to read."""
    written = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return frozenset(rules.mailbox(email) for email in written)


def actor_for(membership: Membership, *, origin: Origin = Origin()) -> Actor:  # noqa: B008  a frozen value
    """The actor that a membership makes; membership, user and organisation as they are now."""
    return Actor(
        kind=ActorKind.USER,
        organisation_id=membership.organisation_id,
        roles=frozenset(membership.roles),
        name=membership.user.name or membership.user.email,
        email=membership.user.email,
        user_id=membership.user_id,
        approval_limit=membership.approval_limit,
        speaks_for_financier=membership.organisation.is_financier,
        origin=origin,
    )


def membership_of(user: User, *, organisation_id: int) -> Membership | None:
    """The person's live membership in an organisation."""
    memberships = Membership.objects.live().filter(user=user, organisation_id=organisation_id)
    return memberships.select_related("user", "organisation").first()


def mailboxes(*, organisation_id: int, action: Action) -> list[str]:
    """Whom to write to about something: the members whose roles permit the action, oldest first."""
    members = Membership.objects.live().filter(
        organisation_id=organisation_id, roles__overlap=sorted(PERMITTED[action])
    )
    return list(members.order_by("id").values_list("user__email", flat=True))


def mailboxes_of(*, organisation_id: int, role: Role) -> list[str]:
    """The members who hold one role, oldest first: whose daily work it is, and not everybody who may."""
    members = Membership.objects.live().filter(organisation_id=organisation_id, roles__contains=[role])
    return list(members.order_by("id").values_list("user__email", flat=True))


def join(
    *, user: User, organisation: Organisation, roles: Set[str], at: datetime, approval_limit: Decimal | None = None
) -> Membership:
    """Make a person a member. Refused for somebody who is one already."""
    if membership_of(user, organisation_id=organisation.pk) is not None:
        raise Refused("You already belong to {name}.", name=organisation.legal_name)
    allowed = allowed_roles(organisation)
    return Membership.objects.create(
        user=user,
        organisation=organisation,
        roles=rules.team_roles(roles, allowed=allowed),
        approval_limit=checked_limit(approval_limit, roles=roles, organisation=organisation),
        joined_at=at,
    )


def change_member(
    *, actor: Actor, membership_ref: str, roles: Set[str], approval_limit: Decimal | None = None, at: datetime
) -> Membership:
    """Give a member other roles or another limit, after a fresh proof. The last owner stays one."""
    actor.require(Action.MANAGE_TEAM)
    actor.require_proof(at=at)
    team = _locked_team(actor)
    membership = _member(team, membership_ref)
    if Role.OWNER not in roles:
        _keep_an_owner(team, without=membership)
    membership.roles = rules.team_roles(roles, allowed=allowed_roles(membership.organisation))
    membership.approval_limit = checked_limit(approval_limit, roles=roles, organisation=membership.organisation)
    membership.save(update_fields=["roles", "approval_limit"])
    end_sessions(membership.user_id)
    return membership


def end_membership(*, actor: Actor, membership_ref: str, successor_ref: str = "", at: datetime) -> Membership:
    """A member leaves, or an owner removes one; the power is gone with the next request.

    The last owner leaves only by naming a successor among the members, who becomes an owner. Removing somebody and
    handing over need a fresh proof; going by oneself needs none.
    """
    team = _locked_team(actor)
    membership = _member(team, membership_ref)
    if membership.user_id != actor.user_id:
        actor.require(Action.MANAGE_TEAM)
    if membership.user_id != actor.user_id or successor_ref:
        actor.require_proof(at=at)
    if successor_ref and Role.OWNER in membership.roles:
        successor = _member(team, successor_ref)
        if successor.pk == membership.pk:
            raise Refused("Choose somebody else to hand over to.", field="successor")
        successor.roles = sorted({*successor.roles, Role.OWNER})
        successor.save(update_fields=["roles"])
        end_sessions(successor.user_id)
    _keep_an_owner(team, without=membership)
    membership.ended_at = at
    membership.save(update_fields=["ended_at"])
    end_sessions(membership.user_id)
    return membership


def end_sessions(user_id: int) -> None:
    """Every session of the person ends with its next request: whoever goes on signs in anew."""
    User.objects.filter(pk=user_id).update(session_number=F("session_number") + 1)


def allowed_roles(organisation: Organisation) -> frozenset[str]:
    """The roles that exist in this organisation: a financier's are others than a trading company's."""
    return FINANCIER_ROLES if organisation.is_financier else TRADING_ROLES


def checked_limit(limit: Decimal | None, *, roles: Set[str], organisation: Organisation) -> Decimal | None:
    """The limit, in the organisation's currency, if one of the roles signs off or pays money back."""
    signing = PERMITTED[Action.DECIDE_MILESTONE] | PERMITTED[Action.RECORD_PAYMENT]
    return rules.approval_limit(limit, roles=roles, signing=signing, currency=organisation.currency)


def _locked_team(actor: Actor) -> list[Membership]:
    """All live members, locked, so that two owners cannot remove each other at once."""
    team = Membership.objects.visible_to(actor).live().select_related("organisation", "user")
    return list(team.select_for_update(of=("self",)).order_by("id"))


def _member(team: list[Membership], ref: str) -> Membership:
    membership = next((member for member in team if member.ref == ref), None)
    if membership is None:
        raise Refused("This person no longer belongs to your organisation.")
    return membership


def _keep_an_owner(team: list[Membership], *, without: Membership) -> None:
    if not any(Role.OWNER in member.roles for member in team if member.pk != without.pk):
        raise Refused("An organisation needs an owner. Make somebody else an owner first.", field="roles")
