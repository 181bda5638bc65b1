"""How much evidence one organisation keeps: files of its submissions, and what it shows in disputes and of defects."""

from django.conf import settings
from django.db import connection

from apps.core.errors import Refused

MB = 1024 * 1024


def kept_bytes(organisation_id: int) -> int:
    """What the files of the asker's organisation come to, in bytes, whichever of its contracts the asker sees.

    A guest sees one contract, so Postgres adds up (``EvidenceFile.wall_adds_up``). Of any other organisation there is
    no number.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT cairn_kept_evidence(%s)", [organisation_id])
        (kept,) = cursor.fetchone()
    return kept or 0


def check_quota(organisation_id: int, *, size: int) -> None:
    """Refuse one more file where the organisation would keep more than it may (``EVIDENCE_QUOTA_BYTES``; 0: no limit).

    Only the contract is held: two files for two contracts, sent at the same moment, may pass together.
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
