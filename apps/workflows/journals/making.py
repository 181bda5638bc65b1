"""The writing of an export by a job: read, written, counted against what was promised, stored once."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Final

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models import Max

from apps.core import canonical, made
from apps.core.errors import Refused
from apps.core.made import Kept, MadeState
from apps.ledger.exports.formats import FORMATS
from apps.ledger.exports.parts import Heading, JournalEntry, Tally
from apps.ledger.models import Entry, ExportFormat, JournalExport
from apps.ledger.rules import Details
from apps.workflows.journals.reading import entries_of

PROGRESS_EVERY: Final = 0.5
"""Seconds between two notes of how far an export is."""


def make(*, export_ref: str) -> None:
    """Make an export; nothing happens if it is there. What cannot be written is said on it, and not tried again."""
    try:
        made.make(_locked(export_ref), work=_stored)
    except Refused:
        return


def _locked(export_ref: str) -> Callable[[], JournalExport]:
    exports = JournalExport.objects.select_related("book", "organisation").select_for_update(of=("self",))
    return lambda: exports.all().get(ref=export_ref)


def _stored(export: JournalExport) -> Kept:
    row = JournalExport.objects.filter(pk=export.pk, state=MadeState.MAKING)
    with tempfile.TemporaryFile() as file:
        tally = write(export, to=file, progress=lambda lines: row.update(done_lines=lines))
        row.update(done_lines=tally.lines, replaced=tally.replaced)
        export.done_lines, export.replaced = tally.lines, tally.replaced
        size = file.seek(0, 2)
        file.seek(0)
        sha256 = canonical.sha256_of(file)
        file.seek(0)
        name = f"exports/{export.ref}/{sha256}.{export.ending}"
        # Half a file, left by a worker that was killed.
        default_storage.delete(name)
        return Kept(default_storage.save(name, File(file)), size, sha256)


def write(export: JournalExport, *, to: IO[bytes], progress: Callable[[int], object] = lambda _lines: None) -> Tally:
    """Write an export and count what went into it; ``progress`` hears how many lines did.

    Refused when that is not what the row promised: then something is wrong with the book, and no file is better.
    """
    tally = Tally()
    entries = _telling(tally.counting(entries_of(export)), tally=tally, progress=progress)
    FORMATS[ExportFormat(export.format)].write(entries, heading=_heading(export), to=to, tally=tally)
    promised = (export.entries, export.lines, export.debit, export.credit)
    if (tally.entries, tally.lines, tally.debit, tally.credit) != promised:
        raise Refused(
            "The book says {found} on debit and {credit} on credit, and {promised} was promised. Nothing was written.",
            found=tally.debit,
            credit=tally.credit,
            promised=export.debit,
        )
    return tally


def _telling(
    entries: Iterable[JournalEntry], *, tally: Tally, progress: Callable[[int], object]
) -> Iterator[JournalEntry]:
    told = time.monotonic()
    for entry in entries:
        if time.monotonic() - told >= PROGRESS_EVERY:
            told = time.monotonic()
            progress(tally.lines)
        yield entry


def _heading(export: JournalExport) -> Heading:
    entries = Entry.objects.filter(
        book_id=export.book_id,
        booked_on__range=(export.starts_on, export.ends_on),
        numbered__number__lte=export.numbered_through,
    )
    return Heading(
        organisation=export.organisation.legal_name,
        currency=export.book.currency,
        starts_on=export.starts_on,
        ends_on=export.ends_on,
        numbers=export.numbers,
        lines=export.lines,
        last_posted_at=entries.aggregate(last=Max("posted_at"))["last"],
        accounts=export.accounts,
        details=Details(**export.details),
    )
