"""Which column of a CSV file is what: the names that banks give them, in English and German."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HEADER_WITHIN: Final = 40
"""Banks write who owns the account above the table."""


class Column(StrEnum):
    BOOKED_ON = "booked_on"
    VALUED_ON = "valued_on"
    AMOUNT = "amount"
    CREDIT = "credit"
    DEBIT = "debit"
    SIDE = "side"
    CURRENCY = "currency"
    TEXT = "text"
    PAYER = "payer"
    PAYER_ACCOUNT = "payer_account"
    BANK_REFERENCE = "bank_reference"
    END_TO_END = "end_to_end"
    CREDITOR_REFERENCE = "creditor_reference"
    BALANCE = "balance"
    ACCOUNT = "account"


_NAMES: Final[Mapping[Column, str]] = {
    Column.BOOKED_ON: "booked on, booking date, date, transaction date, posting date, buchungstag, buchungsdatum,"
    " datum, buchung",
    Column.VALUED_ON: "valued on, value date, valuta, valutadatum, wertstellung, wertstellungsdatum, wert",
    Column.AMOUNT: "amount, betrag, umsatz, betrag (eur), amount (eur)",
    Column.CREDIT: "credit, credit amount, paid in, money in, haben, gutschrift, eingang",
    Column.DEBIT: "debit, debit amount, paid out, money out, soll, belastung, lastschrift, ausgang",
    Column.SIDE: "credit or debit, credit/debit, soll/haben, s/h, cr/dr, soll haben, d/c",
    Column.CURRENCY: "currency, währung, waehrung, ccy",
    Column.TEXT: "text, remittance information, remittance, purpose, details, description, verwendungszweck, zweck,"
    " buchungsdetails, payment details, message, reference text",
    Column.PAYER: "payer, payer or payee, counterparty, name, counterparty name, auftraggeber/empfänger,"
    " beguenstigter/zahlungspflichtiger, name zahlungsbeteiligter, auftraggeber, zahlungspflichtiger,"
    " auftraggeber / begünstigter, zahlungspflichtige*r, partner name, empfänger/auftraggeber",
    Column.PAYER_ACCOUNT: "payer account, payer iban, counterparty account, counterparty iban, iban,"
    " kontonummer/iban, iban zahlungsbeteiligter, partner iban, kontonummer, gegenkonto, iban/kontonummer",
    Column.BANK_REFERENCE: "bank reference, transaction id, transaction reference, reference, bankreferenz, referenz,"
    " transaktions-id, buchungsreferenz, entry reference",
    Column.END_TO_END: "end-to-end reference, end to end reference, end-to-end id, end-to-end-referenz,"
    " kundenreferenz (end-to-end), kundenreferenz, customer reference",
    Column.CREDITOR_REFERENCE: "creditor reference, structured reference, rf reference, zahlungsreferenz,"
    " referenz (iso 11649)",
    Column.BALANCE: "balance, balance after, running balance, saldo, saldo nach buchung, kontostand",
    Column.ACCOUNT: "account, own account, own iban, auftragskonto, iban auftragskonto, konto, account number",
}


def normal(name: str) -> str:
    """A name without case, punctuation and doubled spaces."""
    folded = unicodedata.normalize("NFKC", name.lstrip("\ufeff")).casefold()
    return " ".join(re.sub(r"[^\w/%]+", " ", folded).split())


KNOWN: Final[Mapping[str, Column]] = {
    normal(name): column for column, names in _NAMES.items() for name in names.split(",")
}


@dataclass(frozen=True, slots=True)
class Header:
    """Where the row of names stands (counted from 0), which column means what, and what was not understood."""

    row: int
    places: Mapping[Column, int]
    names: Mapping[Column, str]
    ignored: Sequence[str]
    doubled: Sequence[str]

    @property
    def is_whole(self) -> bool:
        """Whether there is a day and an amount."""
        amounts = (Column.AMOUNT, Column.CREDIT, Column.DEBIT)
        return Column.BOOKED_ON in self.places and any(column in self.places for column in amounts)


def find_header(rows: Sequence[Sequence[str]]) -> Header | None:
    """The row, near the beginning, that names a day, an amount and most of the others."""
    found = [_header(number, row) for number, row in enumerate(rows[:HEADER_WITHIN])]
    whole = [header for header in found if header.is_whole]
    return max(whole, key=lambda header: len(header.places), default=None)


def _header(number: int, row: Sequence[str]) -> Header:
    places: dict[Column, int] = {}
    names: dict[Column, str] = {}
    ignored, doubled = [], []
    for place, cell in enumerate(row):
        name = cell.strip()
        column = KNOWN.get(normal(name)) if name else None
        if column is None:
            ignored += [name[:60]] if name else []
        elif column in places:
            doubled.append(name[:60])
        else:
            places[column], names[column] = place, name[:60]
    return Header(number, places, names, ignored, doubled)
