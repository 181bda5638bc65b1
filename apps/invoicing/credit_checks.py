"""What must be true of credit notes, and of what is left of what they credit; part of ``manage.py verify_ledger``."""

from apps.core import money
from apps.invoicing.models.credit_note import BY_LINES, LINES_OF
from apps.ledger.checks import Check

ISSUED = """(
    SELECT 'invoice' AS kind, ref, seller_id, series_prefix, series_year, series_position, number, net, tax, gross,
           snapshot, snapshot_sha256, chain_sha256
    FROM invoicing_invoice
    UNION ALL
    SELECT 'credit note', ref, seller_id, series_prefix, series_year, series_position, number, net, tax, gross,
           snapshot, snapshot_sha256, chain_sha256
    FROM invoicing_creditnote
    UNION ALL
    SELECT 'corrected invoice', ref, seller_id, series_prefix, series_year, series_position, number, net, tax, gross,
           snapshot, snapshot_sha256, chain_sha256
    FROM invoicing_correctedinvoice
)"""
"""Everything that is numbered and chained."""

CREDITED = """
    SELECT {net} AS net, {given_back} AS given_back, {tax} AS tax, coalesce(sum(c.gross), 0) AS gross
    FROM invoicing_creditnote c WHERE c.invoice_id = i.id
""".format(**{column: LINES_OF.format(column) for column in ("net", "given_back", "tax")})

DIGITS = "CASE {cases} ELSE 2 END".format(
    cases=" ".join(
        f"WHEN i.currency = '{currency}' THEN {money.digits(currency)}"
        for currency in sorted(money.currencies())
        if money.digits(currency) != 2
    )
)
"""How many decimals the currency of an invoice has."""

