from django.db import models
from django.db.models import F
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from apps.core.database import guards, walls
from apps.parties.actor import Actor

SUBJECT_OF_CONTRACT = "(SELECT 'contract:' || c.ref FROM contracts_contract c WHERE c.id = {})"
"""The chain of one contract, by the contract's id."""

OF_THE_LINK = f"""
CREATE OR REPLACE FUNCTION cairn_is_chain_of_the_link(subject varchar) RETURNS boolean
  LANGUAGE plpgsql STABLE SECURITY INVOKER AS $$
  BEGIN RETURN subject = {SUBJECT_OF_CONTRACT.format("cairn_contract()")}; END $$;
"""
"""Whether a chain is that of the contract of a guest's link. A function, so that everybody else's statements, several
of them a sign-off and six rows each, do not bring the policies of contracts along."""


class ChainQuerySet(models.QuerySet["Chain"]):
    def visible_to(self, actor: Actor) -> "ChainQuerySet":
        """Chains that the actor's organisation may read; for a guest, the one of the link's contract."""
        visible = self.filter(parties__contains=[actor.organisation_id])
        if actor.contract_id is not None:
            # In SQL, because contracts stand downstream of the record that they write.
            visible = visible.filter(subject=RawSQL(SUBJECT_OF_CONTRACT.format("%s"), [actor.contract_id]))  # noqa: S611
        return visible


class Chain(models.Model):
    """The head of one audit chain: a contract has its own, so that actions on one do not queue behind another's.

    ``subject`` is what the chain is about (``contract:k7f2…`` or ``organisation:…``); ``parties`` are the organisations
    that may read it. Locked late and briefly by every recorded action.
    """

    subject = models.CharField(max_length=60, unique=True)
    parties = models.JSONField(default=list)
    position = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)

    objects = ChainQuerySet.as_manager()
    wall = walls.Wall(
        f"parties @> ANY ({walls.READERS}) AND ({walls.CONTRACT} IS NULL OR cairn_is_chain_of_the_link(subject))",
        may=("SELECT", "INSERT", "UPDATE"),
        asks=OF_THE_LINK,
    )

    class Meta:
        triggers = [guards.never_deleted()]

    def __str__(self) -> str:
        return self.subject


class ActivityQuerySet(models.QuerySet["Activity"]):
    def visible_to(self, actor: Actor) -> "ActivityQuerySet":
        """Of the actor's organisation, which reads each of these chains; for a guest, the contract's alone."""
        told = self.filter(organisation_id=actor.organisation_id)
        return told if actor.contract_id is None else told.filter(chain__in=Chain.objects.visible_to(actor))


class Activity(models.Model):
    """When something was last written in a chain that an organisation may read: kept, so that what happened last is
    found without looking through all chains of all time."""

    organisation_id = models.BigIntegerField()
    chain = models.ForeignKey(Chain, models.PROTECT, related_name="+")
    last_at = models.DateTimeField()

    objects = ActivityQuerySet.as_manager()
    wall = walls.through("audit_chain", "chain_id", row_by_row=True).only("SELECT", "INSERT", "UPDATE")

    class Meta:
        constraints = [
            models.UniqueConstraint("organisation_id", "chain", name="one_last_activity_per_reader"),
        ]
        indexes = [models.Index(F("organisation_id"), F("last_at").desc(), F("chain"), name="activity_newest_first")]
        triggers = [guards.never_deleted()]

    def __str__(self) -> str:
        return f"{self.organisation_id} in {self.chain_id}"


class AuditEntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, actor: Actor) -> "AuditEntryQuerySet":
        return self.filter(chain__in=Chain.objects.visible_to(actor))


class Entry(models.Model):
    """One thing that somebody did: ``sha256 = sha256(previous + text)``, so that no row can change unseen.

    ``text`` is the canonical text of what happened; the other columns repeat parts of it for reading and filtering.
    """

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="entries", db_index=False)
    position = models.PositiveBigIntegerField()
    verb = models.CharField(max_length=60, help_text=_("what was done, e.g. milestone.accepted"))
    subject = models.CharField(max_length=60, help_text=_("to what, e.g. milestone:k7f2m9q4x8h3n6pz"))
    actor_name = models.CharField(max_length=160)
    organisation_id = models.BigIntegerField()
    happened_at = models.DateTimeField()
    text = models.TextField()
    previous = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)

    objects = AuditEntryQuerySet.as_manager()
    wall = walls.through("audit_chain", "chain_id", row_by_row=True).only("SELECT", "INSERT")

    class Meta:
        constraints = [models.UniqueConstraint("chain", "position", name="one_entry_per_position")]
        indexes = [models.Index("subject", "happened_at", name="audit_entry_by_subject")]
        triggers = guards.append_only()

    def __str__(self) -> str:
        return f"{self.chain} #{self.position} {self.verb}"


