"""What must be true of revenue: obligations, recognitions and the sellers' books tell one story.

Run by ``manage.py verify_ledger``. Each SQL gives subject, expected and found of what contradicts its sentence.
"""

from apps.ledger.charts import Seller
from apps.ledger.checks import Check

_MOVED = """(
    SELECT coalesce(sum(l.amount), 0) FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id
    JOIN ledger_book k ON k.id = a.book_id JOIN ledger_entry e ON e.id = l.entry_id
    WHERE k.purpose = 'seller' AND k.organisation_id = c.seller_id AND k.currency = c.currency
      AND a.code = '{account}' AND l.key = 'contract:' || c.ref AND e.cause LIKE 'revenue:%'
)"""


def _moved(account: Seller) -> str:
    return _MOVED.format(account=account.value)


_RECOGNISED = "(SELECT coalesce(sum(r.amount), 0) FROM revenue_recognition r WHERE r.contract_id = c.id)"
_INTEREST = """(SELECT coalesce(sum(CASE WHEN n.is_income THEN n.amount ELSE -n.amount END), 0)
    FROM revenue_interest n WHERE n.contract_id = c.id)"""
_JUDGED = """(SELECT coalesce(sum(j.counts), 0) FROM (
    SELECT DISTINCT ON (j.kind, j.about) j.counts FROM revenue_judgement j
    WHERE j.contract_id = c.id AND j.kind IN ('variable', 'financing')
      AND EXISTS (SELECT 1 FROM revenue_recognition r WHERE r.contract_id = c.id AND r.cause = 'judgement:' || j.ref)
    ORDER BY j.kind, j.about, j.judged_at DESC, j.id DESC) j)"""
"""What the judgements that hold add to the price of a contract."""
_BONUS = """(SELECT coalesce(sum(i.net - coalesce(n.net, 0)), 0) FROM invoicing_invoice i
    LEFT JOIN LATERAL (SELECT sum(n.net) AS net FROM invoicing_creditnote n WHERE n.invoice_id = i.id
      AND EXISTS (SELECT 1 FROM revenue_recognition r WHERE r.contract_id = c.id AND r.cause = 'credit:' || n.ref)) n
      ON TRUE
    WHERE i.contract_id = c.id AND i.kind = 'bonus'
      AND EXISTS (SELECT 1 FROM revenue_recognition r WHERE r.contract_id = c.id AND r.cause = 'bonus:' || i.ref))"""
"""What bonuses that were billed and not credited again add to it."""

