"""Crash points: run an action in a process of its own, kill it at one point, and look at what is left.

A point is before or after a statement, before COMMIT, after COMMIT, or the moment between: COMMIT is sent, and the
process dies before the answer. What did not commit must have left nothing in any table; what did must be there as a
whole; and the same key afterwards ends with the action done exactly once and the answer that was stored.

What commits more than once, as a job that works off one thing after the other, goes on where it stood: killed at any
point, between two of its transactions as well, it has done the same in the end as one that nobody killed.

How many rows the action adds to each table is what an undisturbed run says of itself, counted by Postgres.
"""

import os
import pickle
import random
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from django.core.files.storage import storages
from django.db import connection, connections

from apps.milestones.models import EvidenceFile
from tests.engines import truth
from tests.engines.actions import STORIES, Attempt
from tests.engines.report import Report
from tests.engines.world import World, copy
from tests.scenarios import key as new_key

BEFORE_COMMIT: Final = "before COMMIT"
COMMIT_SENT: Final = "COMMIT sent, answer not read"
AFTER_COMMIT: Final = "after COMMIT"
COMMITTING: Final = (COMMIT_SENT, AFTER_COMMIT)
DONE: Final = "after everything"
CHANGES: Final = (
    "SELECT relname, n_tup_ins - n_tup_del FROM pg_stat_xact_user_tables WHERE n_tup_ins <> n_tup_del"
    " AND schemaname = 'public'"
)


@dataclass(frozen=True)
class Course:
    """An undisturbed run up to COMMIT: its points in order, and by how many rows each table grows."""

    points: list[str]
    grows: dict[str, int]


def try_action(
    name: str, world: World, template: str, *, chance: random.Random, most: int | None, last: Sequence[str]
) -> Report:
    """Kill one action before COMMIT, at so many of the points before that (all, when ``most`` is None), and at each
    point of ``last``; every one of those in a copy of its own."""
    report = Report(f"crash points of {name}", seed=0)
    for number, point in enumerate(last):
        with copy(template):
            attempt = STORIES[name](world)
            if attempt.goes_on:
                break
            before = truth.fingerprint()
            if number == 0:
                course = course_of(attempt)
                _expect_nothing(before, BEFORE_COMMIT, report)
                _before_commit(attempt, before, _some(course.points, chance=chance, most=most), report)
            _at_commit(attempt, before, course, point, report)
    if attempt.goes_on:
        _go_on(name, world, template, _Chosen(chance, most, last), report)
    report.findings = [f"{name}: {finding}" for finding in report.findings]
    return report


def try_all(world: World, template: str, *, seed: int, most: int | None, last: Sequence[str] = COMMITTING) -> Report:
    """Kill every action of the product."""
    whole = Report("crash points", seed)
    for number, name in enumerate(STORIES, start=1):
        report = try_action(name, world, template, chance=random.Random(f"{seed} {name}"), most=most, last=last)
        whole.trials += report.trials
        whole.findings += report.findings
        whole.tell(f"{number} of {len(STORIES)} actions")
    whole.notes.append(f"{len(STORIES)} actions")
    return whole


def course_of(attempt: Attempt) -> Course:
    """How an action goes, told by one that dies just before COMMIT."""
    said = _killed(attempt, new_key(), at=BEFORE_COMMIT)
    if said is None:
        raise AssertionError("the action never came to COMMIT")
    points, grows = said
    return Course(points, {table: rows for table, rows in grows.items() if table in truth.counted()})


def _before_commit(attempt: Attempt, before: str, points: list[str], report: Report) -> None:
    for point in points:
        _killed(attempt, new_key(), at=point)
        _expect_nothing(before, point, report)


def _expect_nothing(before: str, point: str, report: Report) -> None:
    """The same content of every table means that the next try is a first try."""
    report.trials += 1
    truth.wait_until_alone()
    if truth.fingerprint() != before:
        report.findings.append(f"killed {point}: something is left of an action that did not commit")


def _at_commit(attempt: Attempt, before: str, course: Course, point: str, report: Report) -> None:
    key, rows = new_key(), truth.counts()
    report.trials += 1
    _killed(attempt, key, at=point)
    truth.wait_until_alone()
    grown, happened = truth.added(rows), truth.fingerprint() != before
    found = []
    if grown != (course.grows if happened else {}):
        found.append(f"half of it is there: {_differ(grown, course.grows)}")
    if point == AFTER_COMMIT and not happened:
        found.append("nothing of it is there")
    stored = truth.stored_answer(key=key)
    times = 1 if attempt.has_key else happened + 2
    try:
        answers = [attempt(key), attempt(key)]
    except Exception as error:  # whatever the retry raises is what the user is told
        if str(error) != attempt.said_again:
            found.append(f"the same key again is refused: {error!r}")
    else:
        if attempt.has_key and answers[0] != answers[1]:
            found.append(f"the same key gives two answers: {answers}")
        if stored is not None and truth.stored_answer(key=key) != stored:
            found.append("the answer that was stored has changed")
    wanted = {table: times * more for table, more in course.grows.items()}
    if (grown := truth.added(rows)) != wanted:
        found.append(f"after the retry it is not there as often as it should be: {_differ(grown, wanted)}")
    found += truth.wrong()
    if attempt.files:
        found += _files_without_rows()
    report.findings += [f"killed {point}: {finding}" for finding in found]


