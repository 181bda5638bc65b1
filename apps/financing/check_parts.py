"""What the checks of financing are put together of: SQL about a tranche ``t``."""

from apps.ledger.charts import Financier, Seller
from apps.ledger.checks import Check


def booked(code: Financier) -> str:
    """What stands in the financier's book on one account for the tranche ``t``, positive in debit."""
    return (
        "coalesce((SELECT b.amount FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id"
        " JOIN ledger_book k ON k.id = a.book_id WHERE k.purpose = 'financier' AND k.currency = t.currency"
        f" AND k.organisation_id = t.financier_id AND a.code = '{code.value}' AND b.key = 'tranche:' || t.ref), 0)"
    )


def collected(amount: str) -> str:
    return f"(SELECT coalesce(sum({amount}), 0) FROM financing_collection c WHERE c.tranche_id = t.id)"


def adjusted(amount: str) -> str:
    return f"(SELECT coalesce(sum({amount}), 0) FROM financing_adjustment a WHERE a.tranche_id = t.id)"


REPAID = "(SELECT coalesce(sum(r.amount), 0) FROM financing_repayment r WHERE r.tranche_id = t.id)"
PAID_OUT = "(SELECT coalesce(sum(p.amount), 0) FROM financing_reservepayout p WHERE p.tranche_id = t.id)"
SETTLED = "(SELECT coalesce(sum(p.reserve), 0) FROM financing_reservepayout p WHERE p.tranche_id = t.id)"


def moved(kind: str) -> str:
    return (
        "(SELECT coalesce(sum(m.amount), 0) FROM financing_bankmovement m"
        f" WHERE m.tranche_id = t.id AND m.kind = '{kind}')"
    )


DISBURSED = "(SELECT coalesce(sum(d.amount), 0) FROM financing_disbursement d WHERE d.tranche_id = t.id)"


def per_tranche(sentence: str, *, expected: str, found: str, where: str = "TRUE") -> Check:
    return Check(
        sentence,
        f"SELECT * FROM (SELECT 'tranche ' || t.ref, {expected} AS expected, {found} AS found FROM financing_tranche t"
        f" WHERE {where}) compared WHERE expected <> found",
    )


def seller_booked(code: Seller) -> str:
    """What stands in the seller's book on one account for the milestone of ``t``, positive in debit."""
    return (
        "coalesce((SELECT b.amount FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id"
        " JOIN ledger_book k ON k.id = a.book_id JOIN milestones_milestone m ON b.key = 'milestone:' || m.ref"
        " WHERE k.purpose = 'seller' AND k.currency = t.currency AND k.organisation_id = t.seller_id"
        f" AND a.code = '{code.value}' AND m.id = t.milestone_id), 0)"
    )
