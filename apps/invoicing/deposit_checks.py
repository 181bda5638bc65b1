"""What must be true of deposits that later invoices give back; part of ``manage.py verify_ledger``."""

from apps.invoicing.models.invoice_line import LEFT
from apps.ledger.charts import Seller
from apps.ledger.checks import Check

STILL_TO_BILL = """(
    (SELECT coalesce(sum(m.amount), 0) FROM milestones_milestone m WHERE m.contract_id = c.id
      AND m.state NOT IN ('accepted', 'nullified', 'cancelled'))
    + (SELECT coalesce(sum(i.amount), 0) FROM invoicing_instalment i JOIN contracts_planline l ON l.id = i.line_id
      WHERE i.contract_id = c.id AND l.recovery = '' AND i.billed_at IS NULL AND i.cancelled_at IS NULL)
    + (SELECT coalesce(sum(l.claimed), 0) FROM invoicing_applicationline l JOIN invoicing_application a
      ON a.id = l.application_id AND a.state IN ('open', 'submitted') WHERE a.contract_id = c.id)
    + (SELECT coalesce(sum(r.amount), 0) FROM milestones_reservation r JOIN contracts_contractversion v
      ON v.id = c.active_version_id AND v.bills_by = 'application'
      WHERE r.contract_id = c.id AND r.state IN ('open', 'mended'))
)"""
"""What of the price of a contract is not billed yet."""

CHECKS = (
    Check(
        "Deposits received are, contract by contract, what no invoice has given back of the deposits",
        f"""
        SELECT 'contract ' || c.ref, d.outstanding, d.booked
        FROM contracts_contract c
        CROSS JOIN LATERAL (SELECT
            (SELECT coalesce(sum({LEFT.format(advance="v.id")}), 0) FROM invoicing_invoice v
             WHERE v.contract_id = c.id AND v.kind = 'advance') AS outstanding,
            (SELECT coalesce(-sum(l.amount), 0) FROM ledger_balance l JOIN ledger_account a ON a.id = l.account_id
             JOIN ledger_book k ON k.id = a.book_id WHERE k.purpose = 'seller' AND k.organisation_id = c.seller_id
             AND k.currency = c.currency AND a.code = '{Seller.DEPOSITS_RECEIVED}' AND l.key = 'contract:' || c.ref)
            AS booked) d
        WHERE d.outstanding <> d.booked
        """,
    ),
    Check(
        "No deposit is given back beyond itself, and what is still to be billed can give back what is left of it",
        f"""
        SELECT 'contract ' || c.ref, d.least, d.outstanding
        FROM contracts_contract c
        CROSS JOIN LATERAL (SELECT coalesce(min({LEFT.format(advance="v.id")}), 0) AS least,
            coalesce(sum({LEFT.format(advance="v.id")}), 0) AS outstanding
          FROM invoicing_invoice v WHERE v.contract_id = c.id AND v.kind = 'advance') d
        WHERE d.least < 0 OR d.outstanding > {STILL_TO_BILL}
        """,
    ),
    Check(
        "What every invoice gives back of deposits is what its lines below zero say",
        """
        SELECT 'invoice ' || i.number, coalesce(-sum(l.net), 0), i.recovered
        FROM invoicing_invoice i LEFT JOIN invoicing_invoiceline l ON l.invoice_id = i.id AND l.advance_id IS NOT NULL
        GROUP BY i.id HAVING coalesce(-sum(l.net), 0) <> i.recovered
        """,
    ),
)