CHECKS = (
    Check(
        "No invoice is credited beyond itself, and one that is credited in full is so with its tax",
        f"""
        SELECT 'invoice ' || i.number || ' of ' || o.legal_name, i.gross, c.gross
        FROM invoicing_invoice i
        JOIN parties_organisation o ON o.id = i.seller_id
        CROSS JOIN LATERAL ({CREDITED}) c
        WHERE c.net > i.net OR c.tax > i.tax OR c.gross > i.gross OR c.given_back > i.recovered
           OR (c.net = i.net AND c.tax <> i.tax)
        """,
    ),
    Check(
        "The tax of all credit notes of an invoice is the tax on all that they credit",
        f"""
        SELECT 'invoice ' || i.number || ' of ' || o.legal_name, t.expected, t.credited
        FROM invoicing_invoice i
        JOIN parties_organisation o ON o.id = i.seller_id
        CROSS JOIN LATERAL (
            SELECT (
                SELECT sum(round(kind.net * kind.tax_rate / 100,
                    {DIGITS}))
                FROM (
                    SELECT l.tax_category, l.tax_rate, sum(n.net) AS net
                    FROM invoicing_creditnoteline n JOIN invoicing_invoiceline l ON l.id = n.invoice_line_id
                    WHERE l.invoice_id = i.id GROUP BY l.tax_category, l.tax_rate
                ) kind
            ) AS expected, (SELECT sum(c.tax) FROM invoicing_creditnote c WHERE c.invoice_id = i.id
                AND c.purpose IN {BY_LINES}) AS credited
        ) t
        WHERE t.expected <> t.credited
        """,
    ),
    Check(
        "What is credited on every open item is what its credit notes say, and the lines of each add up to it",
        f"""
        SELECT 'open item of ' || i.number || ' of ' || o.legal_name, c.gross, coalesce(t.credited, 0)
        FROM invoicing_invoice i
        JOIN parties_organisation o ON o.id = i.seller_id
        LEFT JOIN invoicing_openitem t ON t.invoice_id = i.id
        CROSS JOIN LATERAL ({CREDITED}) c
        WHERE c.gross <> coalesce(t.credited, 0)
        UNION ALL
        SELECT 'lines of ' || c.number, c.net, coalesce(sum(l.net), 0)
        FROM invoicing_creditnote c LEFT JOIN invoicing_creditnoteline l ON l.credit_note_id = c.id
        WHERE c.purpose IN {BY_LINES}
        GROUP BY c.id
        HAVING coalesce(sum(l.net), 0) <> c.net
        """,
    ),
    Check(
        "Every charge that stands is what its document says, and every one that is withdrawn is undone",
        """
        SELECT 'charge ' || h.ref, h.net, coalesce(c.net, i.net, 0) + coalesce(u.net, 0)
        FROM invoicing_charge h
        LEFT JOIN invoicing_creditnote c ON c.id = h.credit_note_id
        LEFT JOIN invoicing_creditnote u ON u.id = h.undone_by_id AND u.undoes_id = c.id
        LEFT JOIN invoicing_invoice i ON i.id = h.invoice_id
        WHERE coalesce(c.net, i.net, 0) + coalesce(u.net, 0)
            <> CASE WHEN h.state = 'withdrawn' AND h.invoice_id IS NULL THEN 0 ELSE h.net END
        """,
    ),
    Check(
        "Every credit note is posted in its seller's book",
        """
        SELECT 'credit note ' || c.number || ' of ' || o.legal_name, c.retained - c.gross, coalesce(l.amount, 0)
        FROM invoicing_creditnote c
        JOIN parties_organisation o ON o.id = c.seller_id
        JOIN invoicing_invoice i ON i.id = c.invoice_id
        LEFT JOIN ledger_entry e ON e.organisation_id = c.seller_id AND e.cause = 'credit:' || c.ref
        LEFT JOIN milestones_milestone m ON m.id = i.milestone_id
        LEFT JOIN ledger_line l ON l.entry_id = e.id AND l.key IN ('invoice:' || i.ref, 'milestone:' || m.ref)
        WHERE e.id IS NULL OR coalesce(l.amount, 0) <> c.retained - c.gross
        """,
    ),
    Check(
        "What of every milestone is nullified was agreed by both sides, is credited or was not billed, and goes on as a"
        " part of its own",
        """
        SELECT 'milestone ' || m.ref || ' ' || m.title, m.nullified, coalesce(g.credited, 0)
        FROM milestones_milestone m
        LEFT JOIN LATERAL (
            SELECT sum(n.amount) AS agreed, sum(coalesce(c.net + c.given_back, 0) + n.unbilled) AS credited,
                   sum(n.amount) FILTER (WHERE n.rest_id IS NOT NULL AND (n.unbilled = n.amount
                   OR i.milestone_id = n.milestone_id OR EXISTS (SELECT 1 FROM invoicing_invoiceline l
                   WHERE l.invoice_id = i.id AND l.milestone_id = n.milestone_id))) AS going_on
            FROM milestones_nullification n
            LEFT JOIN invoicing_creditnote c ON c.nullification_id = n.id AND c.purpose = 'nullification'
            LEFT JOIN invoicing_invoice i ON i.id = c.invoice_id
            WHERE n.milestone_id = m.id AND n.state = 'granted'
        ) g ON true
        WHERE m.nullified <> coalesce(g.agreed, 0) OR m.nullified <> coalesce(g.credited, 0)
           OR m.nullified <> coalesce(g.going_on, 0)
        """,
    ),
    Check(
        "Every accepted part is billed or credited: a milestone is nullified when nothing of its invoice is left",
        f"""
        SELECT 'milestone ' || m.ref || ' ' || m.title, i.net + i.recovered, c.net + c.given_back
        FROM milestones_milestone m
        JOIN invoicing_invoice i ON i.milestone_id = m.id
        CROSS JOIN LATERAL ({CREDITED}) c
        WHERE m.nullified > c.net + c.given_back
           OR (m.state = 'nullified' AND (c.net, c.given_back) <> (i.net, i.recovered))
        """,
    ),
)
