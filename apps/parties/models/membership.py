from datetime import timedelta
from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.database import walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models.organisation import Organisation
from apps.parties.models.user import User
from apps.parties.roles import Role

LEFT_LATELY: Final = timedelta(days=365)
"""For so long after leaving an organisation nobody counts as a stranger to it."""


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, actor: Actor) -> "MembershipQuerySet":
        return self.filter(organisation_id=actor.organisation_id)

    def live(self) -> "MembershipQuerySet":
        return self.filter(ended_at__isnull=True)

    def live_since(self, since: Any) -> "MembershipQuerySet":
        """Those that are live, and those that ended since."""
        return self.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=since))


class Membership(models.Model):
    """A user in an organisation, with roles and, for approvers, a limit in money. Ended, never deleted."""

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices))
    approval_limit = models.DecimalField(_("signs off up to"), max_digits=18, decimal_places=3, null=True, blank=True)
    joined_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()
    wall = walls.Wall(
        f"organisation_id = ANY ({walls.OWN}) OR user_id = {walls.USER}",
        writes=f"organisation_id = ANY ({walls.OWN})",
        may=("SELECT", "INSERT", "UPDATE"),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "user",
                "organisation",
                condition=Q(ended_at__isnull=True),
                name="one_live_membership_per_organisation",
            ),
            models.CheckConstraint(condition=~Q(roles=[]), name="membership_has_a_role"),
            models.CheckConstraint(
                condition=Q(approval_limit__isnull=True) | Q(approval_limit__gte=0),
                name="approval_limit_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organisation}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, actor: Actor) -> "InvitationQuerySet":
        return self.filter(organisation_id=actor.organisation_id)


class Invitation(models.Model):
    """A mailbox asked to join a team. Only the token's SHA-256 is kept; it works once, for that mailbox, in time."""

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices))
    approval_limit = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()
    wall = walls.Wall(
        f"organisation_id = ANY ({walls.OWN}) OR token_sha256 = {walls.TOKEN}",
        writes=f"organisation_id = ANY ({walls.OWN})",
        may=("SELECT", "INSERT", "UPDATE"),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_accepted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.email
