from django.db import models
from django.db.models import Q

from apps.contracts.models import Contract, GuestGrant
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.parties.actor import Actor
from apps.parties.models import Organisation, User


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    def visible_to(self, actor: Actor) -> "IdempotencyKeyQuerySet":
        mine = self.filter(organisation_id=actor.organisation_id)
        return mine if actor.contract_id is None else mine.filter(contract_id=actor.contract_id)


class IdempotencyKey(models.Model):
    """One action, done once: a repeated click, retry or back-button finds the first answer here.

    Scoped to organisation and action; ``parameters_sha256`` refuses the same key with other parameters. The row is the
    first that a workflow locks, and is committed with everything that the workflow changed. ``contract`` is that of the
    link by which a guest acted, who finds no answers to others.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    parameters_sha256 = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    objects = IdempotencyKeyQuerySet.as_manager()
    wall = walls.Wall(
        f"organisation_id = ANY ({walls.ORGS}) AND ({walls.CONTRACT} IS NULL OR contract_id = {walls.CONTRACT})",
        may=("SELECT", "INSERT", "UPDATE"),
    )

    class Meta:
        constraints = [models.UniqueConstraint("organisation", "action", "key", name="one_answer_per_key")]
        triggers = [guards.never_deleted()]

    def __str__(self) -> str:
        return f"{self.action} {self.key}"


MOST_TRIES = 5
"""How often a code may be tried, the right one included."""


class ProofCodeQuerySet(models.QuerySet["ProofCode"]):
    def visible_to(self, actor: Actor) -> "ProofCodeQuerySet":
        """One's own: the person's, or those of the personal link in hand."""
        if actor.grant_id is not None:
            return self.filter(grant_id=actor.grant_id)
        return self.none() if actor.user_id is None else self.filter(user_id=actor.user_id)


class ProofCode(models.Model):
    """A short code sent to somebody's own mailbox, to show once more who it is. Works once, shortly, for few tries.

    Only a keyed digest of it is kept: six digits behind a plain hash could be found by trying them all.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, null=True, related_name="+")
    digest = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    objects = ProofCodeQuerySet.as_manager()
    wall = walls.Wall(f"user_id = {walls.USER} OR contract_id = {walls.CONTRACT}", may=("SELECT", "INSERT", "UPDATE"))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, grant__isnull=True, contract__isnull=True)
                | Q(user__isnull=True, grant__isnull=False, contract__isnull=False),
                name="code_of_a_person_or_of_a_link",
            ),
            models.CheckConstraint(condition=Q(tries__lte=MOST_TRIES), name="few_tries_for_a_code"),
        ]
        indexes = [
            models.Index("user", "sent_at", name="codes_of_a_person"),
            models.Index("grant", "sent_at", name="codes_of_a_link"),
        ]
        triggers = [
            guards.frozen_when("TRUE", name="identity_frozen", allow=("tries", "used_at", "expires_at")),
            guards.frozen_when("OLD.used_at IS NOT NULL", name="used_once"),
        ]

    def __str__(self) -> str:
        return f"code {self.ref}"
