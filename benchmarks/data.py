"""Many invoices, quickly and always the same: one deal is played through the services and then copied in SQL.

A copy has every row of the deal, from the contract to the last line of the ledger, under keys and references of its
own; numbers, snapshots and hashes are computed anew, so that ``verify_ledger`` and ``verify_audit`` find nothing. What
is copied runs without triggers (``session_replication_role = replica``), because it was checked when it was played.
"""

import sys
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import ForeignKey, Model

from apps.contracts.models import Contract
from apps.invoicing.models.open_sum import FILLED

OF_CONTRACT = "contract_id = {contract}"
OF_VERSION = f"version_id IN (SELECT id FROM contracts_contractversion WHERE {OF_CONTRACT})"
OF_LINE = f"line_id IN (SELECT id FROM contracts_planline WHERE {OF_VERSION})"
OF_SUBMISSION = f"submission_id IN (SELECT id FROM milestones_submission WHERE {OF_CONTRACT})"
OF_INVOICE = f"invoice_id IN (SELECT id FROM invoicing_invoice WHERE {OF_CONTRACT})"
PAID = f"id IN (SELECT payment_id FROM invoicing_allocation WHERE {OF_INVOICE})"
CAUSES = (
    f"cause IN (SELECT 'invoice:' || ref FROM invoicing_invoice WHERE {OF_CONTRACT}"
    f" UNION ALL SELECT 'payment:' || ref FROM invoicing_payment WHERE {PAID})"
)
KEYS = (
    f"key IN (SELECT 'invoice:' || ref FROM invoicing_invoice WHERE {OF_CONTRACT}"
    f" UNION ALL SELECT 'payment:' || ref FROM invoicing_payment WHERE {PAID}"
    " UNION ALL SELECT 'contract:' || ref FROM contracts_contract WHERE id = {contract})"
)
CHAIN = "subject = (SELECT 'contract:' || ref FROM contracts_contract WHERE id = {contract})"

ROWS = {
    "contracts_contract": "id = {contract}",
    "contracts_contractparty": OF_CONTRACT,
    "contracts_contractversion": OF_CONTRACT,
    "contracts_planline": OF_VERSION,
    "contracts_criterion": OF_LINE,
    "contracts_signature": OF_CONTRACT,
    "contracts_guestgrant": OF_CONTRACT,
    "milestones_milestone": OF_CONTRACT,
    "milestones_submission": OF_CONTRACT,
    "milestones_criterionnote": OF_SUBMISSION,
    "milestones_evidencefile": OF_SUBMISSION,
    "milestones_decision": OF_CONTRACT,
    "milestones_verdict": f"decision_id IN (SELECT id FROM milestones_decision WHERE {OF_CONTRACT})",
    "invoicing_invoice": OF_CONTRACT,
    "invoicing_invoiceline": OF_INVOICE,
    "invoicing_openitem": OF_CONTRACT,
    "invoicing_document": OF_INVOICE,
    "invoicing_payment": PAID,
    "invoicing_allocation": OF_INVOICE,
    "ledger_entry": CAUSES,
    "ledger_line": f"entry_id IN (SELECT id FROM ledger_entry WHERE {CAUSES})",
    "ledger_balance": KEYS,
    "audit_chain": CHAIN,
    "audit_activity": f"chain_id IN (SELECT id FROM audit_chain WHERE {CHAIN})",
    "audit_entry": f"chain_id IN (SELECT id FROM audit_chain WHERE {CHAIN})",
    "audit_detail": f"chain_id IN (SELECT id FROM audit_chain WHERE {CHAIN})",
}
"""The rows of a deal, table by table."""


def _another(column: str) -> str:
    """A reference of the same form for the n-th copy."""
    return f"left(md5({column} || ':' || n), 16)"


def _another_after_colon(column: str) -> str:
    name = f"split_part({column}, ':', 2)"
    whole = f"split_part({column}, ':', 1) || ':' || {_another(name)}"
    return f"CASE WHEN {column} LIKE '%:%' THEN {whole} ELSE {column} END"


OWN = {
    "ref": _another("ref"),
    "subject_ref": _another("subject_ref"),
    "token_sha256": "md5(token_sha256 || n) || md5(n || token_sha256)",
    "bank_reference": "bank_reference || '-' || n",
    "cause": _another_after_colon("cause"),
    "key": _another_after_colon("key"),
}
"""How a copy differs in columns that tell one row from another."""
OWN_OF_TABLE = {
    ("contracts_contract", "number"): "number || '-' || n",
    ("audit_chain", "subject"): _another_after_colon("subject"),
    ("invoicing_invoice", "number"): "numbered.number",
    ("invoicing_invoice", "series_position"): "numbered.series_position",
    ("invoicing_invoice", "snapshot"): "numbered.snapshot",
    ("invoicing_invoice", "snapshot_sha256"): "numbered.snapshot_sha256",
    ("invoicing_invoice", "chain_sha256"): "numbered.chain_sha256",
}

