"""One seller at sixteen clients, who all want its next number, beside sixteen sellers with a client each."""

import os
from collections.abc import Sequence
from multiprocessing import get_context
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connections

from apps.core.database import scratch
from apps.milestones.models import Submission
from apps.workflows import sign_off
from benchmarks import stock
from benchmarks.data import say
from benchmarks.sign_off import waiting_submissions
from tests import scenarios
from tests.scenarios import Parties, acting, key

ROUNDS = 3
WARM = 5
"""Sign-offs of each client before the clock starts: a web process keeps its connection, and a new one plans anew."""
HISTORY = 1_000
"""Invoices that there are already, so that Postgres plans for tables that are not empty."""


def run(*, clients: int, each: int) -> None:
    with scratch.scratch_database():
        sellers = [scenarios.organisations(f"S{number}") for number in range(clients)]
        share = each + WARM
        stock.play(sellers[0]).grow(invoices=HISTORY)
        alone = waiting_submissions(sellers[0], at_least=clients * share * ROUNDS, number="ALONE")
        beside = [
            waiting_submissions(parties, at_least=share * ROUNDS, number="BESIDE")[-share * ROUNDS :]
            for parties in sellers
        ]
        stock.data.settle()
        one: list[float] = []
        many: list[float] = []
        for number in range(ROUNDS):
            mine = alone[number * clients * share : (number + 1) * clients * share]
            one.append(
                _together([(sellers[0], mine[client * share : (client + 1) * share]) for client in range(clients)])
            )
            part = slice(number * share, (number + 1) * share)
            many.append(_together([(parties, theirs[part]) for parties, theirs in zip(sellers, beside, strict=True)]))
        stock.verified()
        total = clients * each
        ratio = median(theirs / his for his, theirs in zip(one, many, strict=True))
        say(f"{clients} clients, {ROUNDS} interleaved rounds of {total} sign-offs each, on {os.cpu_count()} processors")
        say(f"  one seller   {total / median(one):7.1f} sign-offs/s")
        say(f"  many sellers {total / median(many):7.1f} sign-offs/s")
        say(f"  one seller reaches {ratio:.2f} of many (the median of the rounds' ratios)")


def _together(shares: Sequence[tuple[Parties, Sequence[Submission]]]) -> float:
    """Seconds until every client, a process of its own, has signed off its share; they start at the same moment."""
    connections.close_all()
    context = get_context("fork")
    start = context.Barrier(len(shares) + 1)
    workers = [context.Process(target=_work, args=(start, parties, share)) for parties, share in shares]
    for worker in workers:
        worker.start()
    start.wait()
    began = perf_counter()
    for worker in workers:
        worker.join()
    seconds = perf_counter() - began
    if any(worker.exitcode for worker in workers):
        raise SystemExit("a client failed")
    return seconds


def _work(start: Any, parties: Parties, share: Sequence[Submission]) -> None:
    bea = scenarios.approver_actor(parties)
    with acting(bea):
        for number, submission in enumerate(share):
            if number == WARM:
                start.wait()
            sign_off.accept_milestone(actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    connections.close_all()
