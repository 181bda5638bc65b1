"""A CSV file of bank transactions: a row of names that banks use, then one transaction a row."""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from apps.contracts.rules.schedule.dates import DateOrder
from apps.contracts.rules.schedule.numbers import DecimalSign
from apps.core import money
from apps.core.canonical import plain
from apps.core.errors import Refused
from apps.invoicing.statements.csv_columns import Column, Header, find_header
from apps.invoicing.statements.csv_numbers import amount_of, date_order_of, day_of, decimal_sign_of
from apps.invoicing.statements.parts import (
    MOST_TRANSACTIONS,
    Found,
    Problem,
    ReadFile,
    ReadStatement,
    ReadTransaction,
    Wrong,
    failed,
    kept,
)

NAME: Final = "CSV"
MOST_ROWS: Final = MOST_TRANSACTIONS + 100
MOST_COLUMNS: Final = 100
DELIMITERS: Final = ";,\t|"
_CREDITS: Final = frozenset(["c", "cr", "crdt", "credit", "h", "haben", "gutschrift", "+", "in"])
_DEBITS: Final = frozenset(["d", "dr", "dbit", "debit", "s", "soll", "belastung", "lastschrift", "-", "out"])
Row = tuple[int, list[str]]


def read_csv(
    text: str, *, currency: str, decimal: DecimalSign | None = None, dates: DateOrder | None = None
) -> ReadFile:
    """The transactions of a file as statements, one for each account and currency that it names.

    ``currency`` is that of the account for which it was uploaded. ``decimal`` and ``dates`` answer what columns leave
    open.
    """
    try:
        rows = list(_rows(text, delimiter=_delimiter(text)))
        header = _header([cells for _line, cells in rows])
    except Wrong as wrong:
        return failed(NAME, [wrong.problem])
    table = _Table(rows[header.row + 1 :], header, currency, decimal, dates)
    statements = table.statements()
    return ReadFile(
        NAME,
        statements=statements,
        problems=tuple(sorted(table.found.problems, key=lambda problem: problem.line)),
        columns=tuple(header.names.values()),
        ignored=tuple(header.ignored),
    )


