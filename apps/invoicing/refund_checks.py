"""What must be true of what was paid back; part of ``manage.py verify_ledger``."""

from typing import Final

from apps.ledger.charts import Seller
from apps.ledger.checks import Check

PAID_BACK: Final = (
    "(SELECT coalesce(sum(f.amount), 0) FROM invoicing_refund f WHERE f.payment_id = p.id AND f.state = 'paid')"
)
"""SQL: what of the payment ``p`` was paid back and did not come back."""
_POSTED: Final = f"""
    SELECT o.legal_name || ': refund ' || f.bank_reference, f.amount, coalesce(l.amount, 0)
    FROM invoicing_refund f
    JOIN invoicing_payment p ON p.id = f.payment_id
    JOIN parties_organisation o ON o.id = f.seller_id
    LEFT JOIN ledger_entry e ON e.organisation_id = f.seller_id AND e.cause = 'refund:' || f.ref
    LEFT JOIN ledger_entry u ON u.reverses_id = e.id
    LEFT JOIN (ledger_line l JOIN ledger_account a ON a.id = l.account_id AND a.code = '{Seller.UNAPPLIED_RECEIPTS}')
      ON l.entry_id = e.id AND l.key = 'payment:' || p.ref
    WHERE (f.recorded_at IS NULL) <> (e.id IS NULL)
       OR (f.recorded_at IS NOT NULL AND (l.amount IS DISTINCT FROM f.amount OR e.booked_on <> f.paid_on
           OR (f.state = 'returned') <> (u.id IS NOT NULL)))
"""

CHECKS = (Check("Every refund that was paid out is in the seller's book, and undone there if it came back", _POSTED),)
