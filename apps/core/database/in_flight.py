"""Statements whose answers nobody waits for: they are sent one after the other, and looked at together.

A sign-off writes much of which the next line of Python needs nothing. Between :func:`in_flight` and its end such
statements (:func:`write`) travel in psycopg's pipeline: Postgres works on one while Python makes the next, and what is
held, first of all the number of an invoice, is held for one round trip instead of one for each statement.

Nothing is weaker for it. The order is the one in which they were sent, and every answer is looked at before COMMIT is
sent: an error that Postgres has with one of them is raised from the next statement that waits, or at the end of the
block, and rolls everything back. A read of a kept statement waits for its own answer and so for all before it. Every
other statement of Django's first lets land what is under way, because Django asks how many rows it changed.

A row that will certainly be wanted can be asked for (:func:`ahead`) before the one is answered that is wanted first:
whoever asks for it then (:func:`first`) finds the answer there. Locks are taken in the order in which it was sent.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeAlias, TypeVar

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from apps.core.database import kept

M = TypeVar("M", bound=Model)
Look: TypeAlias = Callable[[CursorWrapper], None]
"""Looks at the answer to a statement, and may raise or write more."""


class _Flight:
    """What one transaction has sent and not looked at."""

    def __init__(self) -> None:
        self.sent: list[tuple[CursorWrapper, Look | None]] = []
        self.asked: list[tuple[kept.Read[Any], dict[str, Any], kept.Asked[Any]]] = []
        self.pipeline: AbstractContextManager[Any] | None = None

    def send(self, statement: str, values: kept.Values, look: Look | None) -> None:
        cursor = kept.cursor(statement)
        self._enter()
        cursor.execute(statement, values)
        self.sent.append((cursor, look))

    def ask(self, read: kept.Read[Any], arguments: dict[str, Any]) -> None:
        self._enter()
        self.asked.append((read, arguments, read.ask_first(**arguments)))

    def take(self, read: kept.Read[M], arguments: dict[str, Any]) -> kept.Asked[M] | None:
        """What was asked ahead, in these very words: it answers once."""
        for place, (known, words, asked) in enumerate(self.asked):
            if known is read and words == arguments:
                del self.asked[place]
                return asked
        return None

    def arrive(self) -> None:
        """The end of the block: all was answered and looked at, and what nobody wanted to know is forgotten."""
        self.land()
        for _read, _arguments, asked in self.asked:
            asked.forget()

    def land(self) -> None:
        """Wait for every answer and look at it, in the order in which the statements were sent."""
        while self.sent:
            sent, self.sent = self.sent, []
            self._leave(None)
            for cursor, look in sent:
                if look is not None:
                    look(cursor)
                cursor.close()
        self._leave(None)

    def crash(self, error: BaseException) -> None:
        """Something else failed: the transaction is about to be rolled back, whatever the answers are."""
        self.sent, self.asked = [], []
        self._leave(error)

    def land_before(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Let what is under way land before a statement of Django's own: an execute wrapper."""
        if not kept.is_kept(context["cursor"]):
            self.land()
        return execute(sql, params, many, context)

    def _enter(self) -> None:
        if self.pipeline is None:
            self.pipeline = connection.connection.pipeline()
            self.pipeline.__enter__()

    def _leave(self, error: BaseException | None) -> None:
        pipeline, self.pipeline = self.pipeline, None
        if pipeline is not None:
            with connection.wrap_database_errors:
                pipeline.__exit__(type(error) if error else None, error, None)


_flight: Final[ContextVar[_Flight | None]] = ContextVar("flight", default=None)
_hurried: Final[ContextVar[bool]] = ContextVar("hurried", default=False)


@contextmanager
def in_flight() -> Iterator[None]:
    """Inside the block nobody waits for what :func:`write` sends; at its end everything was answered.

    It belongs inside the transaction, so that its end comes before COMMIT and before ROLLBACK.
    """
    flight = _Flight()
    token = _flight.set(flight)
    try:
        with connection.execute_wrapper(flight.land_before):
            yield
            flight.arrive()
    except BaseException as error:
        flight.crash(error)
        raise
    finally:
        _flight.reset(token)


def write(statement: str, values: kept.Values, *, look: Look | None = None) -> None:
    """Send a kept statement; ``look`` is given the cursor with its answer: at once, or at the latest before COMMIT."""
    flight = _flight.get()
    if flight is not None:
        flight.send(statement, values, look)
        return
    with kept.cursor(statement) as cursor:
        cursor.execute(statement, values)
        if look is not None:
            look(cursor)


def ahead(read: kept.Read[Any], **arguments: Any) -> None:
    """Ask for the first row of a kept queryset that :func:`first` will want in the same words. Outside of a block
    nothing happens: whoever wants it asks then."""
    flight = _flight.get()
    if flight is not None:
        flight.ask(read, arguments)


def first(read: kept.Read[M], **arguments: Any) -> M | None:
    """The first row of a kept queryset: what was asked :func:`ahead`, or asked now."""
    flight = _flight.get()
    asked = flight.take(read, arguments) if flight is not None else None
    return read.first(**arguments) if asked is None else asked.answer()


@contextmanager
def nobody_waits() -> Iterator[None]:
    """Inside the block the caller needs no key of what it writes: see :func:`wait`."""
    token = _hurried.set(True)
    try:
        yield
    finally:
        _hurried.reset(token)


def wait() -> None:
    """Called by what sets keys after it wrote: :func:`land`, unless its caller said that nobody waits for them."""
    if not _hurried.get():
        land()


def land() -> None:
    """Wait until everything that was sent is answered: for what the next line needs of it."""
    flight = _flight.get()
    if flight is not None:
        flight.land()