@dataclass(frozen=True)
class _Chosen:
    chance: random.Random
    most: int | None
    last: Sequence[str]

    def of(self, passed: Sequence[str]) -> list[str]:
        """Before and at the last COMMIT, and of what passes before it so many points."""
        commits = len([point for point in passed if point.startswith(BEFORE_COMMIT)])
        ends = [_numbered(point, commits) for point in (BEFORE_COMMIT, *self.last)]
        sent = [_numbered(COMMIT_SENT, number) for number in range(1, commits + 1)]
        before = [point for point in [*passed, *sent] if point not in ends]
        return [*_some(before, chance=self.chance, most=self.most), *ends]


def _go_on(name: str, world: World, template: str, chosen: _Chosen, report: Report) -> None:
    """Kill what commits more than once, and let it go on: each time in a copy of its own."""
    with copy(template):
        attempt, rows = STORIES[name](world), truth.counts()
        said = _killed(attempt, new_key(), at=DONE)
        if said is None:
            raise AssertionError("the action never came to its end")
        truth.wait_until_alone()
        whole = truth.added(rows)
    for point in chosen.of(said[0]):
        with copy(template):
            attempt, rows, key = STORIES[name](world), truth.counts(), new_key()
            report.trials += 1
            _killed(attempt, key, at=point)
            truth.wait_until_alone()
            found = [] if truth.added(rows).items() <= whole.items() else ["more is there than in the end"]
            attempt(key)
            attempt(key)
            if (grown := truth.added(rows)) != whole:
                found.append(f"it did not go on where it stood: {_differ(grown, whole)}")
            report.findings += [f"killed {point}: {finding}" for finding in [*found, *truth.wrong()]]


def _differ(found: dict[str, int], expected: dict[str, int]) -> str:
    tables = sorted(table for table in {*found, *expected} if found.get(table, 0) != expected.get(table, 0))
    return ", ".join(f"{table} {found.get(table, 0):+d} instead of {expected.get(table, 0):+d}" for table in tables)


def _files_without_rows() -> Iterator[str]:
    for stored_as in EvidenceFile.objects.using("owner").values_list("stored_as", flat=True):
        if not storages["default"].exists(stored_as):
            yield f"the row {stored_as} has lost its bytes"


# --- the process that dies ---------------------------------------------------------------------------------------


def _killed(attempt: Attempt, key: str, *, at: str) -> Any:
    """Run an action in a process of its own that kills itself at a point; what it said before, None if it lived."""
    connections.close_all()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child has no use for the threads it does not get
        child = os.fork()
    if child == 0:
        _die_on_the_way(attempt, key, at=at, mouth=writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as ear:
        said = ear.read()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        return None
    assert os.WTERMSIG(status) == signal.SIGKILL, status
    with suppress(EOFError):
        return pickle.loads(said)  # noqa: S301  our own child's
    return None


def _die_on_the_way(attempt: Attempt, key: str, *, at: str, mouth: int) -> None:
    try:
        killer = _Killer(at, mouth)
        with attempt.asks(), _watched(killer):
            attempt.run(key)
            killer.pass_by(DONE)
    finally:
        os._exit(0)  # it lived: the point was not on its way


class _Killer:
    """Counts the points as they pass, and dies at one of them."""

    def __init__(self, point: str, mouth: int) -> None:
        self.point, self.mouth = point, mouth
        self.passed: list[str] = []
        self.statements = self.commits = 0
        self.watching = True

    def pass_by(self, point: str) -> None:
        if point == self.point:
            os.write(self.mouth, pickle.dumps((self.passed, self._changes() if point == BEFORE_COMMIT else {})))
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(point)

    def _changes(self) -> dict[str, int]:
        self.watching = False
        with connection.cursor() as cursor:
            cursor.execute(CHANGES)
            return dict(cursor.fetchall())

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self.watching:
            return execute(sql, params, many, context)
        self.statements += 1
        self.pass_by(f"before statement {self.statements}")
        result = execute(sql, params, many, context)
        self.pass_by(f"after statement {self.statements}")
        return result

    def commit(self, commit: Callable[[], None]) -> None:
        self.commits += 1
        self.pass_by(_numbered(BEFORE_COMMIT, self.commits))
        if self.point == _numbered(COMMIT_SENT, self.commits):
            sent = connection.connection.pgconn
            sent.send_query(b"COMMIT")
            while sent.flush():
                pass
            self.pass_by(self.point)
        commit()
        self.pass_by(_numbered(AFTER_COMMIT, self.commits))


def _numbered(point: str, commit: int) -> str:
    """The point at the so-manieth COMMIT; most actions have but one."""
    return point if commit == 1 else f"{point}, the {commit}th"


@contextmanager
def _watched(killer: _Killer) -> Iterator[None]:
    connection.ensure_connection()
    line: Any = connection
    plain = line._commit
    line._commit = lambda: killer.commit(plain)
    with connection.execute_wrapper(killer.statement):
        yield


def _some(points: list[str], *, chance: random.Random, most: int | None) -> list[str]:
    chosen = set(points if most is None else chance.sample(points, min(most, len(points))))
    return [point for point in points if point in chosen]
