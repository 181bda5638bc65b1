"""How much evidence one organisation keeps: files of its submissions, and what it shows in disputes and of defects."""

from django.conf import settings
from django.db.models import Q, Sum

from apps.core.errors import Refused
from apps.milestones.models import DisputeFile, EvidenceFile, ReservationFile
from apps.milestones.models.dispute import Side

MB = 1024 * 1024


def kept_bytes(organisation_id: int) -> int:
    """What its files come to, in bytes: the same bytes sent in two cycles are counted twice."""
    shown = Q(side=Side.SELLER, contract__seller_id=organisation_id) | Q(
        side=Side.BUYER, contract__buyer_id=organisation_id
    )
    sent = EvidenceFile.objects.filter(submission__contract__seller_id=organisation_id)
    files = (sent, DisputeFile.objects.filter(shown), ReservationFile.objects.filter(shown))
    return sum(found.aggregate(whole=Sum("size"))["whole"] or 0 for found in files)


def check_quota(organisation_id: int, *, size: int) -> None:
    """Refuse one more file where the organisation would keep more than it may (``EVIDENCE_QUOTA_BYTES``; 0: no limit).

    Only the contract is held: two files for two contracts, sent at the same moment, may pass together. A guest sees one
    contract, and is counted by that.
    """
    most = settings.EVIDENCE_QUOTA_BYTES
    if not most:
        return
    kept = kept_bytes(organisation_id)
    if kept + size > most:
        raise Refused(
            "Your organisation keeps {kept} MB of evidence, and at most {most} MB. Remove files that were not sent yet,"
            " link to the file instead, or ask whoever runs this site for more room.",
            field="file",
            kept=-(-kept // MB),
            most=most // MB,
        )