NUMBERED = """
CREATE OR REPLACE FUNCTION pg_temp.numbered(of_contract bigint, first int, copies int)
RETURNS TABLE (n int, id bigint, number varchar, series_position int, snapshot text, snapshot_sha256 varchar,
  chain_sha256 varchar, seller_id bigint) LANGUAGE plpgsql AS $$
DECLARE
  series invoicing_numberseries;
  invoice invoicing_invoice;
BEGIN
  SELECT s.* INTO series FROM invoicing_numberseries s JOIN invoicing_invoice i
    ON s.organisation_id = i.seller_id AND s.prefix = i.series_prefix AND s.year = i.series_year
    WHERE i.contract_id = of_contract LIMIT 1;
  FOR copy IN first..first + copies - 1 LOOP
    FOR invoice IN SELECT * FROM invoicing_invoice i WHERE i.contract_id = of_contract ORDER BY i.id LOOP
      series.last := series.last + 1;
      n := copy; id := invoice.id; seller_id := invoice.seller_id; series_position := series.last;
      number := series.prefix || '-' || series.year || '-'
        || lpad(series.last::text, greatest(4, length(series.last::text)), '0');
      snapshot := replace(invoice.snapshot, invoice.number, number);
      snapshot_sha256 := encode(sha256(convert_to(snapshot, 'UTF8')), 'hex');
      series.head := encode(sha256(convert_to(series.head || number || snapshot_sha256, 'UTF8')), 'hex');
      chain_sha256 := series.head;
      RETURN NEXT;
    END LOOP;
  END LOOP;
END $$
"""
"""The numbers that copies draw from their series, one after the other, each chained to the one before."""


@dataclass(frozen=True, slots=True)
class _Span:
    """The keys of a deal's rows in one table, and where those of the copies begin."""

    first: int
    last: int
    highest: int
    copy: int

    def copied(self, column: str) -> str:
        width = self.last - self.first + 1
        moved = f"{self.highest} + (n - {self.copy})::bigint * {width} + ({column} - {self.first}) + 1"
        return f"CASE WHEN {column} BETWEEN {self.first} AND {self.last} THEN {moved} ELSE {column} END"


def copy(contract: Contract, *, copies: int) -> None:
    """Copy a deal that was played, with everything that it left behind, so many times."""
    if copies < 1:
        return
    models = {model._meta.db_table: model for model in apps.get_models()}
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(NUMBERED)
        cursor.execute("SELECT max(id) + 1 FROM contracts_contract")
        (first,) = cursor.fetchone()  # no copy has the number of one before
        cursor.execute(
            "CREATE TEMP TABLE numbered ON COMMIT DROP AS SELECT * FROM pg_temp.numbered(%s, %s, %s)",
            [contract.pk, first, copies],
        )
        cursor.execute("CREATE INDEX ON numbered (id, n); ANALYZE numbered")
        wheres = {table: where.format(contract=contract.pk) for table, where in ROWS.items()}
        spans = {
            table: span
            for table, where in wheres.items()
            if (span := _span(cursor, models[table], where, first)) is not None
        }
        for table in spans:
            _copy_rows(cursor, models[table], where=wheres[table], spans=spans, numbers=(first, first + copies - 1))
            if not isinstance(models[table]._meta.pk, ForeignKey):
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))",
                )
        cursor.execute(
            "UPDATE invoicing_numberseries s SET last = i.series_position, head = i.chain_sha256"
            " FROM (SELECT seller_id, series_prefix, series_year, series_position, chain_sha256 FROM invoicing_invoice"
            "   WHERE contract_id = (SELECT max(contract_id) FROM invoicing_invoice)"
            "   ORDER BY series_position DESC LIMIT 1) i"
            " WHERE s.organisation_id = i.seller_id AND s.prefix = i.series_prefix AND s.year = i.series_year"
            " AND s.last < i.series_position"
        )
        # What all copies share: accounts without a key of their own.
        cursor.execute(
            "UPDATE ledger_balance b SET amount = l.amount FROM (SELECT account_id, sum(amount) AS amount"
            " FROM ledger_line WHERE key = '' GROUP BY account_id) l WHERE b.account_id = l.account_id AND b.key = ''"
        )
        cursor.execute("DELETE FROM invoicing_opensum")
        cursor.execute(FILLED)


def settle() -> None:
    """Fresh statistics and visibility, as autovacuum would leave them."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM (ANALYZE)")


def _span(cursor: CursorWrapper, model: type[Model], where: str, copy: int) -> _Span | None:
    table, key = model._meta.db_table, model._meta.pk.column
    cursor.execute(f"SELECT min({key}), max({key}), (SELECT max({key}) FROM {table}) FROM {table} WHERE {where}")
    first, last, highest = cursor.fetchone()
    return None if first is None else _Span(first, last, highest, copy)


def _copy_rows(
    cursor: CursorWrapper, model: type[Model], *, where: str, spans: dict[str, _Span], numbers: tuple[int, int]
) -> None:
    table = model._meta.db_table
    fields: list[Any] = list(model._meta.concrete_fields)
    selected = []
    for field in fields:
        target = field.related_model._meta.db_table if isinstance(field, ForeignKey) else ""
        column = f"t.{field.column}"
        if target in spans:
            selected.append(spans[target].copied(column))
        elif field.primary_key:
            selected.append(spans[table].copied(column))
        else:
            own = OWN_OF_TABLE.get((table, field.column)) or OWN.get(field.column)
            selected.append(own if own else column)
    columns, key = ", ".join(field.column for field in fields), model._meta.pk.column
    if table == "invoicing_invoice":
        source = f"numbered JOIN {table} t USING (id)"
        selected = [one.replace("ref ||", "t.ref ||") for one in selected]
    else:
        source = f"generate_series({numbers[0]}, {numbers[1]}) n CROSS JOIN (SELECT * FROM {table} WHERE {where}) t"
    cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {', '.join(selected)} FROM {source} ORDER BY n, t.{key}")


def say(words: str) -> None:
    print(words)
    sys.stdout.flush()
