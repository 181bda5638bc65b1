from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.contracts.models import Contract, GuestGrant
from apps.core.database import guards, walls
from apps.core.made import Made, MadeState
from apps.core.refs import new_ref
from apps.milestones.models import Milestone
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

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
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


class Tally(models.Model):
    """How often one person or one address did something since a moment, counted by all web processes together.

    ``key`` is a keyed digest of what and who, so the table tells of nobody; :mod:`apps.workflows.limits` counts.
    """

    key = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField()
    count = models.PositiveIntegerField()

    objects: models.Manager["Tally"] = models.Manager()
    wall = walls.Open("counters under keyed digests: they belong to no organisation")

    def __str__(self) -> str:
        return f"{self.count} since {self.since}"


class EvidencePackQuerySet(models.QuerySet["EvidencePack"]):
    def visible_to(self, actor: Actor) -> "EvidencePackQuerySet":
        """Those of the own side; for a guest the one that was asked for by the very link."""
        own = self.filter(organisation_id=actor.organisation_id)
        return own if actor.contract_id is None else own.filter(grant_id=actor.grant_id, grant__isnull=False)

    def kept(self, *, until: datetime) -> "EvidencePackQuerySet":
        """Those that are there, and will not be deleted before this moment."""
        return self.filter(state=MadeState.READY, made_at__gt=until - timedelta(days=settings.PACK_KEPT_DAYS))


class EvidencePack(Made):
    """Everything that proves a contract, or one milestone of it, in one ZIP file that a third party can verify.

    It belongs to the side that asked for it; where a guest asked, by ``grant``, it is about what the link is for.
    ``position`` is the last entry of the contract's audit chain that is in
    it; ``lacks`` counts what was still being made. ``done_files`` of ``all_files`` are written while it is being made.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    milestone = models.ForeignKey(Milestone, models.PROTECT, null=True, blank=True, related_name="+")
    grant = models.ForeignKey(GuestGrant, models.PROTECT, null=True, blank=True, related_name="+")
    position = models.PositiveBigIntegerField(default=0)
    lacks = models.PositiveIntegerField(default=0)
    done_files = models.PositiveIntegerField(default=0)
    all_files = models.PositiveIntegerField(default=0)

    def is_dropped(self, *, now: datetime) -> bool:
        """Whether it was there, and its bytes were kept long enough: it can be made anew from the same record."""
        return self.made_at is not None and self.made_at + timedelta(days=settings.PACK_KEPT_DAYS) <= now

    objects = EvidencePackQuerySet.as_manager()
    wall = (
        walls.by_organisation("organisation_id")
        .or_when(
            f"grant_id IS NOT NULL AND contract_id = {walls.CONTRACT} AND organisation_id = ANY ({walls.ORGS})",
        )
        .only("SELECT", "INSERT", "UPDATE")
    )

    class Meta(Made.Meta):
        indexes = [models.Index("contract", "organisation", name="pack_by_contract")]
        triggers = [
            *Made.Meta.triggers,
            guards.refused_when(
                "a_pack_is_for_a_side_of_its_contract",
                guards.INSERT,
                "NOT EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id"
                " AND NEW.organisation_id IN (c.seller_id, c.buyer_id)) OR (NEW.milestone_id IS NOT NULL AND NOT EXISTS"
                " (SELECT 1 FROM milestones_milestone m WHERE m.id = NEW.milestone_id"
                " AND m.contract_id = NEW.contract_id))",
            ),
            guards.refused_when(
                "a_link_packs_only_what_it_shows",
                guards.INSERT,
                "NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g"
                " JOIN milestones_submission s ON s.ref = g.subject_ref WHERE g.id = NEW.grant_id"
                " AND g.purpose = 'sign_off' AND g.contract_id = NEW.contract_id"
                " AND g.organisation_id = NEW.organisation_id AND s.milestone_id = NEW.milestone_id)",
            ),
            guards.frozen_when(
                "TRUE",
                name="what_it_is_about_is_frozen",
                allow=(
                    "state",
                    "requested_at",
                    "made_at",
                    "stored_as",
                    "size",
                    "sha256",
                    "failure",
                    "position",
                    "lacks",
                    "done_files",
                    "all_files",
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.state}"
