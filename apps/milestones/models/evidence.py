from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.contracts.models import Criterion
from apps.core.database import guards, walls
from apps.core.refs import new_ref
from apps.milestones.models.submission import SENT, Submission
from apps.parties.actor import Actor

KEPT_EVIDENCE = """
SELECT sum(kept.size)::bigint FROM (
  SELECT f.size FROM milestones_evidencefile f JOIN milestones_submission s ON s.id = f.submission_id
    JOIN contracts_contract c ON c.id = s.contract_id WHERE c.seller_id = house
  UNION ALL SELECT f.size FROM milestones_disputefile f JOIN contracts_contract c ON c.id = f.contract_id
    WHERE (f.side = 'seller' AND c.seller_id = house) OR (f.side = 'buyer' AND c.buyer_id = house)
  UNION ALL SELECT f.size FROM milestones_reservationfile f JOIN contracts_contract c ON c.id = f.contract_id
    WHERE (f.side = 'seller' AND c.seller_id = house) OR (f.side = 'buyer' AND c.buyer_id = house)
) kept
"""
"""What the files of an organisation come to, in bytes: of its submissions, and what it shows in disputes and of
defects. The same bytes sent in two cycles are counted twice."""


class EvidenceFileQuerySet(models.QuerySet["EvidenceFile"]):
    def visible_to(self, actor: Actor) -> "EvidenceFileQuerySet":
        return self.filter(submission__in=Submission.objects.visible_to(actor))


class EvidenceFile(models.Model):
    """A file that shows that a criterion is met. Stored privately under a random name, known by its SHA-256.

    ``content_type`` is what the bytes are, by their own signature; the name is what the uploader called it, for
    showing only. A file that a later cycle takes over unchanged is stored once and has a row in each.
    """

    ref = models.CharField(max_length=16, unique=True, default=new_ref, editable=False)
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="files")
    criterion = models.ForeignKey(Criterion, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("file name"), max_length=160)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text=_("bytes"))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=120)
    uploaded_at = models.DateTimeField()

    objects = EvidenceFileQuerySet.as_manager()
    wall = walls.through("milestones_submission", "submission_id")
    wall_adds_up = {"cairn_kept_evidence": KEPT_EVIDENCE}

    class Meta:
        ordering = ("id",)
        indexes = [models.Index("stored_as", name="evidence_by_stored_name")]
        triggers = [
            guards.frozen_when(SENT.format(row="OLD")),
            guards.refused_when("no_file_joins_a_sent_submission", guards.INSERT, SENT.format(row="NEW")),
        ]

    def __str__(self) -> str:
        return self.name
