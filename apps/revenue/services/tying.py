"""Every line of what is reported beside what the ledger says of it: by month, and contract by contract.

The same sentences are held at every COMMIT by triggers and asked of all books by ``manage.py verify_ledger``; here a
seller reads them line by line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from apps.invoicing.models import NO_SUPPLY, InvoiceKind
from apps.invoicing.models.credit_note import SOLD
from apps.ledger.charts import Seller

REVENUE, BALANCE, INTEREST = "revenue", "balance", "interest"
BILLED, RETENTION, RECEIVABLES = "billed", "retention", "receivables"
MOST_DIFFERING: Final = 100
"""Lines that differ on a page; they are counted all, and a file has all."""
_NO_SUPPLY: Final = ", ".join(f"'{InvoiceKind(kind).value}'" for kind in NO_SUPPLY)
SIDES: Final = f"""
WITH asked AS (
  SELECT %s::bigint AS organisation, %s::text AS currency, %s::bigint[] AS these
), mine AS (
  SELECT c.id, c.ref FROM asked a JOIN contracts_contract c ON c.seller_id = a.organisation AND c.currency = a.currency
  WHERE c.active_version_id IS NOT NULL AND (a.these IS NULL OR c.id = ANY (a.these))
), account AS (
  SELECT t.id, t.code FROM asked a
  JOIN ledger_book k ON k.organisation_id = a.organisation AND k.currency = a.currency AND k.purpose = 'seller'
  JOIN ledger_account t ON t.book_id = k.id
), booked AS (
  SELECT m.id, t.code, sum(b.amount) AS amount
  FROM mine m JOIN ledger_balance b ON b.key = 'contract:' || m.ref JOIN account t ON t.id = b.account_id
  GROUP BY m.id, t.code
), earned AS (
  SELECT r.contract_id AS id, sum(r.amount) AS amount FROM mine m JOIN revenue_recognition r ON r.contract_id = m.id
  GROUP BY 1
), accrued AS (
  SELECT n.contract_id AS id, sum(CASE WHEN n.is_income THEN n.amount ELSE -n.amount END) AS amount
  FROM mine m JOIN revenue_interest n ON n.contract_id = m.id GROUP BY 1
), billed AS (
  SELECT x.id, sum(x.amount) AS amount FROM (
    SELECT i.contract_id AS id, i.net AS amount FROM mine m JOIN invoicing_invoice i ON i.contract_id = m.id
    WHERE i.kind NOT IN ({_NO_SUPPLY})
    UNION ALL
    SELECT n.contract_id, -n.net FROM mine m JOIN invoicing_creditnote n ON n.contract_id = m.id
    JOIN invoicing_invoice i ON i.id = n.invoice_id WHERE i.kind NOT IN ({_NO_SUPPLY})) x
  GROUP BY 1
), kept AS (
  SELECT x.id, sum(x.amount) AS amount FROM (
    SELECT k.contract_id AS id, k.held - k.released AS amount
    FROM mine m JOIN invoicing_retention k ON k.contract_id = m.id
    UNION ALL
    SELECT w.contract_id, w.gross FROM mine m JOIN invoicing_withholding w ON w.contract_id = m.id
    WHERE w.released_at IS NULL) x
  GROUP BY 1
), owed AS (
  SELECT i.contract_id AS id, sum(CASE WHEN o.open = 0 OR {SOLD} THEN 0 ELSE o.open END) AS amount,
         sum(coalesce(b.amount, 0)) AS booked
  FROM mine m JOIN invoicing_invoice i ON i.contract_id = m.id JOIN invoicing_openitem o ON o.invoice_id = i.id
  LEFT JOIN (SELECT b.key, b.amount FROM ledger_balance b
    JOIN account t ON t.id = b.account_id AND t.code = '{Seller.RECEIVABLES}') b ON b.key = 'invoice:' || i.ref
  GROUP BY 1
), side AS (
  SELECT id AS contract, '{REVENUE}' AS figure, amount AS report, 0 AS ledger FROM earned
  UNION ALL SELECT id, '{REVENUE}', 0, -amount FROM booked WHERE code = '{Seller.REVENUE}'
  UNION ALL SELECT id, '{BALANCE}', amount, 0 FROM earned
  UNION ALL SELECT id, '{BALANCE}', amount, 0 FROM accrued
  UNION ALL SELECT id, '{BALANCE}', -amount, 0 FROM billed
  UNION ALL SELECT id, '{BALANCE}', 0, amount FROM booked
    WHERE code IN ('{Seller.CONTRACT_BALANCE}', '{Seller.DEPOSITS_RECEIVED}')
  UNION ALL SELECT id, '{INTEREST}', amount, 0 FROM accrued
  UNION ALL SELECT id, '{INTEREST}', 0, -amount FROM booked
    WHERE code IN ('{Seller.CONTRACT_INTEREST_INCOME}', '{Seller.CONTRACT_INTEREST_EXPENSE}')
  UNION ALL SELECT id, '{RETENTION}', amount, 0 FROM kept
  UNION ALL SELECT id, '{RETENTION}', 0, amount FROM booked WHERE code = '{Seller.RETENTION_HELD}'
  UNION ALL SELECT id, '{RECEIVABLES}', amount, booked FROM owed
)
"""
"""Both sides of each figure of each contract, as rows to be added up."""
MONTHLY: Final = f""", moved AS (
  SELECT date_trunc('month', e.booked_on::timestamp)::date AS month, l.amount, t.code, e.cause
  FROM account t JOIN ledger_line l ON l.account_id = t.id JOIN ledger_entry e ON e.id = l.entry_id
), monthly AS (
  SELECT date_trunc('month', r.booked_on::timestamp)::date AS month, '{REVENUE}' AS figure, r.amount AS report,
         0 AS ledger
  FROM mine m JOIN revenue_recognition r ON r.contract_id = m.id
  UNION ALL SELECT month, '{REVENUE}', 0, -amount FROM moved WHERE code = '{Seller.REVENUE}'
  UNION ALL
  SELECT date_trunc('month', n.booked_on::timestamp)::date, '{INTEREST}',
         CASE WHEN n.is_income THEN n.amount ELSE -n.amount END, 0
  FROM mine m JOIN revenue_interest n ON n.contract_id = m.id
  UNION ALL SELECT month, '{INTEREST}', 0, -amount FROM moved
    WHERE code IN ('{Seller.CONTRACT_INTEREST_INCOME}', '{Seller.CONTRACT_INTEREST_EXPENSE}')
  UNION ALL
  SELECT date_trunc('month', i.issued_on::timestamp)::date, '{BILLED}', i.net, 0
  FROM mine m JOIN invoicing_invoice i ON i.contract_id = m.id WHERE i.kind NOT IN ({_NO_SUPPLY})
  UNION ALL
  SELECT date_trunc('month', n.issued_on::timestamp)::date, '{BILLED}', -n.net, 0
  FROM mine m JOIN invoicing_creditnote n ON n.contract_id = m.id JOIN invoicing_invoice i ON i.id = n.invoice_id
  WHERE i.kind NOT IN ({_NO_SUPPLY})
  UNION ALL SELECT month, '{BILLED}', 0, -amount FROM moved
    WHERE code IN ('{Seller.CONTRACT_BALANCE}', '{Seller.DEPOSITS_RECEIVED}')
      AND cause NOT LIKE 'revenue:%%' AND cause NOT LIKE 'interest-%%'
)
"""
"""The same by the month in which it was booked."""
_OF_CONTRACTS: Final = """
  SELECT NULL::date AS month, contract, figure, sum(report) AS report, sum(ledger) AS ledger FROM side
  GROUP BY contract, figure HAVING bool_or(report <> 0 OR ledger <> 0)
