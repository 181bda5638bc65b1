"""What must be true of what is withheld for defects; part of ``manage.py verify_ledger``."""

from apps.ledger.checks import Check

CHECKS = (
    Check(
        "What is withheld of every invoice for defects is what its unsettled reservations say",
        """
        SELECT 'open item of ' || i.number, t.reserved, coalesce(sum(w.gross), 0)
        FROM invoicing_openitem t
        JOIN invoicing_invoice i ON i.id = t.invoice_id
        LEFT JOIN (invoicing_withholding w JOIN milestones_reservation r
                   ON r.id = w.reservation_id AND r.state IN ('open', 'mended')) ON w.invoice_id = i.id
        GROUP BY i.id, t.id
        HAVING t.reserved <> coalesce(sum(w.gross), 0)
        """,
    ),
    Check(
        "Every amount that an acceptance withholds is withheld of its invoice, where it has one of its own",
        """
        SELECT 'reservation ' || r.ref, r.amount, coalesce(w.gross, 0)
        FROM milestones_reservation r
        LEFT JOIN invoicing_withholding w ON w.reservation_id = r.id
        JOIN milestones_milestone m ON m.id = r.milestone_id
        JOIN contracts_planline l ON l.id = m.line_id
        JOIN contracts_contractversion v ON v.id = l.version_id
        WHERE (r.amount > 0 AND v.bills_by <> 'application') <> (w.id IS NOT NULL)
        """,
    ),
    Check(
        "What was withheld is due since its reservation was settled, and posted once",
        """
        SELECT 'reservation ' || r.ref, w.gross, coalesce(sum(l.amount), 0)
        FROM invoicing_withholding w
        JOIN milestones_reservation r ON r.id = w.reservation_id
        JOIN invoicing_invoice i ON i.id = w.invoice_id
        LEFT JOIN ledger_entry e ON e.organisation_id = i.seller_id AND e.cause = 'reservation:' || r.ref
        LEFT JOIN ledger_line l ON l.entry_id = e.id AND l.key = 'invoice:' || i.ref
        GROUP BY r.id, w.id
        HAVING coalesce(sum(l.amount), 0) <> CASE WHEN w.released_at IS NULL THEN 0 ELSE w.gross END
            OR w.released_at IS DISTINCT FROM r.settled_at
        """,
    ),
)
