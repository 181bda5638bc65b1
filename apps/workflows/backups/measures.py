"""What is counted when a backup is taken, and again when it came back: rows, heads of chains, numbers, files."""

import platform
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from apps.audit.models import Chain
from apps.contracts.models import ContractDocument
from apps.core import clock
from apps.core.made import MadeState
from apps.financing.models import AssignmentProof
from apps.invoicing.models import CorrectedInvoice, CreditNoteDocument, Document, NumberSeries
from apps.invoicing.models.document import DocumentState
from apps.milestones.models import (
    Certificate,
    DisputeFile,
    EventCertificate,
    EvidenceFile,
    ReservationFile,
    SettlementPaper,
)
from apps.workflows.backups.stored import Stored
from apps.workflows.models import EvidencePack

OWNER = "owner"
AT_ONCE = 2_000


def rows() -> dict[str, int]:
    """How many rows each table has, by the table's name. One statement, which looks at one moment."""
    with connections[OWNER].cursor() as cursor:
        tables = tables_of_ours()
        if not tables:
            return {}
        quoted = connections[OWNER].ops.quote_name
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}', count(*) FROM {quoted(table)}" for table in tables))
        return dict(cursor.fetchall())


def tables_of_ours() -> list[str]:
    """The tables of the schema in which Cairn lives."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " ORDER BY relname"
        )
        return [table for (table,) in cursor.fetchall()]


def heads() -> Iterator[tuple[str, str]]:
    """Of every audit chain and number series: what it is, and where it stands (position and hash)."""
    chains = Chain.objects.using(OWNER).order_by("pk")
    for subject, position, head in chains.values_list("subject", "position", "head").iterator(AT_ONCE):
        yield f"audit chain {subject}", f"{position} {head}"
    series = NumberSeries.objects.using(OWNER).order_by("pk")
    columns = ("organisation__ref", "prefix", "year", "last", "head")
    for seller, prefix, year, last, head in series.values_list(*columns).iterator(AT_ONCE):
        yield f"number series {prefix}-{year} of {seller}", f"{last} {head}"


SWEEP: Final = timedelta(days=1)
"""How long a backup may take, from the list of files to the last that is copied."""


def files() -> Iterator[Stored]:
    """Every file that a row names, as the row says that it is."""
    evidence = EvidenceFile.objects.using(OWNER).order_by("pk")
    documents = Document.objects.using(OWNER).filter(state=DocumentState.READY).order_by("pk")
    columns = ("stored_as", "sha256", "size")
    with_xml = documents.filter(xml_obstacle="").values_list("xml_stored_as", "xml_sha256", "xml_size")
    disputed = DisputeFile.objects.using(OWNER).order_by("pk")
    mended = ReservationFile.objects.using(OWNER).order_by("pk")
    settled = SettlementPaper.objects.using(OWNER).filter(state=MadeState.READY).order_by("pk")
    certificates = Certificate.objects.using(OWNER).filter(state=MadeState.READY).order_by("pk")
    proofs = AssignmentProof.objects.using(OWNER).filter(state=MadeState.READY).order_by("pk")
    events = EventCertificate.objects.using(OWNER).filter(state=MadeState.READY).order_by("pk")
    # Those that are not swept while somebody copies.
    packs = EvidencePack.objects.using(OWNER).kept(until=clock.now() + SWEEP).order_by("pk")
    contracts = ContractDocument.objects.using(OWNER).filter(state=MadeState.READY).order_by("pk")
    notes = CreditNoteDocument.objects.using(OWNER).filter(state=MadeState.READY).order_by("pk")
    notes_with_xml = notes.filter(xml_obstacle="").values_list("xml_stored_as", "xml_sha256", "xml_size")
    corrected = CorrectedInvoice.objects.using(OWNER).filter(state=MadeState.READY).order_by("pk")
    corrected_with_xml = corrected.filter(xml_obstacle="").values_list("xml_stored_as", "xml_sha256", "xml_size")
    made = (
        *(
            rows.values_list(*columns)
            for rows in (disputed, mended, settled, certificates, events, proofs, packs, contracts, notes, corrected)
        ),
        notes_with_xml,
        corrected_with_xml,
    )
    for named in (evidence.values_list(*columns), documents.values_list(*columns), with_xml, *made):
        for name, sha256, size in named.iterator(AT_ONCE):
            yield Stored(name, sha256, size)


def migrations() -> list[str]:
    """What was applied to the database, as ``app.name``."""
    applied = MigrationRecorder(connections[OWNER]).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def release() -> dict[str, str]:
    """Which code this is."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"cairn": project["version"], "python": platform.python_version()}
