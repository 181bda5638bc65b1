"""What must be true of disputed invoices; part of ``manage.py verify_ledger``."""

from apps.ledger.checks import Check

CHECKS = (
    Check(
        "What is in dispute of every open item is what its disputes say",
        """
        SELECT 'invoice ' || i.number || ' of ' || o.legal_name, t.disputed, d.disputed
        FROM invoicing_openitem t
        JOIN invoicing_invoice i ON i.id = t.invoice_id
        JOIN parties_organisation o ON o.id = i.seller_id
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(x.gross), 0) AS disputed
            FROM invoicing_disputedinvoice x
            JOIN milestones_dispute p ON p.id = x.dispute_id AND p.state IN ('open', 'proposed')
            WHERE x.invoice_id = i.id
        ) d
        WHERE t.disputed <> d.disputed
        """,
    ),
    Check(
        "What both sides upheld of an invoice is credited to the cent",
        """
        SELECT 'dispute ' || d.ref || ' about ' || i.number, d.upheld, coalesce(c.net, 0)
        FROM invoicing_disputedinvoice x
        JOIN milestones_dispute d ON d.id = x.dispute_id AND d.state NOT IN ('open', 'proposed')
        JOIN invoicing_invoice i ON i.id = x.invoice_id
        LEFT JOIN invoicing_creditnote c ON c.id = x.credit_note_id
        WHERE d.upheld <> coalesce(c.net, 0)
        """,
    ),
)
