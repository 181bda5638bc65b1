"""How long a warm worker takes to make a document, and whether its memory grows with what it has made."""

import os
from pathlib import Path
from statistics import median
from time import perf_counter

from apps.core.database import scratch
from apps.core.database.walls import asking_for
from apps.invoicing import documents
from apps.invoicing.models import Document
from benchmarks import stock
from benchmarks.data import copy, say
from tests import scenarios

WARM = 5


def run(*, renders: int) -> None:
    with scratch.scratch_database():
        parties = scenarios.organisations()
        contract = stock.deal(parties, "NL-1")
        for step in range(1, stock.STEPS + 1):
            scenarios.accepted_milestone(contract, position=step, at=stock.AT)
        copy(contract, copies=(renders + WARM) // stock.STEPS)
        seconds, memory = [], []
        with asking_for(parties.seller.pk):
            waiting = list(Document.objects.select_related("invoice").order_by("id")[: renders + WARM])
            for document in waiting:
                began = perf_counter()
                documents.render(invoice_ref=document.invoice.ref)
                seconds.append(perf_counter() - began)
                memory.append(_resident())
            ready = Document.objects.filter(pk__in=[document.pk for document in waiting], state="ready", size__gt=0)
            if ready.count() != len(waiting):
                raise SystemExit("not every document was made")
        third = max(1, renders // 3)
        say(f"{renders} documents by one warm process")
        say(f"  the first {1000 * seconds[0]:.0f} ms, then a median of {1000 * median(seconds[WARM:]):.0f} ms")
        say(f"  memory {memory[WARM]:.0f} MB after {WARM + 1}, {memory[-1]:.0f} MB after {len(memory)}")
        say(f"  medians of thirds: {median(memory[WARM:][:third]):.0f}, {median(memory[-third:]):.0f} MB")


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000
