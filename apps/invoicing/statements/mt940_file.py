"""MT940, the customer statement message of SWIFT, as banks write it into files.

Fields are split here, because a fault must be told with its line, because no field may be passed over in silence, and
because the library's own reader opens a file when the text happens to be the name of one. What stands *inside* field 61
(the entry), in the balances and in the German structure of field 86, of which each bank has a dialect, the library
``mt-940`` reads.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from mt940 import models, processors, tags
from mt940.options import Options

from apps.core.errors import Refused
from apps.invoicing.statements.parts import (
    Found,
    Problem,
    ReadFile,
    ReadStatement,
    ReadTransaction,
    Wrong,
    failed,
    kept,
)

NAME: Final = "MT940"
_FIELD: Final = re.compile(r":([0-9]{2}[A-Z]?|NS):(.*)")
_ENDS: Final = ("-", "-}", "--")
_PASSED_OVER: Final = frozenset(["13", "13D", "21", "34F", "64", "65", "90C", "90D", "NS"])
"""Fields that say nothing about what was booked: times, limits, balances to come, sums of entries."""
_SLASHES: Final = re.compile(
    r"/(NAME|IBAN|EREF|REMI|ORDP|BENM|CNTP|TRCD|BIC|CSID|MARF|PREF|RTRN|PURP|ULTD|ULTB|ISDT|ADDR|ID)/"
)
"""The keywords of the Dutch banks' structure of field 86."""
_RETURNS: Final = ("RC", "RD")
_NO_REFERENCE: Final = ("NONREF", "NOREF", "NOTPROVIDED", "KEINE REFERENZ")
_STALE: Final = timedelta(days=366)
# The library writes what it cannot match to its log; here every fault is told to whoever uploaded the file.
logging.getLogger("mt940").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class _Line:
    """One field of a message: its tag, what stands in it on one or more lines, and where it begins."""

    tag: str
    value: str
    line: int


def is_mt940(text: str) -> bool:
    """Whether a text has the fields of a statement message near its beginning."""
    return bool(re.search(r"^:20:", text[:5_000], re.MULTILINE)) and bool(re.search(r"^:25P?:", text, re.MULTILINE))


def read_mt940(text: str) -> ReadFile:
    """The statements of a file, or what is wrong with it."""
    found = Found()
    try:
        messages = list(_messages(list(_fields(text))))
    except Wrong as wrong:
        return failed(NAME, [wrong.problem])
    read = tuple(one for message in messages if (one := _Message(message, found).read()) is not None)
    return ReadFile(NAME, statements=read, problems=tuple(found.problems))


def _fields(text: str) -> Iterator[_Line]:
    """Every field of the file. Blocks of the SWIFT envelope, and what stands before the first field, are left out."""
    tag, began = "", 0
    value: list[str] = []
    for number, written in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        line = written.rstrip()
        opened = line.rpartition("{4:")[2] if line.startswith("{") else line
        found = _FIELD.match(opened)
        if found:
            if tag:
                yield _Line(tag, "\n".join(value).strip(), began)
            tag, value, began = found[1], [found[2]], number
        elif opened.strip() in _ENDS or opened.startswith("-}"):
            if tag:
                yield _Line(tag, "\n".join(value).strip(), began)
            tag, value = "", []
        elif tag:
            value.append(opened)
    if tag:
        yield _Line(tag, "\n".join(value).strip(), began)


def _messages(fields: Sequence[_Line]) -> Iterator[list[_Line]]:
    """The fields of each statement: a new one begins with field 20."""
    message: list[_Line] = []
    for field in fields:
        if field.tag == "20" and message:
            yield message
            message = []
        if field.tag != "20" and not message:
            raise Wrong(field.line, Refused("Field {tag} stands before the beginning of a statement.", tag=field.tag))
        message.append(field)
    if message:
        yield message


