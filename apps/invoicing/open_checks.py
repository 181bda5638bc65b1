"""What must be true of the sums of what is open; part of ``manage.py verify_ledger``."""

from apps.invoicing.models.open_sum import OF_ITEMS
from apps.ledger.checks import Check

CHECKS = (
    Check(
        "What is open in all, for either side, is the sum of the open items",
        f"""
        SELECT o.legal_name || ' as ' || t.side || ': ' || t.currency || ' due on ' || t.due_on
               || CASE WHEN t.is_assigned THEN ', assigned' ELSE '' END, t.of_items, t.of_sums
        FROM (
            SELECT organisation_id, side, currency, due_on, is_assigned,
                   coalesce(items.amount, 0) AS of_items, coalesce(sums.amount, 0) AS of_sums
            FROM ({OF_ITEMS}) items
            FULL JOIN (
                SELECT organisation_id, side, currency, due_on, is_assigned, sum(amount) AS amount
                FROM invoicing_opensum GROUP BY 1, 2, 3, 4, 5
            ) sums USING (organisation_id, side, currency, due_on, is_assigned)
        ) t
        JOIN parties_organisation o ON o.id = t.organisation_id
        WHERE t.of_items <> t.of_sums
        """,
    ),
)
