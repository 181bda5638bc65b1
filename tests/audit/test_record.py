"""Entries are linked by Postgres and verified by Python: both must mean the same hash."""

import io
from contextlib import suppress

import pytest
from django.core.management import call_command
from django.db import transaction

from apps.audit import services as audit
from apps.audit.models import Chain, Entry
from apps.core import canonical, clock
from apps.parties.actor import Actor
from tests import scenarios
from tests.races import together
from tests.scenarios import Parties, acting

TRICKY = 'Bea "position":0 Bérg \\ 100 % {0} 你好'


def record(actor: Actor, *, chain: str, verb: str = "something.done", note: str = TRICKY) -> None:
    audit.record(
        chain=chain,
        parties=[actor.organisation_id],
        verb=verb,
        subject="thing:k7f2",
        actor=actor,
        at=clock.now(),
        note=note,
    )


def entries(chain: str) -> list[Entry]:
    return list(Entry.objects.filter(chain__subject=chain).order_by("position"))


@pytest.fixture
def parties(db: None) -> Parties:
    return scenarios.organisations()


def test_the_first_entry_makes_the_chain_and_the_next_ones_follow(parties: Parties) -> None:
    with acting(scenarios.seller_actor(parties)) as sina, transaction.atomic():
        for verb in ("one.done", "two.done"):
            record(sina, chain="organisation:new", verb=verb)
        first, second = entries("organisation:new")
        assert (first.previous, second.previous) == ("0" * 64, first.sha256)
        for entry in (first, second):
            assert entry.sha256 == canonical.sha256(entry.previous + entry.text)
            said = canonical.read(entry.text)
            assert entry.text == canonical.text(said), "keys in order, nothing between them"
            assert (said["position"], said["verb"], said["facts"]["note"]) == (entry.position, entry.verb, TRICKY)
        chain = Chain.objects.get(subject="organisation:new")
        assert (chain.position, chain.head, chain.parties) == (2, second.sha256, [sina.organisation_id])


def test_what_is_recorded_together_is_written_at_the_end_in_its_order(parties: Parties) -> None:
    with acting(scenarios.seller_actor(parties)) as sina, transaction.atomic():
        with audit.written_together():
            for chain in ("organisation:b", "organisation:a"):
                for verb in ("one.done", "two.done", "three.done"):
                    record(sina, chain=chain, verb=verb)
            assert not Chain.objects.filter(subject__in=["organisation:a", "organisation:b"]).exists()
        for chain in ("organisation:a", "organisation:b"):
            assert [entry.verb for entry in entries(chain)] == ["one.done", "two.done", "three.done"]


def test_what_is_recorded_by_an_action_that_fails_is_not_written_by_the_next(parties: Parties) -> None:
    with acting(scenarios.seller_actor(parties)) as sina, transaction.atomic():
        with suppress(ZeroDivisionError), audit.written_together():
            record(sina, chain="organisation:a", verb="never.done")
            _ = 1 // 0
        with audit.written_together():
            record(sina, chain="organisation:a", verb="then.done")
        assert [entry.verb for entry in entries("organisation:a")] == ["then.done"]


def test_a_party_that_joins_later_is_added_and_none_is_lost(parties: Parties) -> None:
    with acting(scenarios.seller_actor(parties)) as sina, transaction.atomic():
        for readers in ([9], [12, 9]):
            audit.record(
                chain="organisation:a",
                parties=[sina.organisation_id, *readers],
                verb="reader.added",
                subject="thing:k7f2",
                actor=sina,
                at=clock.now(),
            )
        assert Chain.objects.get(subject="organisation:a").parties == sorted({sina.organisation_id, 9, 12})


def test_a_chain_of_strangers_is_not_written_to(parties: Parties) -> None:
    with acting(scenarios.seller_actor(parties)) as sina, transaction.atomic():
        record(sina, chain="organisation:a")
    uli = scenarios.member(parties, "financier")
    with acting(uli), transaction.atomic(), pytest.raises(LookupError, match="cannot be seen"):
        record(uli, chain="organisation:a")


def test_many_at_once_make_one_chain_without_a_gap(scratch: str) -> None:
    parties = scenarios.organisations()
    sina = scenarios.seller_actor(parties)

    def work(number: int) -> None:
        with acting(sina), transaction.atomic(), audit.written_together():
            for part in range(3):
                record(sina, chain="organisation:busy", note=f"{number}.{part}")

    results = together(*[lambda number=number: work(number) for number in range(8)])
    assert results == [None] * 8
    with acting(sina):
        written = entries("organisation:busy")
    assert [entry.position for entry in written] == list(range(1, 25))
    notes = [canonical.read(entry.text)["facts"]["note"] for entry in written]
    for place in range(0, 24, 3):
        number = notes[place].partition(".")[0]
        assert notes[place : place + 3] == [f"{number}.{part}" for part in range(3)], "one action stays together"
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert "every hash as it was written" in out.getvalue()
