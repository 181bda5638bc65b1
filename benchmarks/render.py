"""What a warm worker takes to make a document, beside bare WeasyPrint, and whether its memory grows with what it made.

The worker's document is whole: read, written as XML and as a page, printed by the press, stored, its hashes recorded.
Bare WeasyPrint gets the same page and the same XML ready made. Both print in a warm process of their own.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils import translation

from apps.core.child import Child
from apps.core.database import scratch
from apps.core.database.walls import asking_for
from apps.invoicing import documents, snapshot
from apps.invoicing.einvoice import cii
from apps.invoicing.models import Document
from apps.invoicing.page import page_of
from benchmarks import stock
from benchmarks.data import copy, say
from benchmarks.sign_off import backends, spent_by_postgres
from tests import scenarios

WARM = 5
BESIDE = 100
"""How many documents bare WeasyPrint makes too: enough for a ratio."""


def run(*, renders: int) -> None:
    with scratch.scratch_database():
        parties = scenarios.organisations()
        contract = stock.deal(parties, "NL-1")
        for step in range(1, stock.STEPS + 1):
            scenarios.accepted_milestone(contract, position=step, at=stock.AT)
        copy(contract, copies=(renders + WARM) // stock.STEPS)
        bare = Child("benchmarks.bare.press", memory=None, seconds=60)
        ours: list[tuple[float, float]] = []
        theirs: list[tuple[float, float]] = []
        memory: list[float] = []
        with asking_for(parties.seller.pk):
            waiting = list(Document.objects.select_related("invoice").order_by("id")[: renders + WARM])
            for number, document in enumerate(waiting):
                if number < WARM:
                    backends.cache_clear()
                invoice = document.invoice
                ours.append(_spent(partial(documents.render, invoice_ref=invoice.ref), "apps.core.printing"))
                memory.append(_of_children("apps.core.printing", _resident) + _resident(os.getpid()))
                if number < BESIDE + WARM:
                    theirs.append(_spent(partial(bare.ask, *_page(invoice.snapshot)), "benchmarks.bare.press"))
            sizes = _checked(waiting, bare.ask(*_page(waiting[-1].invoice.snapshot))[0])
        bare.close()
        third = max(1, renders // 3)
        say(f"{renders} documents by one warm worker; {len(theirs) - WARM} of them by bare WeasyPrint too, in turns")
        for what, at in (("by the clock", 0), ("of the processor", 1)):
            own = [spent[at] for spent in ours[WARM : len(theirs)]]
            bares = [spent[at] for spent in theirs[WARM:]]
            ratio = median(one / other for one, other in zip(own, bares, strict=True))
            say(
                f"  {what:17}{1000 * median(own):7.0f} ms, bare WeasyPrint {1000 * median(bares):7.0f} ms:"
                f" {ratio:.2f} times (the median of the turns' ratios)"
            )
        say(f"  the first {1000 * ours[0][0]:.0f} ms; one PDF {sizes[0]:,} bytes, of bare WeasyPrint {sizes[1]:,}")
        say(f"  worker and press hold {memory[WARM]:.0f} MB after {WARM + 1}, {memory[-1]:.0f} after {len(memory)}")
        say(f"  medians of thirds: {median(memory[WARM:][:third]):.0f}, {median(memory[-third:]):.0f} MB")


def _page(text: str) -> tuple[bytes, bytes]:
    """The page and the XML of an invoice, as its document has them."""
    invoice = snapshot.read(text)
    with translation.override(invoice.language):
        html = render_to_string(documents.TEMPLATE, {"page": page_of(invoice)})
    return html.encode(), cii.write(invoice)


def _checked(made: list[Document], bare: bytes) -> tuple[int, int]:
    """Stop unless every document was made; the answer is how many bytes the last one has, and its bare copy."""
    ready = Document.objects.filter(pk__in=[document.pk for document in made], state="ready", size__gt=0)
    if ready.count() != len(made):
        raise SystemExit("not every document was made")
    last = made[-1]
    last.refresh_from_db()
    with default_storage.open(last.stored_as) as stored:
        if stored.read(5) != b"%PDF-" or not bare.startswith(b"%PDF-"):
            raise SystemExit("what was made is no PDF")
    return last.size, len(bare)


def _spent(act: Callable[[], object], module: str) -> tuple[float, float]:
    """Seconds by the clock, and of the processor: of this process, of the one that prints, and of Postgres."""

    def of_processor() -> float:
        return process_time() + _of_children(module, _used) + spent_by_postgres()

    clock, processor = perf_counter(), of_processor()
    act()
    processor = of_processor() - processor
    return perf_counter() - clock, processor


def _of_children(module: str, measure: Callable[[int], float]) -> float:
    """The sum over this process's children that run a module."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return sum(measure(int(pid)) for pid in children if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes())


def _used(pid: int) -> float:
    """Seconds of processor, of all threads."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000
