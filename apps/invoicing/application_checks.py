"""What must be true of applications for payment; part of ``manage.py verify_ledger``."""

from apps.ledger.checks import Check

CHECKS = (
    Check(
        "What of every accepted part is certified, and what of it stands in an application for payment, is all of it"
        " but for what is withheld for defects",
        """
        SELECT 'milestone ' || m.ref || ' ' || m.title, m.amount - w.amount - h.amount, s.amount
        FROM milestones_milestone m
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(n.unbilled), 0) AS amount FROM milestones_nullification n
            WHERE n.milestone_id = m.id AND n.state = 'granted'
        ) w
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(CASE WHEN a.state = 'certified' THEN l.certified
                WHEN a.state IN ('open', 'submitted') THEN l.claimed END), 0) AS amount, count(*) AS lines
            FROM invoicing_applicationline l JOIN invoicing_application a ON a.id = l.application_id
            WHERE l.milestone_id = m.id
        ) s
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(CASE WHEN r.state IN ('open', 'mended') THEN r.amount ELSE r.reduced_by END), 0)
                AS amount FROM milestones_reservation r WHERE r.milestone_id = m.id
        ) h
        WHERE s.lines > 0 AND s.amount <> m.amount - w.amount - h.amount
        """,
    ),
    Check(
        "What was withdrawn of an acceptance after an application billed it is credited on its own lines; all of them"
        " are, where nothing of the acceptance is left",
        """
        SELECT 'milestone ' || m.ref || ' ' || m.title, m.nullified - w.amount, b.credited
        FROM milestones_milestone m
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(n.unbilled), 0) AS amount FROM milestones_nullification n
            WHERE n.milestone_id = m.id AND n.state = 'granted'
        ) w
        CROSS JOIN LATERAL (
            SELECT count(*) AS lines, sum(l.net) AS billed, coalesce(sum((SELECT sum(k.net)
                FROM invoicing_creditnoteline k WHERE k.invoice_line_id = l.id)), 0) AS credited
            FROM invoicing_invoiceline l WHERE l.milestone_id = m.id
        ) b
        WHERE b.lines > 0 AND (m.nullified - w.amount > b.credited
            OR (m.state = 'nullified' AND b.credited <> b.billed))
        """,
    ),
    Check(
        "Every certified application has its invoice, over exactly what was certified and retained of each line",
        """
        SELECT 'application ' || a.ref || ': ' || t.name, t.certified, t.billed
        FROM invoicing_application a
        LEFT JOIN invoicing_invoice i ON i.application_id = a.id
        CROSS JOIN LATERAL (
            SELECT sum(l.certified) AS certified, sum(l.recovered) AS recovered, sum(l.retained) AS retained
            FROM invoicing_applicationline l WHERE l.application_id = a.id
        ) s
        CROSS JOIN LATERAL (
            SELECT sum(r.held) AS held, (SELECT coalesce(sum(n.retained), 0) FROM invoicing_creditnote n
                WHERE n.invoice_id = i.id) AS credited FROM invoicing_retention r WHERE r.invoice_id = i.id
        ) k
        CROSS JOIN LATERAL (VALUES
            ('certified', coalesce(s.certified, 0), coalesce(i.net + i.recovered, 0)),
            ('given back', coalesce(s.recovered, 0), coalesce(i.recovered, 0)),
            ('retained', coalesce(s.retained, 0), coalesce(k.held, 0) + coalesce(k.credited, 0))
        ) t (name, certified, billed)
        WHERE t.certified <> t.billed
        """,
    ),
)