"""
_OF_MONTHS: Final = """
  SELECT month, NULL::bigint, figure, sum(report), sum(ledger) FROM monthly GROUP BY month, figure
"""
LINES: Final = f"{SIDES}{MONTHLY}, line AS ({_OF_CONTRACTS} UNION ALL {_OF_MONTHS})"
"""Of what is nothing on both sides there is no line."""
_SHOWN: Final = "l.month, l.contract, c.ref, c.number, l.figure, l.report, l.ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """One line: a figure of a month or of a contract as it is reported, and as the ledger has it."""

    month: date | None
    contract: int | None
    ref: str | None
    number: str | None
    figure: str
    report: Decimal
    ledger: Decimal

    @property
    def differs(self) -> bool:
        return self.report != self.ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOut:
    """How many lines were compared and how many of them differ; the first of these, and those of the newest months."""

    lines: int
    differ: int
    differing: Sequence[Tie]
    months: Sequence[Tie]


def tie_out(*, organisation_id: int, currency: str, since: date) -> TieOut:
    """All lines of a seller's book in one currency; of months those from a day on are shown."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{LINES} SELECT n.lines, n.differ, l.differs, {_SHOWN}"
            " FROM (SELECT count(*) AS lines, count(*) FILTER (WHERE report <> ledger) AS differ FROM line) n"
            " LEFT JOIN ((SELECT TRUE AS differs, line.* FROM line WHERE report <> ledger"
            " ORDER BY month DESC NULLS LAST, contract DESC, figure LIMIT %s)"
            " UNION ALL SELECT FALSE, line.* FROM line WHERE month >= %s) l ON TRUE"
            " LEFT JOIN contracts_contract c ON c.id = l.contract"
            " ORDER BY l.month DESC NULLS LAST, l.contract DESC, l.figure",
            [organisation_id, currency, None, MOST_DIFFERING, since],
        )
        rows = cursor.fetchall()
    shown = [(row[2], _tie(row[3:])) for row in rows if row[2] is not None]
    return TieOut(
        lines=rows[0][0],
        differ=rows[0][1],
        differing=[tie for differs, tie in shown if differs],
        months=[tie for differs, tie in shown if not differs],
    )


def ties_of(*, organisation_id: int, currency: str, contracts: Sequence[int]) -> list[Tie]:
    """The lines of some contracts, the newest contract first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{SIDES}, line AS ({_OF_CONTRACTS}) SELECT {_SHOWN} FROM line l"
            " JOIN contracts_contract c ON c.id = l.contract ORDER BY l.contract DESC, l.figure",
            [organisation_id, currency, list(contracts)],
        )
        return [_tie(row) for row in cursor.fetchall()]


def all_ties(*, organisation_id: int, currency: str) -> Iterator[Tie]:
    """Every line, those that differ first, read from the database a thousand at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"{LINES} SELECT {_SHOWN} FROM line l LEFT JOIN contracts_contract c ON c.id = l.contract"
            " ORDER BY l.report = l.ledger, l.month DESC NULLS LAST, l.contract DESC, l.figure",
            [organisation_id, currency, None],
        )
        while rows := cursor.fetchmany(1000):
            yield from map(_tie, rows)


def _tie(row: Sequence[Any]) -> Tie:
    month, contract, ref, number, figure, report, ledger = row
    return Tie(month=month, contract=contract, ref=ref, number=number, figure=figure, report=report, ledger=ledger)
