"""camt.053, the statement of ISO 20022, in its versions 02 and 08.

Nothing is fetched, no entity is resolved, and a file that declares any is refused. Elements have the names of the
message definition reports "Bank-to-Customer Cash Management" (ISO 20022); the two versions differ in where a party's
name stands, where the status stands, and in pages.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from lxml import etree

from apps.core import days
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

NAME: Final = "camt.053"
NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[0-9])\.001\.([0-9]{2})")
VERSIONS: Final = ("02", "08")
_OPENINGS: Final = ("OPBD", "PRCD")
_AMOUNT: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,5})?")
_DAY: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T.*|Z|[+-][0-9:]+)?")
_NOT_PROVIDED: Final = ("NOTPROVIDED", "NONREF", "NOREF")
Element = etree._Element


def is_camt(content: bytes) -> bool:
    """Whether a file begins as XML does."""
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def read_camt(content: bytes) -> ReadFile:
    """The statements of a file, or what is wrong with it."""
    try:
        root = _parsed(content)
        space = _namespace_of(root)
    except Wrong as wrong:
        return failed(NAME, [wrong.problem])
    statements = root.findall(f"{space}BkToCstmrStmt/{space}Stmt")
    if not statements:
        return failed(NAME, [Problem(line_of(root), Refused("There is no statement in this file."))])
    found = Found()
    read = tuple(one for element in statements if (one := _Statement(element, space, found).read()) is not None)
    return ReadFile(NAME, statements=read, problems=tuple(found.problems))


def line_of(element: Element) -> int:
    """The line on which an element begins, as an editor counts it."""
    # The stubs do not know that it is a number.
    line: int | None = cast("Any", element).sourceline
    return line or 0


def _parsed(content: bytes) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Wrong(error.lineno or 0, Refused("This is no whole XML file. Fetch it from the bank anew.")) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Wrong(
            0, Refused("This file defines entities of its own, which no bank does. Fetch it from the bank anew.")
        )
    return root


def _namespace_of(root: Element) -> str:
    name = etree.QName(root)
    known = NAMESPACE.fullmatch(name.namespace or "")
    if name.localname != "Document" or not known:
        raise Wrong(line_of(root), Refused("This XML file is no bank statement: camt.053 of ISO 20022 is read."))
    kind, version = known.groups()
    if kind != NAME:
        raise Wrong(
            line_of(root),
            Refused(
                "This is a message of the kind {kind}. Fetch the statement, {statement}: it has what is booked.",
                kind=kind,
                statement=NAME,
            ),
        )
    if version not in VERSIONS:
        raise Wrong(
            line_of(root),
            Refused(
                "This is version {version} of camt.053. Versions {known} are read; banks let you choose.",
                version=version,
                known=", ".join(VERSIONS),
            ),
        )
    return f"{{{name.namespace}}}"


class _Statement:
    """One ``Stmt``."""

    def __init__(self, element: Element, space: str, found: Found) -> None:
        self.element, self.space, self.found = element, space, found
        self.currency = ""
        self.left_out = 0

    def read(self) -> ReadStatement | None:
        try:
            balances = list(self._balances())
            opening, closing = self._opening(balances), self._closing(balances)
            self.currency = opening[2]
            account = self._text(self.element, "Acct/Id/IBAN") or self._text(self.element, "Acct/Id/Othr/Id")
            if not account:
                raise self._wrong(self.element, Refused("The statement names no account."))
        except Wrong as wrong:
            self.found.add(wrong.problem)
            return None
        transactions = tuple(self._transactions())
        return ReadStatement(
            line=line_of(self.element),
            account=kept(account, as_="payer_account"),
            currency=self.currency,
            number=kept(
                self._text(self.element, "ElctrncSeqNb")
                or self._text(self.element, "LglSeqNb")
                or self._text(self.element, "Id"),
                as_="number",
            ),
            opened_on=opening[1],
            closed_on=closing[1],
            opening=opening[3],
            closing=closing[3],
            closing_line=closing[4],
            left_out=self.left_out,
            transactions=transactions,
        )

    # --- balances ---------------------------------------------------------------------------------------------------

    def _balances(self) -> Iterator[tuple[str, date, str, Decimal, int]]:
        """Each balance as (code, day, currency, amount, line)."""
        for element in self._all(self.element, "Bal"):
            amount, currency = self._amount(element)
            code = self._text(element, "Tp/CdOrPrtry/Cd")
            yield code, self._day(element, "Dt"), currency, amount, line_of(element)

    def _opening(self, balances: list[tuple[str, date, str, Decimal, int]]) -> tuple[str, date, str, Decimal, int]:
        for code in (*_OPENINGS, "ITBD"):
            found = next((balance for balance in balances if balance[0] == code), None)
            if found is not None:
                return found
        raise self._wrong(self.element, Refused("The statement has no opening balance (OPBD or PRCD)."))

    def _closing(self, balances: list[tuple[str, date, str, Decimal, int]]) -> tuple[str, date, str, Decimal, int]:
        found = [balance for balance in balances if balance[0] in ("CLBD", "ITBD")]
        found.sort(key=lambda balance: balance[0] == "ITBD")
        if not found:
            raise self._wrong(self.element, Refused("The statement has no closing balance (CLBD)."))
        return found[0] if found[0][0] == "CLBD" else found[-1]

    # --- entries ----------------------------------------------------------------------------------------------------

    def _transactions(self) -> Iterator[ReadTransaction]:
        for entry in self._all(self.element, "Ntry"):
            status = self._text(entry, "Sts/Cd") or self._text(entry, "Sts")
            if status != "BOOK":
                self.left_out += 1
                continue
            try:
                yield from self._entry(entry)
            except Wrong as wrong:
                self.found.add(wrong.problem)

    def _entry(self, entry: Element) -> Iterator[ReadTransaction]:
        """One transaction, or those of a batch whose details add up to it."""
        amount = self._own_amount(entry)
        details = self._all(entry, "NtryDtls/TxDtls")
        parts = [self._part(one, entry) for one in details] if len(details) > 1 else []
        if parts and all(parts) and sum(part or 0 for part in parts) == amount:
            for part, one in zip(parts, details, strict=True):
                yield self._transaction(entry, part or Decimal(0), [one])
        else:
            yield self._transaction(entry, amount, details)

    def _transaction(self, entry: Element, amount: Decimal, details: list[Element]) -> ReadTransaction:
        booked_on = self._day(entry, "BookgDt" if self._first(entry, "BookgDt") is not None else "ValDt")
        texts = [part for one in details for part in self._texts(one, "RmtInf/Ustrd")]
        alone = details[0] if len(details) == 1 else None
        reference = self._text(alone, "Refs/AcctSvcrRef") if alone is not None else ""
        # The payer of money in; the payee of money out.
        side = "Dbtr" if amount > 0 else "Cdtr"
        return ReadTransaction(
            line=line_of(entry if alone is None else alone),
            booked_on=booked_on,
            valued_on=self._day(entry, "ValDt") if self._first(entry, "ValDt") is not None else None,
            amount=amount,
            text=kept(" ".join(texts) or self._text(entry, "AddtlNtryInf"), as_="text"),
            payer=kept(self._name(alone, side), as_="payer"),
            payer_account=kept(self._account(alone, side), as_="payer_account"),
            bank_reference=self._reference(reference or self._text(entry, "AcctSvcrRef"), as_="bank_reference"),
            end_to_end=self._reference(self._text(alone, "Refs/EndToEndId"), as_="end_to_end"),
            creditor_reference=kept(self._text(alone, "RmtInf/Strd/CdtrRefInf/Ref"), as_="end_to_end"),
            is_return=self._text(entry, "RvslInd") in ("true", "1")
            or (alone is not None and self._first(alone, "RtrInf") is not None),
        )

    def _part(self, details: Element, entry: Element) -> Decimal | None:
        """What one transaction of a batch came to, in the account's currency; None where the bank does not say."""
        for path in ("Amt", "AmtDtls/TxAmt/Amt"):
            element = self._first(details, path)
            if element is not None and element.get("Ccy") == self.currency:
                indicator = self._text(details, "CdtDbtInd") or self._text(entry, "CdtDbtInd")
                return self._signed(element, indicator)
        return None

    def _own_amount(self, entry: Element) -> Decimal:
        amount, currency = self._amount(entry)
        if currency != self.currency:
            raise self._wrong(
                entry,
                Refused(
                    "The entry is in {currency}, and the account is kept in {own}.",
                    currency=currency or "–",
                    own=self.currency,
                ),
            )
        if amount == 0:
            raise self._wrong(entry, Refused("The entry has an amount of zero."))
        return amount

    def _amount(self, element: Element) -> tuple[Decimal, str]:
        amount = self._first(element, "Amt")
        if amount is None:
            raise self._wrong(element, Refused("An amount is missing."))
        return self._signed(amount, self._text(element, "CdtDbtInd")), amount.get("Ccy") or ""

    def _signed(self, element: Element, indicator: str) -> Decimal:
        written = (element.text or "").strip()
        if not _AMOUNT.fullmatch(written):
            raise self._wrong(element, Refused("“{text}” is no amount.", text=written[:40]))
        if indicator not in ("CRDT", "DBIT"):
            raise self._wrong(element, Refused("The amount {text} says neither credit nor debit.", text=written))
        try:
            return Decimal(written) if indicator == "CRDT" else -Decimal(written)
        except InvalidOperation as error:
            raise self._wrong(element, Refused("“{text}” is no amount.", text=written[:40])) from error

    def _day(self, element: Element, path: str) -> date:
        written = self._text(element, f"{path}/Dt") or self._text(element, f"{path}/DtTm")
        if not written:
            raise self._wrong(element, Refused("A day is missing ({name}).", name=path))
        found = _DAY.fullmatch(written)
        try:
            return days.known(date.fromisoformat(found[1] if found else ""))
        except ValueError:
            raise self._wrong(element, Refused("“{text}” is no day of the calendar.", text=written[:40])) from None
        except Refused as refused:
            raise self._wrong(element, refused) from None

    # --- parties ----------------------------------------------------------------------------------------------------

    def _name(self, details: Element | None, side: str) -> str:
        """Version 08 puts a party one level deeper than version 02."""
        paths = [f"RltdPties/{party}{deep}/Nm" for party in (side, f"Ultmt{side}") for deep in ("", "/Pty")]
        return next((name for path in paths if (name := self._text(details, path))), "")

    def _account(self, details: Element | None, side: str) -> str:
        paths = [f"RltdPties/{side}Acct/Id/{kind}" for kind in ("IBAN", "Othr/Id")]
        return next((number for path in paths if (number := self._text(details, path))), "")

    def _reference(self, written: str, *, as_: str) -> str:
        reference = kept(written, as_=as_)
        return "" if reference.upper() in _NOT_PROVIDED else reference

    # --- elements ---------------------------------------------------------------------------------------------------

    def _all(self, element: Element, path: str) -> list[Element]:
        return element.findall("/".join(f"{self.space}{step}" for step in path.split("/")))

    def _first(self, element: Element, path: str) -> Element | None:
        return next(iter(self._all(element, path)), None)

    def _text(self, element: Element | None, path: str) -> str:
        found = None if element is None else self._first(element, path)
        return "" if found is None else (found.text or "").strip()

    def _texts(self, element: Element, path: str) -> list[str]:
        return [(found.text or "").strip() for found in self._all(element, path)]

    def _wrong(self, element: Element, refusal: Refused) -> Wrong:
        return Wrong(line_of(element), refusal)
