"""What must be true of invoices and of what the sellers' books say of them; run by ``manage.py verify_ledger``."""

from apps.invoicing import (
    application_checks,
    credit_checks,
    deposit_checks,
    dispute_checks,
    open_checks,
    refund_checks,
    reserved_checks,
    retention_checks,
)
from apps.invoicing.balances import balance_of
from apps.invoicing.credit_checks import ISSUED
from apps.invoicing.models.credit_note import SOLD
from apps.invoicing.models.refund import HELD
from apps.invoicing.models.transaction import LIVE as STANDING
from apps.invoicing.refund_checks import PAID_BACK
from apps.ledger.charts import Seller
from apps.ledger.checks import Check

_receivable = balance_of(
    Seller.RECEIVABLES, organisation="i.seller_id", currency="i.currency", key="'invoice:' || i.ref"
)
_unapplied = balance_of(
    Seller.UNAPPLIED_RECEIPTS, organisation="p.recipient_id", currency="p.currency", key="'payment:' || p.ref"
)

SNAPSHOT_CHECKS = (
    Check(
        "Every snapshot has the hash that was stored with it",
        f"""
        SELECT i.kind || ' ' || i.number || ' of ' || o.legal_name, i.snapshot_sha256, now.sha256
        FROM {ISSUED} i
        JOIN parties_organisation o ON o.id = i.seller_id
        CROSS JOIN LATERAL (SELECT encode(sha256(convert_to(i.snapshot, 'UTF8')), 'hex') AS sha256) now
        WHERE i.snapshot_sha256 <> now.sha256
        """,
    ),
    Check(
        "Every invoice and credit note is chained to the one before it in its series",
        f"""
        SELECT c.kind || ' ' || c.number || ' of ' || o.legal_name, c.expected, c.chain_sha256
        FROM (
            SELECT i.*, encode(sha256(convert_to(
                lag(i.chain_sha256, 1, repeat('0', 64)) OVER series || i.number || i.snapshot_sha256, 'UTF8')), 'hex'
            ) AS expected
            FROM {ISSUED} i
            WINDOW series AS (
                PARTITION BY i.seller_id, i.series_prefix, i.series_year ORDER BY i.series_position
            )
        ) c
        JOIN parties_organisation o ON o.id = c.seller_id
        WHERE c.chain_sha256 <> c.expected
        """,
    ),
    Check(
        "The head of every series is the chain of what was issued last in it",
        f"""
        SELECT o.legal_name || ': series ' || s.prefix || '-' || s.year, i.chain_sha256, s.head
        FROM invoicing_numberseries s
        JOIN parties_organisation o ON o.id = s.organisation_id
        JOIN {ISSUED} i ON i.seller_id = s.organisation_id AND i.series_prefix = s.prefix
          AND i.series_year = s.year AND i.series_position = s.last
        WHERE i.chain_sha256 <> s.head
        """,
    ),
)
"""What is issued is chained; ``manage.py check_documents`` asks for this too."""

