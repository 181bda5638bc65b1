"""Counters that all processes share: how many, until when, and what is forgotten."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from apps.core import clock
from apps.workflows import limits, upkeep
from apps.workflows.limits import Limit, TooOften
from apps.workflows.models import Tally

THREE = Limit("try", 3, timedelta(minutes=5))
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def tried(times: int, *, at: datetime = AT, who: str = "eve", limit: Limit = THREE) -> list[timedelta]:
    """What each of so many tries was told to wait; nothing for one that may be."""
    found = []
    with clock.stopped(at):
        for _ in range(times):
            try:
                limits.count(limit, who)
            except TooOften as reached:
                found.append(reached.wait)
            else:
                found.append(timedelta())
    return found


@pytest.mark.django_db
class TestCount:
    def test_beyond_the_limit_it_says_how_long_to_wait(self) -> None:
        assert tried(3) == [timedelta()] * 3
        assert tried(2, at=AT + timedelta(minutes=2)) == [timedelta(minutes=3)] * 2

    def test_the_window_ends_by_itself_however_often_somebody_tries(self) -> None:
        tried(10)
        tried(10, at=AT + timedelta(minutes=4))
        assert tried(4, at=AT + timedelta(minutes=5)) == [timedelta()] * 3 + [timedelta(minutes=5)]

    def test_everybody_and_every_limit_is_counted_apart(self) -> None:
        tried(9)
        assert tried(1, who="mallory") == [timedelta()]
        assert tried(1, limit=replace(THREE, name="something else")) == [timedelta()]

    def test_the_table_tells_of_nobody(self) -> None:
        tried(1, who="203.0.113.9")
        assert len(Tally.objects.get().key) == 64

    def test_what_is_asked_along_says_since_when_it_is_reached(self) -> None:
        def since() -> datetime | None:
            row = Tally.objects.annotate(reached=limits.reached(THREE, "eve")).get()
            found: datetime | None = row.reached
            return found

        tried(2)
        assert since() is None
        tried(1)
        assert since() == AT
        with clock.stopped(AT + timedelta(minutes=4, seconds=59)), pytest.raises(TooOften) as reached:
            limits.check(THREE, since=AT)
        assert reached.value.wait == timedelta(seconds=1)
        with clock.stopped(AT + timedelta(minutes=5)):
            limits.check(THREE, since=AT)
        limits.check(THREE, since=None)

    def test_what_limits_nobody_any_more_is_forgotten(self) -> None:
        tried(1, who="long ago")
        tried(1, at=AT + timedelta(hours=2), who="now")
        upkeep.forget_old_tallies.func(int((AT + timedelta(hours=2)).timestamp()))
        assert Tally.objects.count() == 1
        assert max(limits.WRONG_LINKS.within, limits.SEARCHES.within) <= limits.LONGEST


def test_many_at_the_same_time_are_counted_one_by_one(scratch: str) -> None:
    told: list[bool] = []
    start = threading.Barrier(8)

    def crowd() -> None:
        start.wait()
        for _ in range(10):
            try:
                limits.count(THREE, "eve")
            except TooOften:
                told.append(False)
            else:
                told.append(True)
        connection.close()

    threads = [threading.Thread(target=crowd) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 77 + [True] * 3