def _rows(text: str, *, delimiter: str) -> Iterator[Row]:
    """The rows with the line on which each ends; a cell may hold several."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for count, row in enumerate(reader):
            if count > MOST_ROWS:
                raise Wrong(0, Refused("The file has more than {most} rows. Split it by months.", most=MOST_ROWS))
            if len(row) > MOST_COLUMNS:
                raise Wrong(reader.line_num, Refused("This row has more than {most} columns.", most=MOST_COLUMNS))
            yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise Wrong(
            reader.line_num,
            Refused("This row cannot be split into cells. Look for a quotation mark that stands alone."),
        ) from error


def _delimiter(text: str) -> str:
    """The sign by which a row names the most columns."""
    best, most = ";", 0
    for delimiter in DELIMITERS:
        try:
            reader = csv.reader(io.StringIO(text[:20_000], newline=""), delimiter=delimiter)
            header = find_header([row for _number, row in zip(range(60), reader, strict=False)])
        except csv.Error:
            continue
        if header is not None and len(header.places) > most:
            best, most = delimiter, len(header.places)
    return best


def _header(rows: Sequence[Sequence[str]]) -> Header:
    header = find_header(rows)
    if header is None:
        raise Wrong(
            0,
            Refused(
                "No row names the columns. At least “Booking date” and “Amount” are needed, or “Credit” and “Debit” for"
                " the amount."
            ),
        )
    if header.doubled:
        raise Wrong(
            header.row + 1, Refused("Two columns mean the same: “{name}”. Keep one of them.", name=header.doubled[0])
        )
    return header


class _Table:
    """The rows below the names, and how their columns are read."""

    def __init__(
        self,
        rows: Sequence[Row],
        header: Header,
        currency: str,
        decimal: DecimalSign | None,
        dates: DateOrder | None,
    ) -> None:
        self.rows = [(line, cells) for line, cells in rows if any(cells)]
        self.header, self.currency, self.found = header, currency, Found()
        amounts = (Column.AMOUNT, Column.CREDIT, Column.DEBIT, Column.BALANCE)
        self.decimal = decimal or decimal_sign_of(self._column(*amounts))
        self.dates = dates or date_order_of(self._column(Column.BOOKED_ON, Column.VALUED_ON))

    def statements(self) -> tuple[ReadStatement, ...]:
        """The transactions in their order, by account and currency."""
        if self.decimal is None:
            self._ask(Refused("Every amount can be read with a decimal point and with a decimal comma. Say which."))
        if self.dates is None:
            self._ask(Refused("Every date can be read day first and month first. Say which is meant."))
        if not self.currency and Column.CURRENCY not in self.header.places:
            self._ask(
                Refused("The file does not say of which account it is, nor in which currency. Choose the account.")
            )
        if not self.rows:
            self._ask(Refused("There is no transaction below the names of the columns."))
        groups: dict[tuple[str, str], list[tuple[ReadTransaction, Decimal | None]]] = {}
        if not self.found.problems:
            for line, cells in self.rows:
                try:
                    account, currency, transaction, balance = self._row(line, cells)
                    groups.setdefault((account, currency), []).append((transaction, balance))
                except Wrong as wrong:
                    self.found.add(wrong.problem)
                except Refused as refused:
                    self.found.add(Problem(line, refused))
        return tuple(self._statement(account, currency, rows) for (account, currency), rows in groups.items())

    def _row(self, line: int, cells: Sequence[str]) -> tuple[str, str, ReadTransaction, Decimal | None]:
        say = self._cell
        if self.decimal is None or self.dates is None:
            raise Wrong(line, Refused("Every amount and date has to be readable first."))
        booked = say(cells, Column.BOOKED_ON)
        if not booked:
            raise Wrong(line, Refused("The day is missing. Rows without a day are no transactions: delete them."))
        valued = say(cells, Column.VALUED_ON)
        balance = say(cells, Column.BALANCE)
        transaction = ReadTransaction(
            line=line,
            booked_on=day_of(booked, order=self.dates),
            valued_on=day_of(valued, order=self.dates) if valued else None,
            amount=self._amount(line, cells, self.decimal),
            text=kept(say(cells, Column.TEXT), as_="text"),
            payer=kept(say(cells, Column.PAYER), as_="payer"),
            payer_account=kept(say(cells, Column.PAYER_ACCOUNT), as_="payer_account"),
            bank_reference=kept(say(cells, Column.BANK_REFERENCE), as_="bank_reference"),
            end_to_end=kept(say(cells, Column.END_TO_END), as_="end_to_end"),
            creditor_reference=kept(say(cells, Column.CREDITOR_REFERENCE), as_="end_to_end"),
        )
        currency = say(cells, Column.CURRENCY).upper() or self.currency
        account = kept(say(cells, Column.ACCOUNT), as_="payer_account")
        return account, currency[:20], transaction, amount_of(balance, sign=self.decimal) if balance else None

    def _amount(self, line: int, cells: Sequence[str], sign: DecimalSign) -> Decimal:
        """One column with a sign, one with a word beside it, or one for each direction."""
        written = self._cell(cells, Column.AMOUNT)
        if written:
            amount = amount_of(written, sign=sign) * self._direction(line, cells)
        else:
            paid_in, paid_out = self._cell(cells, Column.CREDIT), self._cell(cells, Column.DEBIT)
            if bool(paid_in) == bool(paid_out):
                raise Wrong(line, Refused("A row needs one amount: money in or money out."))
            amount = amount_of(paid_in, sign=sign) if paid_in else -abs(amount_of(paid_out, sign=sign))
        if amount == 0:
            raise Wrong(line, Refused("The amount is zero."))
        return amount

    def _direction(self, line: int, cells: Sequence[str]) -> int:
        word = self._cell(cells, Column.SIDE).casefold()
        if Column.SIDE not in self.header.places or word in _CREDITS:
            return 1
        if word in _DEBITS:
            return -1
        raise Wrong(line, Refused("“{text}” says neither credit nor debit.", text=word[:40]))

    def _statement(
        self, account: str, currency: str, rows: Sequence[tuple[ReadTransaction, Decimal | None]]
    ) -> ReadStatement:
        """With balances where every row has one and they go on from row to row, oldest or newest first."""
        transactions = [transaction for transaction, _balance in rows]
        balances = [balance for _transaction, balance in rows]
        opening = closing = None
        if all(balance is not None for balance in balances):
            opening, closing = self._chained(transactions, [balance or money.ZERO for balance in balances])
        days = [transaction.booked_on for transaction in transactions]
        return ReadStatement(
            line=transactions[0].line,
            account=account,
            currency=currency,
            number="",
            opened_on=min(days),
            closed_on=max(days),
            opening=opening,
            closing=closing,
            closing_line=transactions[-1].line,
            transactions=tuple(transactions),
        )

    def _chained(self, transactions: Sequence[ReadTransaction], balances: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
        rising = _break(transactions, balances)
        falling = _break(list(reversed(transactions)), list(reversed(balances)))
        if rising is not None and falling is not None:
            transaction, wanted, written = rising
            self.found.add(
                Problem(
                    transaction.line,
                    Refused(
                        "The balances do not add up: after this transaction the balance should be {wanted}, and the"
                        " file says {written}. Fetch it from the bank anew.",
                        wanted=plain(wanted),
                        written=plain(written),
                    ),
                )
            )
        if rising is None or falling is not None:
            return balances[0] - transactions[0].amount, balances[-1]
        return balances[-1] - transactions[-1].amount, balances[0]

    def _column(self, *columns: Column) -> Iterator[str]:
        for column in columns:
            for _line, cells in self.rows:
                cell = self._cell(cells, column)
                if cell:
                    yield cell

    def _cell(self, cells: Sequence[str], column: Column) -> str:
        place = self.header.places.get(column)
        return cells[place] if place is not None and place < len(cells) else ""

    def _ask(self, refusal: Refused) -> None:
        self.found.add(Problem(0, refusal))


def _break(
    transactions: Sequence[ReadTransaction], balances: Sequence[Decimal]
) -> tuple[ReadTransaction, Decimal, Decimal] | None:
    """The first transaction whose balance is not the one before plus its amount, with the balance that it should be."""
    for before, after, transaction in zip(balances, balances[1:], transactions[1:], strict=False):
        if before + transaction.amount != after:
            return transaction, before + transaction.amount, after
    return None