class DetailQuerySet(models.QuerySet["Detail"]):
    def visible_to(self, actor: Actor) -> "DetailQuerySet":
        """Those told to the actor's organisation; to a guest, of the link's contract."""
        told = self.filter(readers__contains=[actor.organisation_id])
        return told.filter(chain__in=Chain.objects.visible_to(actor))


class Detail(models.Model):
    """Who acted and from where: mailbox, network address, browser. Not for everybody who may read the chain.

    The entry contains ``sha256(text)`` in place of it, so the chain is verified without it, and whoever is given the
    text can see that it is what was written down. A salt inside keeps it from being found by trying. ``readers`` are
    the organisations that may know: the actor's own, and whoever the act was addressed to.
    """

    entry = models.OneToOneField(Entry, models.PROTECT, primary_key=True, related_name="detail")
    chain = models.ForeignKey(Chain, models.PROTECT, related_name="+")
    readers = models.JSONField(default=list)
    text = models.TextField()

    objects = DetailQuerySet.as_manager()
    wall = walls.Wall(
        f"readers @> ANY ({walls.READERS}) AND EXISTS (SELECT 1 FROM audit_chain parent WHERE parent.id = chain_id)",
        may=("SELECT", "INSERT"),
    )

    class Meta:
        triggers = guards.append_only()

    def __str__(self) -> str:
        return f"of {self.entry_id}"


APPEND = """
WITH RECURSIVE said AS (
  SELECT * FROM jsonb_to_recordset(%(entries)s::jsonb) AS s (number bigint, before text, after text, verb text,
    subject text, actor_name text, organisation_id bigint, happened_at timestamptz, detail text, readers jsonb)
), chain AS (
  SELECT id, position, head FROM audit_chain WHERE subject = %(chain)s FOR UPDATE
), link AS (
  SELECT 0::bigint AS number, position, ''::text AS text, ''::text AS previous, head::text AS sha256 FROM chain
  UNION ALL
  SELECT said.number, link.position + 1, next.text, link.sha256,
    encode(sha256(convert_to(link.sha256 || next.text, 'UTF8')), 'hex')
  FROM link
  JOIN said ON said.number = link.number + 1
  CROSS JOIN LATERAL (SELECT said.before || (link.position + 1) || said.after AS text) next
), entry AS (
  INSERT INTO audit_entry
    (chain_id, position, verb, subject, actor_name, organisation_id, happened_at, text, previous, sha256)
  SELECT chain.id, link.position, said.verb, said.subject, said.actor_name, said.organisation_id, said.happened_at,
    link.text, link.previous, link.sha256
  FROM chain, link JOIN said USING (number) ORDER BY number
  RETURNING id, position
), detail AS (
  INSERT INTO audit_detail (entry_id, chain_id, readers, text)
  SELECT entry.id, chain.id, said.readers, said.detail
  FROM chain, entry JOIN link USING (position) JOIN said USING (number) WHERE said.detail <> ''
), moved AS (
  UPDATE audit_chain SET
    position = last.position,
    head = last.sha256,
    parties = (
      SELECT jsonb_agg(DISTINCT party ORDER BY party)
      FROM jsonb_array_elements(parties || to_jsonb(%(parties)s::bigint[])) party
    )
  FROM (SELECT link.position, link.sha256 FROM link ORDER BY number DESC LIMIT 1) last
  WHERE audit_chain.subject = %(chain)s
  RETURNING id, parties
)
INSERT INTO audit_activity (organisation_id, chain_id, last_at)
SELECT party::bigint, moved.id, (SELECT max(happened_at) FROM said)
FROM moved CROSS JOIN LATERAL jsonb_array_elements_text(moved.parties) party
ON CONFLICT (organisation_id, chain_id) DO UPDATE SET last_at = greatest(audit_activity.last_at, excluded.last_at)
"""
"""Lock a chain's head, link entries to it, keep their details and move it, at once: each hash is over the hash before
and its own text. Who may read it finds it among what happened last.

In Postgres, because every text contains a position that is known only under the lock, and because a sign-off that
asks for the head, writes the entry and moves the head spends more time between these than in them. ``verify_audit``
computes every hash again outside of Postgres.
"""
