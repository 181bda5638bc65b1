"""What nobody waits for arrives all the same, in its order, and its errors come before COMMIT."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import pq

from apps.core.database import in_flight, kept
from apps.core.database.in_flight import Look, ahead, first, write
from apps.core.database.kept import Argument, Read
from apps.parties.models import User

if TYPE_CHECKING:
    from django.db.models import QuerySet

ADD = "INSERT INTO counted VALUES (%s)"


pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture(autouse=True)
def _counted() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE counted (n int PRIMARY KEY CHECK (n > 0)) ON COMMIT DROP")


def _there() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM counted ORDER BY n")
        return [n for (n,) in cursor.fetchall()]


def _is_under_way() -> bool:
    return bool(connection.connection.pgconn.pipeline_status != pq.PipelineStatus.OFF)


def test_what_is_sent_is_there_after_the_block_and_was_looked_at_in_its_order() -> None:
    seen: list[tuple[int, int]] = []
    with transaction.atomic(), in_flight.in_flight():
        write(ADD, [1], look=lambda cursor: seen.append((1, cursor.rowcount)))
        write(ADD, [2], look=lambda cursor: seen.append((2, cursor.rowcount)))
        assert (seen, _is_under_way()) == ([], True)
    assert (seen, _is_under_way(), _there()) == ([(1, 1), (2, 1)], False, [1, 2])


def test_outside_of_a_block_everybody_waits() -> None:
    seen: list[int] = []
    write(ADD, [1], look=lambda cursor: seen.append(cursor.rowcount))
    assert (seen, _there()) == ([1], [1])


def test_a_kept_read_waits_and_sees_what_was_sent_before_it() -> None:
    with transaction.atomic(), in_flight.in_flight():
        write(ADD, [1])
        with kept.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM counted")
            assert cursor.fetchone() == (1,)
        assert _is_under_way()


def test_a_statement_of_django_lets_everything_land_first_and_knows_what_it_changed() -> None:
    with transaction.atomic(), in_flight.in_flight():
        write(ADD, [1])
        assert User.objects.filter(pk=0).update(is_active=False) == 0
        assert (_is_under_way(), _there()) == (False, [1])
        write(ADD, [2])
        assert _is_under_way()


def test_what_a_look_writes_lands_too() -> None:
    def again(_cursor: CursorWrapper) -> None:
        write(ADD, [2])

    with transaction.atomic(), in_flight.in_flight():
        write(ADD, [1], look=again)
    assert _there() == [1, 2]


def _sent(*rows: list[object], look: Look | None = None, then: Callable[[], object] = list) -> None:
    with transaction.atomic(), in_flight.in_flight():
        for row in rows:
            write(ADD, row, look=look)
        then()


def _fail(*_given: object) -> None:
    raise LookupError


def _read() -> None:
    with kept.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM counted")
        cursor.fetchone()


@pytest.mark.parametrize(("wrong", "error"), [([0], IntegrityError), (["x"], DataError)], ids=["refused", "unreadable"])
def test_an_error_is_djangos_and_nothing_is_left_of_the_transaction(
    wrong: list[object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        _sent([1], wrong, [3])
    assert (_is_under_way(), _there()) == (False, [])
    write(ADD, [4])
    assert _there() == [4]


def test_the_next_read_says_what_was_wrong_before_it() -> None:
    with pytest.raises(IntegrityError):
        _sent([0], then=_read)
    assert (_is_under_way(), _there()) == (False, [])


def test_a_look_that_refuses_comes_before_commit() -> None:
    with pytest.raises(LookupError):
        _sent([1], [2], look=_fail)
    assert (_is_under_way(), _there()) == (False, [])


def test_whatever_else_fails_is_what_is_said_and_leaves_a_connection_that_works() -> None:
    with pytest.raises(LookupError):
        _sent([0], then=_fail)
    assert (_is_under_way(), _there()) == (False, [])


@Read
def _person() -> "QuerySet[User, User]":
    return User.objects.filter(email=Argument("email")).order_by("pk")


ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture
def _people() -> None:
    User.objects.bulk_create(User(email=email) for email in (ADA, BOB))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whom Postgres is asked for, in this order."""
    words: list[Any] = []
    send = kept._Compiled.send

    def note(self: Any, arguments: Any) -> CursorWrapper:
        words.append(arguments["email"])
        return send(self, arguments)

    monkeypatch.setattr(kept._Compiled, "send", note)
    return words


@pytest.mark.usefixtures("_people")
def test_what_was_asked_ahead_is_answered_once_and_in_its_words_only(asked: list[Any]) -> None:
    with transaction.atomic(), in_flight.in_flight():
        ahead(_person, email=ADA)
        ahead(_person, email=BOB)
        assert (asked, _is_under_way()) == ([ADA, BOB], True)
        found = [first(_person, email=BOB), first(_person, email=ADA)]
        assert ([one and one.email for one in found], asked) == ([BOB, ADA], [ADA, BOB])
        assert first(_person, email="nobody@example.org") is None
        User.objects.filter(email=ADA).update(email="ada@example.net")
        assert first(_person, email=ADA) is None, "an answer is of the moment in which it was asked for, and used up"
        assert asked == [ADA, BOB, "nobody@example.org", ADA]


@pytest.mark.usefixtures("_people")
def test_what_was_asked_ahead_stays_when_a_statement_of_django_lets_everything_land(asked: list[Any]) -> None:
    with transaction.atomic(), in_flight.in_flight():
        ahead(_person, email=ADA)
        write(ADD, [1])
        assert (_there(), _is_under_way()) == ([1], False)
        found = first(_person, email=ADA)
    assert (found and found.email, asked) == (ADA, [ADA])


@pytest.mark.usefixtures("_people")
def test_what_nobody_wants_to_know_is_forgotten_at_the_end(asked: list[Any]) -> None:
    with transaction.atomic(), in_flight.in_flight():
        ahead(_person, email=ADA)
    assert not _is_under_way()
    with transaction.atomic(), in_flight.in_flight():
        found = first(_person, email=BOB)
    assert (found and found.email, asked) == (BOB, [ADA, BOB])


def test_outside_of_a_block_nothing_is_asked_ahead(asked: list[Any]) -> None:
    ahead(_person, email=ADA)
    assert asked == []
    assert (first(_person, email=ADA), asked) == (None, [ADA])


def test_an_error_before_what_was_asked_ahead_is_what_is_said() -> None:
    def ask() -> None:
        ahead(_person, email=ADA)
        first(_person, email=ADA)

    with pytest.raises(IntegrityError):
        _sent([0], then=ask)
    assert (_is_under_way(), _there()) == (False, [])
