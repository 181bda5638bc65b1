"""The child process for heavy work: it answers, fails in words, keeps its limits, and starts again."""

import os
import signal
from collections.abc import Iterator

import pytest

from apps.core.child import Child, ChildDied, ChildFailed, ChildTooSlow

MEMORY = 256 * 2**20


@pytest.fixture
def child() -> Iterator[Child]:
    one = Child("tests.core.working", memory=MEMORY, seconds=5)
    yield one
    one.close()


def test_it_answers_and_stays_warm(child: Child) -> None:
    big = os.urandom(3 * 2**20)
    assert child.ask(b"echo", b"", "ü".encode(), big) == [b"", "ü".encode(), big]
    assert child.ask(b"pid") == child.ask(b"pid")


def test_what_a_library_prints_is_no_answer(child: Child) -> None:
    assert child.ask(b"print") == [b"quiet"]
    assert child.ask(b"echo", b"x") == [b"x"]


def test_an_error_is_told_in_words_and_the_child_goes_on(child: Child) -> None:
    pid = child.ask(b"pid")
    with pytest.raises(ChildFailed, match="ValueError: this cannot be done") as failed:
        child.ask(b"raise")
    assert (failed.value.kind, failed.value.words) == ("ValueError", "this cannot be done")
    assert child.ask(b"pid") == pid


def test_more_memory_than_it_may_have_is_a_failure_and_a_fresh_start(child: Child) -> None:
    pid = child.ask(b"pid")
    assert child.ask(b"eat", str(2**20).encode()) == [b"\0"]
    with pytest.raises(ChildFailed, match="more memory than it may have"):
        child.ask(b"eat", str(2 * MEMORY).encode())
    assert child.ask(b"pid") != pid


def test_one_that_takes_too_long_is_ended() -> None:
    child = Child("tests.core.working", memory=None, seconds=0.5)
    # The start counts too: a warm one answers within the time.
    child.seconds = 10
    pid = int(child.ask(b"pid")[0])
    child.seconds = 0.5
    with pytest.raises(ChildTooSlow, match="took longer than"):
        child.ask(b"sleep")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    child.seconds = 10
    assert child.ask(b"echo", b"again") == [b"again"]
    child.close()


def test_one_that_died_is_told_of_and_replaced(child: Child) -> None:
    with pytest.raises(ChildDied, match="ended in the middle"):
        child.ask(b"die")
    pid = int(child.ask(b"pid")[0])
    os.kill(pid, signal.SIGKILL)
    # Died between two questions: whether the first one notices depends on how fast the machine tells.
    try:
        assert child.ask(b"echo", b"x") == [b"x"]
    except ChildDied:
        assert child.ask(b"echo", b"x") == [b"x"]


def test_closing_twice_is_closing_once(child: Child) -> None:
    child.ask(b"pid")
    child.close()
    child.close()
    assert child.ask(b"echo", b"back") == [b"back"]
