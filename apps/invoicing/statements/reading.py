"""The whole way from bytes to statements. It runs in a child process with limits of memory and time, because the bytes
come from anywhere: what breaks a reader breaks the child, and is told in words."""

import json
from typing import Final

from apps.contracts.rules.schedule.dates import DateOrder
from apps.contracts.rules.schedule.numbers import DecimalSign
from apps.core.child import Child, ChildError, ChildFailed, serve
from apps.core.errors import Refused
from apps.invoicing.statements import camt, csv_file, mt940_file
from apps.invoicing.statements.parts import MOST_TRANSACTIONS, Found, Problem, ReadFile, failed, understood, written
from apps.invoicing.statements.sums import wrong_in

MOST_BYTES: Final = 20 * 2**20
MEMORY: Final = 512 * 2**20
"""Bytes of address space: twenty megabytes of XML become about ten times as much while they are read."""
SECONDS: Final = 60.0
"""For one file; twenty thousand transactions take less than a third of it on a busy machine."""
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ZIP, _PDF, _OLD_EXCEL = b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0"
_child = Child("apps.invoicing.statements.reading", memory=MEMORY, seconds=SECONDS)


def read_file(
    content: bytes, *, currency: str, decimal: DecimalSign | None = None, dates: DateOrder | None = None
) -> ReadFile:
    """What stands in an uploaded file, or every fault in it with its line; refused when it is no statement at all.

    ``currency`` is that of the account for which it was uploaded, for a CSV file that does not name one; ``decimal``
    and ``dates`` answer what the columns of a CSV file leave open.
    """
    if len(content) > MOST_BYTES:
        raise Refused("The file is larger than {most} MB. Fetch fewer days at once.", most=MOST_BYTES // 2**20)
    if not content.strip():
        raise Refused("The file is empty.")
    if content.startswith(_ZIP):
        raise Refused("This is an archive or a spreadsheet. Choose the statement that is inside, or save it as CSV.")
    if content.startswith(_PDF):
        raise Refused("This is a PDF, for people to read. Fetch the statement as camt.053, MT940 or CSV.")
    if content.startswith(_OLD_EXCEL):
        raise Refused("This is an old Excel file. Save it as CSV.")
    order = {"currency": currency, "decimal": decimal, "dates": dates}
    try:
        (answer,) = _child.ask(json.dumps(order).encode(), content)
    except ChildFailed as failed_:
        raise Refused("This file cannot be read ({kind}). Fetch it from the bank anew.", kind=failed_.kind) from failed_
    except ChildError as error:
        raise Refused("This file takes too long to read. Fetch fewer days at once.") from error
    return understood(answer)


def read(
    content: bytes, *, currency: str = "", decimal: DecimalSign | None = None, dates: DateOrder | None = None
) -> ReadFile:
    """The same in this very process."""
    if camt.is_camt(content):
        found = camt.read_camt(content)
    else:
        text = _decoded(content)
        if text is None:
            return failed("", [Problem(0, Refused("This file is no text. camt.053, MT940 and CSV are read."))])
        if mt940_file.is_mt940(text):
            found = mt940_file.read_mt940(text)
        else:
            found = csv_file.read_csv(text, currency=currency, decimal=decimal, dates=dates)
    return _checked(found)


def _checked(found: ReadFile) -> ReadFile:
    if found.problems:
        return found
    if found.count > MOST_TRANSACTIONS:
        too_many = Refused(
            "The file has more than {most} transactions. Fetch fewer days at once.", most=MOST_TRANSACTIONS
        )
        return failed(found.format, [Problem(0, too_many)])
    problems = Found()
    for statement in found.statements:
        for problem in wrong_in(statement):
            problems.add(problem)
    return failed(found.format, problems.problems) if problems.problems else found


def _decoded(content: bytes) -> str | None:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    for name in (encoding, "cp1252", "latin-1"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _work(question: list[bytes]) -> list[bytes]:
    order, content = question
    told = json.loads(order)
    found = read(
        content,
        currency=told["currency"],
        decimal=DecimalSign(told["decimal"]) if told["decimal"] else None,
        dates=DateOrder(told["dates"]) if told["dates"] else None,
    )
    return [written(found)]


if __name__ == "__main__":
    serve(_work)