CHECKS = (
    Check(
        "The numbers of every series run from 1 without a gap",
        f"""
        SELECT o.legal_name || ': series ' || s.prefix || '-' || s.year, s.last::numeric,
               greatest(count(i.ref), coalesce(max(i.series_position), 0))::numeric
        FROM invoicing_numberseries s
        JOIN parties_organisation o ON o.id = s.organisation_id
        LEFT JOIN {ISSUED} i
          ON i.seller_id = s.organisation_id AND i.series_prefix = s.prefix AND i.series_year = s.year
        GROUP BY o.legal_name, s.id
        HAVING count(i.ref) <> s.last OR coalesce(max(i.series_position), 0) <> s.last
            OR coalesce(min(i.series_position), 1) <> 1
        """,
    ),
    Check(
        "Every invoice and credit note has the number of its place in the series",
        f"""
        SELECT i.kind || ' ' || i.ref, n.expected, i.number
        FROM {ISSUED} i
        CROSS JOIN LATERAL (
            SELECT i.series_prefix || '-' || i.series_year || '-' || lpad(
                i.series_position::text, greatest(4, length(i.series_position::text)), '0'
            ) AS expected
        ) n
        WHERE i.number <> n.expected
        """,
    ),
    *SNAPSHOT_CHECKS,
    Check(
        "Every invoice and credit note repeats the totals of its snapshot",
        f"""
        SELECT i.kind || ' ' || i.number || ' of ' || o.legal_name || ': ' || t.name, t.written, t.stored
        FROM {ISSUED} i
        JOIN parties_organisation o ON o.id = i.seller_id
        CROSS JOIN LATERAL (VALUES
            ('net', (i.snapshot::jsonb -> 'totals' ->> 'net')::numeric, i.net),
            ('tax', (i.snapshot::jsonb -> 'totals' ->> 'tax')::numeric, i.tax),
            ('total', (i.snapshot::jsonb -> 'totals' ->> 'gross')::numeric, i.gross)
        ) t (name, written, stored)
        WHERE t.written <> t.stored
        """,
    ),
    Check(
        "The lines of every invoice add up to its net amount",
        """
        SELECT 'invoice ' || i.number || ' of ' || o.legal_name, i.net, coalesce(sum(l.net), 0)
        FROM invoicing_invoice i
        JOIN parties_organisation o ON o.id = i.seller_id
        LEFT JOIN invoicing_invoiceline l ON l.invoice_id = i.id
        GROUP BY o.legal_name, i.id
        HAVING coalesce(sum(l.net), 0) <> i.net
        """,
    ),
    Check(
        "Every accepted milestone is billed, at the amount that was agreed",
        """
        SELECT 'milestone ' || m.ref || ' ' || m.title, m.amount, coalesce(i.net + i.recovered, 0)
        FROM milestones_milestone m
        LEFT JOIN invoicing_invoice i ON i.milestone_id = m.id
        WHERE NOT EXISTS (SELECT 1 FROM invoicing_applicationline a WHERE a.milestone_id = m.id)
          AND NOT EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_contract c
            ON c.active_version_id = v.id AND c.id = m.contract_id WHERE v.bills_by = 'application' AND m.amount =
            (SELECT sum(CASE WHEN r.state IN ('open', 'mended') THEN r.amount ELSE r.reduced_by END)
             FROM milestones_reservation r WHERE r.milestone_id = m.id))
          AND ((m.state IN ('accepted', 'nullified') AND i.net + i.recovered IS DISTINCT FROM m.amount)
           OR (m.state NOT IN ('accepted', 'nullified') AND i.id IS NOT NULL))
        """,
    ),
    Check(
        "The parts of every milestone that are not nullified, and what was signed away at the end, add up to what was"
        " agreed",
        """
        SELECT 'milestone ' || coalesce(plan.title, 'at ' || life.position::text) || ', contract '
          || coalesce(plan.ref, life.ref), coalesce(plan.amount, 0), coalesce(life.amount, 0)
        FROM (SELECT c.ref, l.position, l.title, l.amount FROM contracts_contract c
              JOIN contracts_planline l ON l.version_id = c.active_version_id AND l.kind = 'milestone') plan
        FULL JOIN (SELECT c.ref, m.position, sum(CASE m.state WHEN 'cancelled' THEN 0 ELSE m.amount - m.nullified END
                + coalesce(v.unbilled - v.amount, 0)) AS amount FROM milestones_milestone m
              JOIN contracts_contract c ON c.id = m.contract_id
              LEFT JOIN (milestones_valuation v JOIN milestones_settlement s ON s.id = v.settlement_id
                AND s.state = 'signed') ON v.milestone_id = m.id
              WHERE m.state <> 'cancelled' OR v.id IS NOT NULL
              GROUP BY c.ref, m.position) life
          ON life.ref = plan.ref AND life.position = plan.position
        WHERE plan.amount IS DISTINCT FROM life.amount
        """,
    ),
    Check(
        "Every instalment is billed exactly when it has an invoice, at the amount that was agreed",
        """
        SELECT 'instalment ' || d.ref || ' ' || d.title, CASE WHEN d.billed_at IS NULL THEN 0 ELSE d.amount END,
               coalesce(i.net + i.recovered, 0)
        FROM invoicing_instalment d
        LEFT JOIN invoicing_invoice i ON i.instalment_id = d.id
        WHERE coalesce(i.net + i.recovered, 0) <> CASE WHEN d.billed_at IS NULL THEN 0 ELSE d.amount END
        """,
    ),
    Check(
        "The instalments of every signed line add up to what was agreed",
        """
        SELECT 'line ' || l.title || ', version ' || l.version_id, l.amount, coalesce(sum(d.amount), 0)
        FROM contracts_planline l
        JOIN contracts_contract c ON c.active_version_id = l.version_id
        LEFT JOIN invoicing_instalment d ON d.contract_id = c.id AND d.position = l.position
         AND NOT d.is_replaced
        WHERE l.kind <> 'milestone'
        GROUP BY l.id
        HAVING coalesce(sum(d.amount), 0) <> l.amount
        """,
    ),
    Check(
        "A contract that is completed or terminated has nothing left to bill",
        """
        SELECT 'contract ' || c.ref || ': ' || d.title, d.amount, 0::numeric
        FROM invoicing_instalment d JOIN contracts_contract c ON c.id = d.contract_id
        WHERE c.state IN ('completed', 'terminated') AND d.billed_at IS NULL AND d.cancelled_at IS NULL
        """,
    ),
    Check(
        "What is left of every bank transaction is what standing payments leave of it",
        f"""
        SELECT 'transaction ' || t.ref, t.amount - ({STANDING}), t.unapplied
        FROM invoicing_banktransaction t
        WHERE t.amount > 0 AND t.unapplied <> t.amount - ({STANDING})
        """,
    ),
    Check(
        "What is paid on every open item is what was allocated to its invoice",
        """
        SELECT 'open item of ' || i.number || ' of ' || o.legal_name, coalesce(sum(a.amount), 0), coalesce(t.paid, 0)
        FROM invoicing_invoice i
        JOIN parties_organisation o ON o.id = i.seller_id
        LEFT JOIN invoicing_openitem t ON t.invoice_id = i.id
        LEFT JOIN invoicing_allocation a ON a.invoice_id = i.id
        GROUP BY o.legal_name, i.id, t.id
        HAVING coalesce(sum(a.amount), 0) IS DISTINCT FROM t.paid OR t.gross IS DISTINCT FROM i.gross
        """,
    ),
    Check(
        "No payment is allocated and paid back beyond its amount",
        f"""
        SELECT 'payment ' || p.bank_reference, p.amount, s.spent
        FROM invoicing_payment p
        CROSS JOIN LATERAL (SELECT coalesce(sum(a.amount), 0) + {HELD.format(payment="p.id")} AS spent
            FROM invoicing_allocation a WHERE a.payment_id = p.id) s
        WHERE s.spent > p.amount
        """,
    ),
    Check(
        "Every invoice is posted in its seller's book",
        """
        SELECT 'invoice ' || i.number || ' of ' || o.legal_name, i.gross - t.retained - n.gross - w.gross,
               coalesce(l.amount, 0)
        FROM invoicing_invoice i
        JOIN parties_organisation o ON o.id = i.seller_id
        JOIN invoicing_openitem t ON t.invoice_id = i.id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(h.gross), 0) AS gross FROM invoicing_withholding h WHERE h.invoice_id = i.id
        ) w
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(c.retained), 0) AS gross FROM invoicing_creditnote c WHERE c.invoice_id = i.id
        ) n
        LEFT JOIN ledger_entry e ON e.organisation_id = i.seller_id AND e.cause = 'invoice:' || i.ref
        LEFT JOIN ledger_line l ON l.entry_id = e.id AND l.key = 'invoice:' || i.ref
        WHERE coalesce(l.amount, 0) <> i.gross - t.retained - n.gross - w.gross OR e.id IS NULL
        """,
    ),
    Check(
        "Receivables are, invoice by invoice, the open items; nothing once an invoice is sold",
        f"""
        SELECT o.legal_name || ': receivable of ' || i.number, r.open, r.booked
        FROM invoicing_invoice i
        JOIN parties_organisation o ON o.id = i.seller_id
        JOIN invoicing_openitem t ON t.invoice_id = i.id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN {SOLD} THEN 0 ELSE t.open END AS open, {_receivable} AS booked
        ) r
        WHERE r.open <> r.booked
        """,
    ),
    Check(
        "Unapplied receipts are, payment by payment, what is not allocated",
        f"""
        SELECT o.legal_name || ': payment ' || p.bank_reference, u.left_over, u.booked
        FROM invoicing_payment p
        JOIN parties_organisation o ON o.id = p.recipient_id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN EXISTS (SELECT 1 FROM invoicing_paymentreversal r WHERE r.payment_id = p.id) THEN 0
                   ELSE coalesce(sum(a.amount), 0) + {PAID_BACK} - p.amount END AS left_over, {_unapplied} AS booked,
                   bool_or(i.seller_id = p.recipient_id) AS is_of_seller
            FROM invoicing_allocation a JOIN invoicing_invoice i ON i.id = a.invoice_id WHERE a.payment_id = p.id
        ) u
        WHERE u.is_of_seller AND u.left_over <> u.booked
        """,
    ),
    Check(
        "Every reversed payment is reversed in the seller's book, and no other is",
        """
        SELECT o.legal_name || ': payment ' || p.bank_reference,
               CASE WHEN r.id IS NULL THEN 'not reversed' ELSE 'reversed' END,
               CASE WHEN u.id IS NULL THEN 'not reversed' ELSE 'reversed' END
        FROM invoicing_payment p
        JOIN parties_organisation o ON o.id = p.recipient_id
        JOIN ledger_entry e ON e.organisation_id = p.recipient_id AND e.cause = 'payment:' || p.ref
        LEFT JOIN ledger_entry u ON u.reverses_id = e.id
        LEFT JOIN invoicing_paymentreversal r ON r.payment_id = p.id
        WHERE (r.id IS NULL) <> (u.id IS NULL)
        """,
    ),
    *application_checks.CHECKS,
    *open_checks.CHECKS,
    *deposit_checks.CHECKS,
    *credit_checks.CHECKS,
    *refund_checks.CHECKS,
    *dispute_checks.CHECKS,
    *retention_checks.CHECKS,
    *reserved_checks.CHECKS,
)
