"""What a sign-off, a list and a first page read does not grow with what is there already: counted in blocks, not in
seconds.

One seller has it all, which is the worst case. Postgres itself counts, for every table and index, what the triggers,
the foreign keys and the policies read included. ``CAIRN_GROWTH`` names other sizes than the usual ones.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection, connections
from django.test import Client

from apps.workflows import sign_off
from benchmarks import stock
from tests import scenarios
from tests.scenarios import Parties, acting, key

FEW, MANY = (int(size) for size in os.environ.get("CAIRN_GROWTH", "2000 10000").split())
LARGE = 500
"""Rows. A table that has fewer may be read as a whole: there is hardly a quicker way to a row of it."""
PAGES = ("", "invoices/", "invoices/?state=open", "invoices/?state=paid", "contracts/", "contracts/?state=active")

COUNTED = """
SELECT t.relname, t.seq_tup_read, coalesce(io.heap_blks_hit + io.heap_blks_read, 0)
    + coalesce(io.idx_blks_hit + io.idx_blks_read, 0), t.n_live_tup
FROM pg_stat_user_tables t JOIN pg_statio_user_tables io USING (relid)
"""


@dataclass(frozen=True)
class Read:
    """What one action read of one table: rows in the order in which they lie there, and blocks, of how many rows."""

    in_sequence: int
    blocks: int
    rows: int

    @property
    def is_whole(self) -> bool:
        """Read from one end to the other. Where nearly every row is wanted, the first hundred may well be read so."""
        return self.rows > LARGE and self.in_sequence >= self.rows // 2


Reads = dict[str, Read]


def counted() -> Reads:
    """Until now, of each table."""
    with connection.cursor() as web:
        web.execute("SELECT pg_stat_force_next_flush()")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(COUNTED)
        return {table: Read(*numbers) for table, *numbers in cursor.fetchall()}


def reads(act: Callable[[], object]) -> Reads:
    act()  # what is looked up once per connection: the catalogue, the plans of triggers and foreign keys
    before = counted()
    act()
    return {
        table: Read(now.in_sequence - before[table].in_sequence, now.blocks - before[table].blocks, now.rows)
        for table, now in counted().items()
        if now != before[table]
    }


def signing_off(parties: Parties, number: str) -> Callable[[], object]:
    contract = stock.deal(parties, number)
    waiting = [scenarios.submitted_milestone(contract, position=step) for step in (1, 2)]
    bea = scenarios.approver_actor(parties)

    def accept() -> None:
        submission = waiting.pop()
        with acting(bea):
            sign_off.accept_milestone(actor=bea, key=key(), submission_ref=submission.ref, seen=submission.sha256)

    return accept


def opening(client: Client, address: str) -> Callable[[], object]:
    def get() -> None:
        assert client.get(address).status_code == 200

    return get


@pytest.fixture
def parties(scratch: str) -> Parties:
    return scenarios.organisations()


def test_neither_a_sign_off_nor_a_page_reads_more_where_there_is_more(parties: Parties) -> None:
    clients = {side: Client() for side in ("seller", "buyer")}
    for side, client in clients.items():
        client.force_login(parties.people[side].user)
    played = stock.play(parties)
    # Both deals run from the beginning, so that the lists of what runs show as many rows each time.
    signing = {size: signing_off(parties, f"NEW-{size}") for size in (FEW, MANY)}
    read: dict[str, list[Reads]] = {}
    for size, owed in ((FEW, FEW // 10), (MANY, MANY // 10)):
        played.grow(invoices=size, owed=owed)  # usually history grows five times, what is open six times
        actions = {"sign-off": signing[size]} | {
            f"/{side}/{name}": opening(client, f"/{side}/{name}") for side, client in clients.items() for name in PAGES
        }
        for name, act in actions.items():
            read.setdefault(name, []).append(reads(act))
    blocks = {name: [sum(one.blocks for one in reads.values()) for reads in sizes] for name, sizes in read.items()}
    scanned = {
        name: tables
        for name, (_few, many) in read.items()
        if (tables := [table for table, one in many.items() if one.is_whole])
    }
    print("\nblocks at", FEW, "and", MANY, blocks)
    assert scanned == {}, "no table of some size is read from one end to the other"
    assert {name: counts for name, counts in blocks.items() if counts[1] > 2 * counts[0]} == {}


def test_a_table_that_is_read_as_a_whole_would_be_found(parties: Parties) -> None:
    stock.play(parties).grow(invoices=FEW)

    def look_everywhere() -> None:
        with acting(scenarios.seller_actor(parties)), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM invoicing_invoice WHERE snapshot LIKE '%nowhere%'")

    assert reads(look_everywhere)["invoicing_invoice"].is_whole
