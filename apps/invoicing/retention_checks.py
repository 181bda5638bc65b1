"""What must be true of what is withheld and released; part of ``manage.py verify_ledger``."""

from apps.invoicing.balances import balance_of
from apps.invoicing.credit_checks import DIGITS
from apps.invoicing.models.retention import APART
from apps.ledger.charts import Seller
from apps.ledger.checks import Check

_retained = balance_of(
    Seller.RETENTION_HELD, organisation="c.seller_id", currency="c.currency", key="'contract:' || c.ref"
)

_digits = DIGITS.replace("i.currency", "c.currency")
_most = "(v.retention ->> 'payable_most')::numeric"

CHECKS = (
    Check(
        "Before the last milestone is accepted no more is payable of a contract than it agreed",
        # A deposit that later invoices give back is payable when it is invoiced (decision 35): one ahead of every
        # milestone counts. Of one that comes after some nothing is withheld, so it may go beyond the limit.
        # A change order may have lowered the price since: then the highest that was in force counts. On every invoice
        # the least unit of the currency is due, so that it can be told from one that is paid. A credit note lowers what
        # is billed with its tax, and so says nothing about a limit that is net of tax.
        f"""
        SELECT o.legal_name || ': payable of ' || c.number, l.most, p.payable
        FROM contracts_contract c
        JOIN parties_organisation o ON o.id = c.seller_id
        CROSS JOIN LATERAL (
            SELECT max(v.price * {_most} / 100) AS most FROM contracts_contractversion v
            WHERE v.contract_id = c.id AND {_most} IS NOT NULL
        ) l
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(i.net - r.held), 0) AS payable, count(*) AS invoices
            FROM invoicing_invoice i CROSS JOIN LATERAL (
                SELECT coalesce(sum(k.held), 0) AS held FROM invoicing_retention k WHERE k.invoice_id = i.id
            ) r
            WHERE i.contract_id = c.id AND (i.kind IN ('milestone', 'application')
                OR i.kind = 'advance' AND NOT EXISTS (SELECT 1 FROM invoicing_invoice e
                    WHERE e.contract_id = c.id AND e.kind IN ('milestone', 'application') AND e.id < i.id))
        ) p
        WHERE c.state = 'active' AND p.payable > l.most + p.invoices * power(10::numeric, -({_digits}))
          AND NOT EXISTS (SELECT 1 FROM invoicing_retentionrelease r WHERE r.contract_id = c.id)
          AND NOT EXISTS (SELECT 1 FROM invoicing_creditnote n WHERE n.contract_id = c.id)
          AND EXISTS (SELECT 1 FROM milestones_milestone m WHERE m.contract_id = c.id
                      AND m.state IN ('planned', 'submitted', 'changes_requested'))
        """,
    ),
    Check(
        "What is retained of every invoice is in the ledger of retention, and nothing else is",
        """
        SELECT 'retention of ' || i.number || ' of ' || o.legal_name, t.retained, r.held
        FROM invoicing_invoice i
        JOIN parties_organisation o ON o.id = i.seller_id
        JOIN invoicing_openitem t ON t.invoice_id = i.id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(k.held), 0) AS held FROM invoicing_retention k WHERE k.invoice_id = i.id
        ) r
        WHERE t.retained <> r.held
        """,
    ),
    Check(
        "What is released of every retention is what releases shared out, and never more than was withheld; what came"
        " back is kept apart",
        f"""
        SELECT 'retention of ' || i.number, s.amount - b.amount, r.released
        FROM invoicing_retention r
        JOIN invoicing_invoice i ON i.id = r.invoice_id
        CROSS JOIN LATERAL (SELECT coalesce(sum(s.amount), 0) AS amount FROM invoicing_retentionshare s
            WHERE s.retention_id = r.id) s
        CROSS JOIN LATERAL (SELECT coalesce(sum(b.amount), 0) AS amount FROM invoicing_retentionreturnshare b
            WHERE b.retention_id = r.id) b
        WHERE s.amount - b.amount <> r.released OR r.released + r.returned > r.held
           OR r.returned <> least({APART.format(key="r.id")}, r.held - r.released)
        """,
    ),
    Check(
        "What came back of every release is credited on its statement and shared out, and nothing else is credited",
        """
        SELECT 'release ' || l.ref, coalesce(t.credited, 0), b.amount
        FROM invoicing_retentionrelease l
        JOIN invoicing_openitem t ON t.invoice_id = l.invoice_id
        CROSS JOIN LATERAL (SELECT coalesce(sum(s.amount), 0) AS amount FROM invoicing_retentionreturn r
            JOIN invoicing_retentionreturnshare s ON s.back_id = r.id WHERE r.release_id = l.id) b
        WHERE t.credited <> b.amount
        """,
    ),
    Check(
        "Every release of retention is shared out and asked for to the cent",
        """
        SELECT 'release ' || l.ref, l.amount, coalesce(sum(s.amount), 0)
        FROM invoicing_retentionrelease l
        JOIN invoicing_invoice i ON i.id = l.invoice_id
        LEFT JOIN invoicing_retentionshare s ON s.release_id = l.id
        GROUP BY l.id, i.gross
        HAVING coalesce(sum(s.amount), 0) <> l.amount OR i.gross <> l.amount
        """,
    ),
    Check(
        "Retention held is, contract by contract, what was withheld, also for defects, and is not released",
        f"""
        SELECT o.legal_name || ': retention of ' || c.number, r.kept, r.booked
        FROM contracts_contract c
        JOIN parties_organisation o ON o.id = c.seller_id
        CROSS JOIN LATERAL (
            SELECT coalesce((SELECT sum(k.held - k.released) FROM invoicing_retention k WHERE k.contract_id = c.id), 0)
                + coalesce((SELECT sum(w.gross) FROM invoicing_withholding w WHERE w.contract_id = c.id
                            AND w.released_at IS NULL), 0) AS kept, {_retained} AS booked
        ) r
        WHERE r.kept <> r.booked
        """,
    ),
)