CHECKS = (
    Check(
        "What is recognised of every contract is what its seller's book says of revenue, and of the contract balance",
        f"""
        SELECT 'contract ' || c.ref || ': ' || t.name, t.expected, t.found
        FROM contracts_contract c
        CROSS JOIN LATERAL (VALUES
            ('revenue', -{_RECOGNISED}, {_moved(Seller.REVENUE)}),
            ('contract balance', {_RECOGNISED}, {_moved(Seller.CONTRACT_BALANCE)})
        ) t (name, expected, found)
        WHERE c.active_version_id IS NOT NULL AND t.expected <> t.found
        """,
    ),
    Check(
        "Revenue stands in books by recognitions alone",
        """
        SELECT o.legal_name || ': entry ' || e.cause, 0::numeric, l.amount
        FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id JOIN ledger_book k ON k.id = a.book_id
        JOIN ledger_entry e ON e.id = l.entry_id JOIN parties_organisation o ON o.id = e.organisation_id
        WHERE k.purpose = 'seller' AND a.code = '4000'
          AND NOT EXISTS (SELECT 1 FROM revenue_recognition r WHERE r.entry_id = e.id)
        """,
    ),
    Check(
        "The interest of financing components is what the seller's book says of it",
        f"""
        SELECT 'contract ' || c.ref, -{_INTEREST}, l.booked FROM contracts_contract c
        CROSS JOIN LATERAL (SELECT coalesce(sum(l.amount), 0) AS booked FROM ledger_balance l
          JOIN ledger_account a ON a.id = l.account_id JOIN ledger_book k ON k.id = a.book_id
          WHERE k.purpose = 'seller' AND k.organisation_id = c.seller_id AND k.currency = c.currency
            AND a.code IN ('4100', '5100') AND l.key = 'contract:' || c.ref) l
        WHERE c.active_version_id IS NOT NULL AND l.booked <> -{_INTEREST}
        """,
    ),
    Check(
        "The contract balance of every contract is what is recognised and accrued less what is billed, not credited",
        f"""
        SELECT 'contract ' || c.ref, b.recognised - b.billed, b.booked
        FROM contracts_contract c
        CROSS JOIN LATERAL (SELECT
            {_RECOGNISED} + {_INTEREST} AS recognised,
            (SELECT coalesce(sum(i.net), 0) FROM invoicing_invoice i
             WHERE i.contract_id = c.id AND i.kind NOT IN ('retention_release', 'late_charge'))
            - (SELECT coalesce(sum(n.net), 0) FROM invoicing_creditnote n
             JOIN invoicing_invoice i ON i.id = n.invoice_id WHERE n.contract_id = c.id
             AND i.kind NOT IN ('retention_release', 'late_charge')) AS billed,
            (SELECT coalesce(sum(l.amount), 0) FROM ledger_balance l JOIN ledger_account a ON a.id = l.account_id
             JOIN ledger_book k ON k.id = a.book_id WHERE k.purpose = 'seller' AND k.organisation_id = c.seller_id
             AND k.currency = c.currency AND a.code IN ('2000', '2050') AND l.key = 'contract:' || c.ref) AS booked
        ) b
        WHERE c.active_version_id IS NOT NULL AND b.recognised - b.billed <> b.booked
        """,
    ),
    Check(
        "Every obligation is recognised as it was written down",
        """
        SELECT 'obligation ' || o.ref, coalesce(sum(r.amount), 0), o.recognised
        FROM revenue_obligation o LEFT JOIN revenue_recognition r ON r.obligation_id = o.id
        GROUP BY o.id HAVING coalesce(sum(r.amount), 0) <> o.recognised
        """,
    ),
    Check(
        "The obligations of every contract bear its price as it is judged and its bonuses, less the deposits credited",
        f"""
        SELECT 'contract ' || c.ref, v.price + {_JUDGED} + {_BONUS} - d.credited, sum(o.allocated)
        FROM revenue_obligation o JOIN contracts_contract c ON c.id = o.contract_id
        JOIN contracts_contractversion v ON v.id = c.active_version_id
        CROSS JOIN LATERAL (SELECT coalesce(sum(n.net), 0) AS credited FROM invoicing_creditnote n
          JOIN invoicing_invoice i ON i.id = n.invoice_id JOIN invoicing_instalment s ON s.id = i.instalment_id
          JOIN contracts_planline l ON l.id = s.line_id WHERE n.contract_id = c.id AND l.kind = 'deposit'
          AND l.recovery = ''
          AND EXISTS (SELECT 1 FROM revenue_recognition r WHERE r.contract_id = c.id
            AND r.cause = 'credit:' || n.ref)) d
        WHERE c.state <> 'terminated'
          AND (v.changes_id IS NULL OR EXISTS (SELECT 1 FROM revenue_modification m WHERE m.version_id = v.id))
        GROUP BY c.id, c.ref, v.price, d.credited HAVING sum(o.allocated) <> v.price + {_JUDGED} + {_BONUS} - d.credited
        """,
    ),
    Check(
        "Of every terminated contract all that was billed and not credited is earned, or is by its periods' days",
        # By its worth, whatever invoices gave back of deposits: these are beside the price, and never earned. A credit
        # note of an application is recognised by line.
        f"""
        SELECT 'contract ' || c.ref, b.net - b.credited - {_INTEREST}, o.remains
        FROM contracts_contract c
        CROSS JOIN LATERAL (SELECT sum(o.allocated) - sum(o.credited) AS remains FROM revenue_obligation o
          WHERE o.contract_id = c.id) o
        CROSS JOIN LATERAL (SELECT
            (SELECT coalesce(sum(i.net + i.recovered), 0) FROM invoicing_invoice i
             WHERE i.contract_id = c.id
             AND i.kind NOT IN ('retention_release', 'advance', 'late_charge')
             AND (i.kind <> 'bonus' OR EXISTS (SELECT 1 FROM revenue_recognition r WHERE r.contract_id = c.id
               AND r.cause = 'bonus:' || i.ref))) AS net,
            (SELECT coalesce(sum(n.net + n.given_back), 0) FROM invoicing_creditnote n
             JOIN invoicing_invoice i ON i.id = n.invoice_id WHERE n.contract_id = c.id
             AND i.kind NOT IN ('retention_release', 'advance', 'late_charge')
             AND (n.purpose IN ('nullification', 'replacement') OR n.issued_at <= c.terminated_at OR EXISTS (SELECT 1
               FROM revenue_recognition r WHERE r.contract_id = c.id
               AND (r.cause = 'credit:' || n.ref OR starts_with(r.cause, 'credit:' || n.ref || ':'))))) AS credited) b
        WHERE c.state = 'terminated' AND EXISTS (SELECT 1 FROM revenue_recognition r
          WHERE r.contract_id = c.id AND r.cause = 'termination:' || c.ref)
          AND b.net - b.credited - {_INTEREST} <> o.remains
        """,
    ),
)
