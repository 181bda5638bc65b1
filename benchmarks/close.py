"""How long the close of a month takes over a whole book of contracts, of which nothing was recognised before."""

from datetime import date
from time import perf_counter, process_time

from django.db import connections

from apps.core.database import scratch
from apps.revenue.models import AccountingPeriod, PeriodState, Recognition
from apps.workflows import revenue
from benchmarks import stock
from benchmarks.data import copy, say
from benchmarks.sign_off import backends, spent_by_postgres
from tests import scenarios
from tests.scenarios import acting, key

THROUGH = date(2026, 3, 31)
"""The end of the month in which everything happened that is copied."""
STEPS, ACCEPTED = 4, 2
"""Milestones of each contract, and how many of them the buyer accepted in the month."""


def run(*, contracts: int) -> None:
    with scratch.scratch_database():
        parties = scenarios.organisations()
        played = stock.deal(parties, "MONTH", steps=STEPS)
        for step in range(1, ACCEPTED + 1):
            scenarios.accepted_milestone(played, position=step, at=stock.AT)
        copy(played, copies=contracts - 1)
        stock.data.settle()
        with acting(scenarios.seller_actor(parties)) as sina:
            asked = revenue.close_period(actor=sina, key=key(), through=THROUGH)
        backends.cache_clear()
        clock, cpu, postgres = perf_counter(), process_time(), spent_by_postgres()
        revenue.work_off(period_ref=asked["period"], seller_id=parties.seller.pk)
        clock, cpu, postgres = perf_counter() - clock, process_time() - cpu, spent_by_postgres() - postgres
        _check(contracts)
        say(f"A month closed over {contracts:,} contracts with {ACCEPTED} accepted milestones each")
        say(
            f"  {clock:.1f} s: {1000 * clock / contracts:.1f} ms a contract by the clock; of the processor Python"
            f" {1000 * cpu / contracts:.1f} ms, Postgres {1000 * postgres / contracts:.1f} ms"
        )


def _check(contracts: int) -> None:
    stock.verified()
    period = AccountingPeriod.objects.using("owner").get(through=THROUGH)
    if period.state != PeriodState.CLOSED:
        raise SystemExit("the month is not closed")
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT count(DISTINCT contract_id) FROM {Recognition._meta.db_table}")
        if cursor.fetchone() != (contracts,):
            raise SystemExit("not every contract was recognised")
