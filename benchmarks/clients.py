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


def run(*, clients: int, each: int) -> None:
    with scratch.scratch_database():
        sellers = [scenarios.organisations(f"S{number}") for number in range(clients)]
        alone = waiting_submissions(sellers[0], at_least=clients * each * ROUNDS, number="ALONE")
        beside = [
            waiting_submissions(parties, at_least=each * ROUNDS, number="BESIDE")[-each * ROUNDS :]
            for parties in sellers
        ]
        stock.data.settle()
        one: list[float] = []
        many: list[float] = []
        for number in range(ROUNDS):
            mine = alone[number * clients * each : (number + 1) * clients * each]
            one.append(
                _together([(sellers[0], mine[client * each : (client + 1) * each]) for client in range(clients)])
            )
            part = slice(number * each, (number + 1) * each)
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
        start.wait()
        for submission in share:
            sign_off.accept_milestone(actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256)
    connections.close_all()
