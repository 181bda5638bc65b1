from django.db import models

from apps.contracts.models import Contract
from apps.core.database import guards, walls
from apps.parties.actor import Actor
from apps.parties.models import Organisation


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
