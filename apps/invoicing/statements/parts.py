"""What is read of a file: statements, their transactions, and what is wrong; the same for every format."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from apps.core import canonical
from apps.core.errors import Refused
from apps.core.texts import has_unseen

MOST_TRANSACTIONS: Final = 20_000
MOST_PROBLEMS: Final = 200
LONGEST: Final = {
    "text": 1_000,
    "payer": 160,
    "payer_account": 70,
    "bank_reference": 70,
    "end_to_end": 70,
    "number": 70,
}
"""Characters that are kept. References longer than this do not exist; texts are cut."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one place: the line as an editor counts it, 0 for the file as a whole."""

    line: int
    refusal: Refused


class Wrong(Exception):
    """A fault that was found while a line was read."""

    def __init__(self, line: int, refusal: Refused) -> None:
        super().__init__(str(refusal))
        self.problem = Problem(line, refusal)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTransaction:
    """One booked transaction. ``amount`` is positive for money in, negative for money out, in the currency of the
    account; ``line`` is where it stands. ``is_return`` says that it takes back an earlier one."""

    line: int
    booked_on: date
    valued_on: date | None
    amount: Decimal
    text: str = ""
    payer: str = ""
    payer_account: str = ""
    bank_reference: str = ""
    end_to_end: str = ""
    creditor_reference: str = ""
    is_return: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStatement:
    """One statement of one account: ``number`` as the bank counts it, balances in its currency, positive in credit.

    A CSV file may have no balances. ``left_out`` counts entries that the bank has not booked yet.
    """

    line: int
    account: str
    currency: str
    number: str
    opened_on: date | None
    closed_on: date | None
    opening: Decimal | None
    closing: Decimal | None
    closing_line: int = 0
    left_out: int = 0
    transactions: tuple[ReadTransaction, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Everything of one file; it can be imported when there are no ``problems``. ``columns`` and ``ignored`` are those
    of a CSV file, by the names that it gives them."""

    format: str
    statements: tuple[ReadStatement, ...] = ()
    problems: tuple[Problem, ...] = ()
    columns: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return sum(len(statement.transactions) for statement in self.statements)


@dataclass(slots=True)
class Found:
    """The problems of a file while it is read, the first of them kept."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


def kept(text: str, *, as_: str) -> str:
    """A text as it is kept: on one line, without signs that nobody sees, no longer than the column."""
    plain = text
    if not text.isprintable():
        plain = "".join(" " if has_unseen(sign) or sign in "\n\r\t" else sign for sign in text)
    return " ".join(plain.split())[: LONGEST[as_]]


def failed(format_: str, problems: Iterable[Problem]) -> ReadFile:
    """A file of which nothing can be imported."""
    return ReadFile(format_, problems=tuple(problems))


def written(read: ReadFile) -> bytes:
    """The file as the child process answers it."""
    said = {
        "format": read.format,
        "columns": read.columns,
        "ignored": read.ignored,
        "statements": [asdict(statement) for statement in read.statements],
        "problems": [[one.line, one.refusal.template, one.refusal.parts] for one in read.problems],
    }
    return canonical.text(said).encode()


def understood(answer: bytes) -> ReadFile:
    """The file that a child process answered."""
    said = canonical.read(answer.decode())
    return ReadFile(
        said["format"],
        statements=tuple(_statement(one) for one in said["statements"]),
        problems=tuple(Problem(line, Refused(template, **parts)) for line, template, parts in said["problems"]),
        columns=tuple(said["columns"]),
        ignored=tuple(said["ignored"]),
    )


def _statement(said: dict[str, Any]) -> ReadStatement:
    transactions: Sequence[dict[str, Any]] = said["transactions"]
    return ReadStatement(
        **{
            **said,
            "opened_on": _day(said["opened_on"]),
            "closed_on": _day(said["closed_on"]),
            "opening": _amount(said["opening"]),
            "closing": _amount(said["closing"]),
            "transactions": tuple(
                ReadTransaction(
                    **{
                        **one,
                        "booked_on": date.fromisoformat(one["booked_on"]),
                        "valued_on": _day(one["valued_on"]),
                        "amount": Decimal(one["amount"]),
                    }
                )
                for one in transactions
            ),
        }
    )


def _day(written_: str | None) -> date | None:
    return date.fromisoformat(written_) if written_ else None


def _amount(written_: str | None) -> Decimal | None:
    return Decimal(written_) if written_ is not None else None
