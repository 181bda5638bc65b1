"""``manage.py check_documents``: prove that every stored document is what was issued, for people and for machines."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.apps import apps as registry
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from apps.core import canonical, clock
from apps.core.made import Made, MadeFromSnapshot, MadeState
from apps.core.printing import structure
from apps.invoicing import inspection
from apps.invoicing.checks import SNAPSHOT_CHECKS
from apps.invoicing.einvoice import conformance, given, standard
from apps.invoicing.models import CorrectedInvoice, CreditNote, CreditNoteDocument, Document, Invoice
from apps.invoicing.models.document import DocumentState

OWNER = "owner"
AT_ONCE = 200


class Command(BaseCommand):
    """Check the chain of snapshots, then every document: hashes, PDF/A-3a, PDF/UA-1, the XML inside by schema and
    business rules of EN 16931, every total computed again, page against XML, and each form of UBL against both. Then
    every other paper (contracts, certificates, settlements, statements, proofs): hashes, PDF/A-3a, PDF/UA-1.

    Or check files that somebody hands over instead: CII, UBL, or a PDF with Factur-X inside. Prints what is wrong, and
    fails.
    """

    help = "Verify stored documents: hashes, PDF/A and PDF/UA marks, EN 16931, totals to the cent, PDF against XML."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, help="e-invoices to check instead of what is stored")
        parser.add_argument("--days", type=int, help="only documents that were made in the last so many days")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["files"]:
            self._check_given(options["files"])
        else:
            self._check_stored(**options)

    def _check_given(self, files: list[Path]) -> None:
        problems = 0
        with standard.engine():
            for file in files:
                for finding in given.findings(_content(file)):
                    problems += 1
                    self.stdout.write(f"{file}: {finding}")
        if problems:
            raise CommandError(f"{problems} problems in {len(files)} files.")
        self.stdout.write(f"{len(files)} files: every rule that is known here is kept.")

    def _check_stored(self, **options: Any) -> None:
        problems = 0
        for problem in self._chain():
            problems += 1
            self.stdout.write(problem)
        checked = with_xml = unmade = 0
        with standard.engine():
            for document, issued in _documents(days=options["days"]):
                if document.state != DocumentState.READY:
                    unmade += 1
                    continue
                checked += 1
                with_xml += not document.xml_obstacle
                for finding in _findings(document, snapshot=issued.snapshot):
                    problems += 1
                    self.stdout.write(f"{issued.number} of {issued.seller.legal_name}: {finding}")
        papers = 0
        for name, paper in _papers(days=options["days"]):
            papers += 1
            for finding in _of_paper(paper):
                problems += 1
                self.stdout.write(f"{name} {paper.ref}: {finding}")
        said = f"{checked} documents, {with_xml} with XML, {unmade} not made yet, {papers} other papers"
        if problems:
            raise CommandError(f"{problems} problems in {said}.")
        self.stdout.write(f"{said}: all as they were issued.")

    def _chain(self) -> Iterator[str]:
        """The snapshots: each with its hash, each chained to the one before in its series."""
        with connections[OWNER].cursor() as cursor:
            for check in SNAPSHOT_CHECKS:
                cursor.execute(check.sql)
                for subject, expected, found in cursor.fetchall():
                    yield f"NOT TRUE: {check.sentence}. {subject}: expected {expected}, found {found}"


Kept = Document | CreditNoteDocument | CorrectedInvoice


def _documents(*, days: int | None) -> Iterator[tuple[Kept, Invoice | CreditNote | CorrectedInvoice]]:
    """Those of invoices, of credit notes, then of corrected invoices, each with what it was made from."""
    invoices = Document.objects.using(OWNER).select_related("invoice__seller").order_by("pk")
    notes = CreditNoteDocument.objects.using(OWNER).select_related("credit_note__seller").order_by("pk")
    corrected = CorrectedInvoice.objects.using(OWNER).select_related("seller").order_by("pk")
    if days is not None:
        since = clock.now() - timedelta(days=days)
        invoices, notes = invoices.filter(requested_at__gte=since), notes.filter(requested_at__gte=since)
        corrected = corrected.filter(requested_at__gte=since)
    for document in invoices.iterator(chunk_size=AT_ONCE):
        yield document, document.invoice
    for note in notes.iterator(chunk_size=AT_ONCE):
        yield note, note.credit_note
    for one in corrected.iterator(chunk_size=AT_ONCE):
        yield one, one


def _findings(document: Kept, *, snapshot: str) -> list[str]:
    try:
        pdf = _read(document.stored_as)
        xml = _read(document.xml_stored_as) if document.xml_stored_as else b""
    except FileNotFoundError as error:
        return [f"the file {error.filename} is not there"]
    return inspection.findings(
        inspection.Stored(
            snapshot=snapshot,
            pdf=pdf,
            sha256=document.sha256,
            size=document.size,
            xml=xml,
            xml_sha256=document.xml_sha256,
            xml_size=document.xml_size,
            obstacle=document.xml_obstacle,
        )
    )


def _papers(*, days: int | None) -> Iterator[tuple[str, Made]]:
    """Everything else that was printed, of whatever kind: also of those rooms that this one does not know."""
    for model in registry.get_models():
        if not issubclass(model, Made) or issubclass(model, (CreditNoteDocument, CorrectedInvoice)):
            continue
        ready = model._default_manager.using(OWNER).filter(state=MadeState.READY, stored_as__endswith=".pdf")
        if days is not None:
            ready = ready.filter(requested_at__gte=clock.now() - timedelta(days=days))
        for row in ready.order_by("pk").iterator(chunk_size=AT_ONCE):
            yield str(model._meta.verbose_name), row


def _of_paper(paper: Made) -> Iterator[str]:
    try:
        pdf = _read(paper.stored_as)
    except FileNotFoundError as error:
        yield f"the file {error.filename} is not there"
        return
    if (canonical.sha256(pdf), len(pdf)) != (paper.sha256, paper.size):
        yield f"the PDF is not what was stored: {paper.size} bytes {paper.sha256} then, {len(pdf)} bytes now"
    if isinstance(paper, MadeFromSnapshot) and canonical.sha256(paper.snapshot) != paper.snapshot_sha256:
        yield "its snapshot is not what it was made from"
    yield from structure.findings(pdf)
    yield from conformance.findings(pdf)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}. Name a file that is there.") from error


def _read(name: str) -> bytes:
    with default_storage.open(name) as stored:
        content: bytes = stored.read()
    return content