class _Message:
    """One statement."""

    def __init__(self, fields: Sequence[_Line], found: Found) -> None:
        self.fields, self.found = fields, found
        self.library = models.Transactions(options=Options.all())

    def read(self) -> ReadStatement | None:
        try:
            account = self._one("25", "25P", what="account")
            opening_line = self._one("60F", "60M", what="opening balance")
            closing_line = self._one("62F", "62M", what="closing balance")
            opening, opened_on, currency = self._balance(opening_line)
            closing, closed_on, other = self._balance(closing_line)
        except Wrong as wrong:
            self.found.add(wrong.problem)
            return None
        if other != currency:
            refusal = Refused(
                "The opening balance is in {currency}, and the closing balance in {other}.",
                currency=currency,
                other=other,
            )
            self.found.add(Problem(closing_line.line, refusal))
            return None
        number = next((field.value for field in self.fields if field.tag in ("28C", "28")), "")
        return ReadStatement(
            line=self.fields[0].line,
            # Field 25P has the bank's code on a second line.
            account=kept(account.value.split("\n")[0], as_="payer_account"),
            currency=currency,
            number=kept(number, as_="number"),
            opened_on=opened_on,
            closed_on=closed_on,
            opening=opening,
            closing=closing,
            closing_line=closing_line.line,
            transactions=tuple(self._transactions(closed_on)),
        )

    def _one(self, *names: str, what: str) -> _Line:
        """The field of this name; what is missing or there twice is a fault."""
        found = [field for field in self.fields if field.tag in names]
        if not found:
            raise Wrong(
                self.fields[0].line,
                Refused("This statement has no {what} (field {tag}).", what=what, tag=names[0]),
            )
        if len(found) > 1:
            raise Wrong(
                found[1].line,
                Refused("This statement has a second {what} (field {tag}).", what=what, tag=found[1].tag),
            )
        return found[0]

    def _balance(self, field: _Line) -> tuple[Decimal, date, str]:
        said: Any = self._by_library(tags.BalanceBase(), field, whole=True)[tags.BalanceBase.slug]
        return said.amount.amount, _plain(said.date), str(said.amount.currency)

    def _transactions(self, closed_on: date) -> Iterator[ReadTransaction]:
        place = 0
        while place < len(self.fields):
            field = self.fields[place]
            place += 1
            if field.tag == "61":
                details = self.fields[place] if place < len(self.fields) and self.fields[place].tag == "86" else None
                place += details is not None
                try:
                    yield self._transaction(field, details, closed_on)
                except Wrong as wrong:
                    self.found.add(wrong.problem)
            elif field.tag not in _PASSED_OVER | {"20", "25", "25P", "28", "28C", "60F", "60M", "62F", "62M", "86"}:
                self.found.add(
                    Wrong(field.line, Refused("Field {tag} does not belong into a statement.", tag=field.tag)).problem
                )

    def _transaction(self, field: _Line, details: _Line | None, closed_on: date) -> ReadTransaction:
        said = self._by_library(tags.StatementGLS(), field)
        amount: Decimal = said["amount"].amount
        if amount == 0:
            raise Wrong(field.line, Refused("The entry has an amount of zero."))
        valued_on = _plain(said["date"])
        booked_on = _plain(said.get("entry_date") or said["date"])
        if abs(booked_on - closed_on) > _STALE:
            raise Wrong(
                field.line,
                Refused("The entry of {day} is more than a year away from its statement.", day=str(booked_on)),
            )
        told = self._details(details)
        reference = told.pop("end_to_end", "") or said.get("customer_reference") or ""
        return ReadTransaction(
            line=field.line,
            booked_on=booked_on,
            valued_on=valued_on,
            amount=amount,
            bank_reference=_reference(said.get("bank_reference") or "", as_="bank_reference"),
            end_to_end=_reference(reference, as_="end_to_end"),
            is_return=str(said.get("status")).upper() in _RETURNS,
            **told,
        )

    def _details(self, field: _Line | None) -> dict[str, str]:
        """Text, name and account of field 86: in the German structure, in the Dutch one, or as it stands."""
        if field is None:
            return {}
        told: dict[str, Any] = {"transaction_details": field.value}
        told = processors.transaction_details_post_processor(self.library, tags.TransactionDetails(), dict(told), told)
        if "transaction_details" not in told:
            text = told.get("purpose") or told.get("additional_purpose") or told.get("posting_text") or ""
            return {
                "text": kept(text, as_="text"),
                "payer": kept(told.get("applicant_name") or "", as_="payer"),
                "payer_account": kept(
                    told.get("applicant_iban") or told.get("gvc_applicant_iban") or "", as_="payer_account"
                ),
                "end_to_end": _reference(told.get("end_to_end_reference") or "", as_="end_to_end"),
            }
        return _dutch("".join(field.value.split("\n"))) or {"text": kept(field.value, as_="text")}

    def _by_library(self, tag: tags.Tag, field: _Line, *, whole: bool = False) -> dict[str, Any]:
        """What the library reads in a field; ``whole``: nothing may follow that it did not read."""
        try:
            groups = tag.parse(self.library, field.value)
            read: dict[str, Any] = dict(tag(self.library, dict(groups)))
            is_whole = not whole or "".join(value or "" for value in groups.values()) == field.value
        except (RuntimeError, ValueError, ArithmeticError):
            is_whole = False
        if not is_whole:
            raise Wrong(
                field.line,
                Refused("Field {tag} cannot be read: “{text}”.", tag=field.tag, text=field.value.split("\n")[0][:60]),
            )
        return read


def _dutch(text: str) -> dict[str, str]:
    """``/NAME/…/REMI/…`` and their like; empty when the text is not written so."""
    pieces = _SLASHES.split(text)
    if len(pieces) < 3 or pieces[0].strip(" /"):
        return {}
    said: dict[str, str] = {}
    for name, value in zip(pieces[1::2], pieces[2::2], strict=True):
        # A remittance is announced as unstructured or structured, and stands behind that word.
        plain = re.sub(r"^(?:USTD|STRD)/+", "", value) if name == "REMI" else value
        said[name] = f"{said.get(name, '')} {plain.strip('/ ')}".strip()
    account = said.get("IBAN") or said.get("CNTP", "").split("/")[0]
    return {
        "text": kept(said.get("REMI", ""), as_="text"),
        "payer": kept(said.get("NAME", "") or "".join(said.get("CNTP", "").split("/")[2:3]), as_="payer"),
        "payer_account": kept(account, as_="payer_account"),
        "end_to_end": _reference(said.get("EREF", ""), as_="end_to_end"),
    }


def _reference(written: str, *, as_: str) -> str:
    reference = kept(written, as_=as_)
    return "" if reference.upper() in _NO_REFERENCE else reference


def _plain(day: date) -> date:
    """The library's dates are a class of their own."""
    return date(day.year, day.month, day.day)
