"""What must be true of every book: sentences with the SQL that finds what contradicts them.

``manage.py verify_ledger`` runs these and the ``CHECKS`` of every app downstream that has a module of this name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A sentence that is true of a sound database; ``sql`` gives subject, expected and found of each contradiction."""

    sentence: str
    sql: str


CHECKS = (
    Check(
        "Every entry has two lines or more, and they add up to zero",
        """
        SELECT o.legal_name || ': entry ' || e.cause, 0::numeric, coalesce(sum(l.amount), 0)
        FROM ledger_entry e
        JOIN parties_organisation o ON o.id = e.organisation_id
        LEFT JOIN ledger_line l ON l.entry_id = e.id
        GROUP BY o.legal_name, e.id
        HAVING count(l.id) < 2 OR sum(l.amount) <> 0
        """,
    ),
    Check(
        "Every line stands in the book of its entry",
        """
        SELECT 'line ' || l.id, e.book_id::numeric, a.book_id::numeric
        FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id JOIN ledger_account a ON a.id = l.account_id
        WHERE a.book_id <> e.book_id OR l.organisation_id <> e.organisation_id OR a.organisation_id <> e.organisation_id
        """,
    ),
    Check(
        "Every balance is the sum of its lines, per account and key",
        """
        SELECT o.legal_name || ': ' || a.code || ' ' || a.name || ' ' || coalesce(l.key, b.key),
               coalesce(l.amount, 0), coalesce(b.amount, 0)
        FROM (SELECT account_id, key, sum(amount) AS amount FROM ledger_line GROUP BY account_id, key) l
        FULL JOIN ledger_balance b ON b.account_id = l.account_id AND b.key = l.key
        JOIN ledger_account a ON a.id = coalesce(l.account_id, b.account_id)
        JOIN parties_organisation o ON o.id = a.organisation_id
        WHERE coalesce(l.amount, 0) <> coalesce(b.amount, 0)
        """,
    ),
    Check(
        "No one-sided balance has changed its sign",
        """
        SELECT o.legal_name || ': ' || a.code || ' ' || a.name || ' ' || b.key, 0::numeric, b.amount
        FROM ledger_balance b
        JOIN ledger_account a ON a.id = b.account_id
        JOIN parties_organisation o ON o.id = a.organisation_id
        WHERE (a.one_sided = 'debit' AND b.amount < 0) OR (a.one_sided = 'credit' AND b.amount > 0)
        """,
    ),
    Check(
        "Every reversal is the exact negation of one entry of its book",
        """
        SELECT 'reversal ' || e.cause || ' on account ' || a.code || ' ' || l.key, 0::numeric, sum(l.amount)
        FROM ledger_entry e
        JOIN ledger_line l ON l.entry_id IN (e.id, e.reverses_id)
        JOIN ledger_account a ON a.id = l.account_id
        WHERE e.reverses_id IS NOT NULL
        GROUP BY e.id, a.code, l.account_id, l.key
        HAVING sum(l.amount) <> 0
        """,
    ),
)
