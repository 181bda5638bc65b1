"""What must be true of every advance: the tranche's columns, the records and the financier's book tell one story.

Run by ``manage.py verify_ledger``. Each SQL gives subject, expected and found of what contradicts its sentence.
"""

from apps.financing.check_parts import (
    DISBURSED,
    PAID_OUT,
    REPAID,
    SETTLED,
    adjusted,
    booked,
    collected,
    moved,
    per_tranche,
    seller_booked,
)
from apps.ledger.charts import Financier, Seller
from apps.ledger.checks import Check

BOUGHT = "t.state IN ('funded_post', 'part_collected', 'settled', 'defaulted')"
BOLD = (
    Financier.PURCHASED_RECEIVABLES,
    Financier.MILESTONE_ADVANCES,
    Financier.RESERVE_DUE_TO_SELLER,
    Financier.UNEARNED_DISCOUNT,
    Financier.UNEARNED_FEE,
    Financier.DUE_FROM_SELLER_RECOURSE,
)
PER_TRANCHE = ", ".join(f"'{code.value}'" for code in BOLD)

CHECKS = (
    per_tranche(
        "The advance outstanding is what was advanced or the buyer owes, less the reserve",
        expected=(
            f"greatest(0, {booked(Financier.PURCHASED_RECEIVABLES)} + {booked(Financier.MILESTONE_ADVANCES)}"
            f" + {booked(Financier.RESERVE_DUE_TO_SELLER)})"
        ),
        found="t.outstanding",
    ),
    per_tranche(
        "The advance outstanding is what was funded less what was repaid, charged back and written off",
        expected=f"t.gross - {collected('c.to_advance')} - {adjusted('a.charged_back + a.written_off')}",
        found="t.outstanding",
        where="t.funded_on IS NOT NULL AND t.state <> 'returned'",
    ),
    Check(
        "What a facility counts as advanced is the sum of its outstanding advances",
        "SELECT * FROM (SELECT 'facility ' || f.ref, (SELECT coalesce(sum(t.outstanding), 0) FROM financing_tranche t"
        " WHERE t.facility_id = f.id) AS expected, f.advanced AS found FROM financing_facility f) compared"
        " WHERE expected <> found",
    ),
    Check(
        "What a facility counts as advanced before acceptance is the sum of its advances that are",
        "SELECT * FROM (SELECT 'facility ' || f.ref, (SELECT coalesce(sum(t.outstanding), 0) FROM financing_tranche t"
        " WHERE t.facility_id = f.id AND t.state = 'funded_pre') AS expected, f.advanced_pre AS found"
        " FROM financing_facility f) compared WHERE expected <> found",
    ),
    Check(
        "What is counted against a buyer or a seller is the sum of the advances on it, out and promised",
        "SELECT * FROM (SELECT e.side || ' ' || e.ref || ' ' || w.what, CASE w.what WHEN 'out' THEN s.used"
        " ELSE s.reserved END AS expected, CASE w.what WHEN 'out' THEN e.used ELSE e.reserved END AS found"
        " FROM financing_exposurelimit e CROSS JOIN (VALUES ('out'), ('promised')) w (what)"
        " CROSS JOIN LATERAL (SELECT coalesce(sum(t.outstanding), 0) AS used,"
        " coalesce(sum(t.gross) FILTER (WHERE t.state = 'accepted'), 0) AS reserved FROM financing_tranche t"
        " WHERE t.financier_id = e.financier_id AND t.currency = e.currency"
        " AND e.organisation_id = CASE e.side WHEN 'buyer' THEN t.buyer_id ELSE t.seller_id END) s) compared"
        " WHERE expected <> found",
    ),
    Check(
        "Every advance is counted against its buyer and its seller",
        "SELECT 'tranche ' || t.ref, 2, count(e.id) FROM financing_tranche t LEFT JOIN financing_exposurelimit e"
        " ON e.financier_id = t.financier_id AND e.currency = t.currency"
        " AND (e.side, e.organisation_id) IN (('buyer', t.buyer_id), ('seller', t.seller_id))"
        " GROUP BY t.id HAVING count(e.id) <> 2",
    ),
    per_tranche(
        "The purchased receivable is what is open on the invoice",
        expected=(
            "(SELECT o.open FROM invoicing_openitem o JOIN invoicing_invoice i ON i.id = o.invoice_id"
            " WHERE i.milestone_id = t.milestone_id)"
        ),
        found=booked(Financier.PURCHASED_RECEIVABLES),
        where=BOUGHT,
    ),
    per_tranche(
        "A milestone advance is what is out before acceptance, and nothing after it",
        expected="CASE t.state WHEN 'funded_pre' THEN t.outstanding ELSE 0 END",
        found=booked(Financier.MILESTONE_ADVANCES),
    ),
    per_tranche(
        "The seller owes what is out before acceptance, and nothing after it",
        expected="CASE t.state WHEN 'funded_pre' THEN t.outstanding ELSE 0 END",
        found=f"-{seller_booked(Seller.ADVANCES_RECEIVED)}",
        where="t.state NOT IN ('cancelled', 'repurchased', 'returned')",
    ),
    Check(
        "What is invoiced is bought at its total, not advanced on any more",
        "SELECT 'tranche ' || t.ref, i.gross, coalesce(t.bought_at, t.face) FROM financing_tranche t"
        " LEFT JOIN invoicing_invoice i ON i.milestone_id = t.milestone_id"
        " WHERE (t.state = 'funded_pre' AND i.id IS NOT NULL)"
        f" OR ({BOUGHT} AND i.gross IS DISTINCT FROM coalesce(t.bought_at, t.face))",
    ),
    Check(
        "Milestones are held for the requests and the advances that stand, and only for them",
        "SELECT 'request ' || r.ref || ' milestone ' || i.milestone_id, 1, 0 FROM financing_requestitem i"
        " JOIN financing_fundingrequest r ON r.id = i.request_id LEFT JOIN LATERAL (SELECT t.state"
        " FROM financing_tranche t JOIN financing_offer o ON o.id = t.offer_id WHERE o.request_id = r.id"
        " AND t.milestone_id = i.milestone_id) t ON true WHERE (i.released_at IS NULL)"
        " <> (r.state IN ('submitted', 'offered', 'accepted') AND coalesce(t.state, '')"
        " NOT IN ('cancelled', 'repurchased', 'returned'))",
    ),
    Check(
        "Every offer is the sum of its lines, one for each milestone that was asked for",
        "SELECT 'offer ' || o.ref, o.net, coalesce(sum(l.net), 0) FROM financing_offer o"
        " LEFT JOIN financing_offerline l ON l.offer_id = o.id GROUP BY o.id"
        " HAVING ROW(sum(l.face), sum(l.gross), sum(l.discount), sum(l.fee), sum(l.net), sum(l.reserve))"
        " IS DISTINCT FROM ROW(o.face, o.gross, o.discount, o.fee, o.net, o.reserve) OR count(l.id) <> (SELECT count(*)"
        " FROM financing_requestitem i WHERE i.request_id = o.request_id)",
    ),
    per_tranche(
        "The reserve is what was kept back less what was released, charged, or bore a credit note",
        expected=(
            f"coalesce(t.bought_at, t.face) - t.gross - {adjusted('a.advance + a.reserve')}"
            f" - {collected('c.to_seller + c.late_charge')}"
        ),
        found=f"-{booked(Financier.RESERVE_DUE_TO_SELLER)}",
        where=BOUGHT,
    ),
    per_tranche(
        "What is payable to the seller is what was released and given back less what was paid out",
        expected=f"{collected('c.to_seller + c.rebate')} - {PAID_OUT}",
        found=f"-{booked(Financier.PAYABLE_TO_SELLER)}",
    ),
    per_tranche(
        "What is due to the buyer is what was paid beyond the invoice and not paid back",
        expected=f"{collected('c.to_buyer')} - {moved('surplus')}",
        found=f"-{booked(Financier.DUE_TO_BUYER)}",
    ),
    per_tranche(
        "Cash went out as disbursements and payouts say, and came in as the seller paid back or passed on",
        expected=(
            f"{DISBURSED} + {PAID_OUT} + {moved('surplus')} - {moved('returned')} - {moved('passed_on')} - {REPAID}"
        ),
        found=f"-{booked(Financier.CASH)}",
    ),
    per_tranche(
        "Collections came in as the payments say",
        expected=collected("CASE WHEN c.is_misdirected THEN 0 ELSE c.amount END"),
        found=booked(Financier.COLLECTIONS),
    ),
    per_tranche(
        "What the seller has to pass on is what the buyer paid it by mistake less what was passed on",
        expected=f"{collected('CASE WHEN c.is_misdirected THEN c.amount ELSE 0 END')} - {moved('passed_on')}",
        found=booked(Financier.DUE_FROM_SELLER_MISDIRECTED),
    ),
    Check(
        "What is unidentified is what arrived so and was neither identified nor sent back",
        "SELECT * FROM (SELECT 'receipt ' || m.ref, CASE WHEN EXISTS (SELECT 1 FROM financing_bankmovement c"
        " WHERE c.closes_id = m.id) THEN 0 ELSE m.amount END AS expected, coalesce((SELECT -b.amount"
        " FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id JOIN ledger_book k ON k.id = a.book_id"
        " WHERE k.purpose = 'financier' AND k.organisation_id = m.financier_id AND k.currency = m.currency"
        f" AND a.code = '{Financier.UNIDENTIFIED_RECEIPTS.value}' AND b.key = 'receipt:' || m.ref), 0) AS found"
        " FROM financing_bankmovement m WHERE m.kind = 'unidentified') compared WHERE expected <> found",
    ),
    Check(
        "What a payment did that was reversed is reversed with it",
        "SELECT 'collection ' || c.ref, 1, 0 FROM financing_collection c WHERE c.reverses_id IS NULL AND EXISTS"
        " (SELECT 1 FROM invoicing_paymentreversal r WHERE r.payment_id = c.payment_id) AND NOT EXISTS"
        " (SELECT 1 FROM financing_collection b WHERE b.reverses_id = c.id)",
    ),
    per_tranche(
        "The discount is earned, not earned yet, or given back",
        expected="t.discount",
        found=(
            f"{collected('c.rebate')} + {adjusted('a.discount')} - {booked(Financier.DISCOUNT_INCOME)}"
            f" - {booked(Financier.UNEARNED_DISCOUNT)}"
        ),
        where="t.funded_on IS NOT NULL AND t.state <> 'returned'",
    ),
    per_tranche(
        "The fee is earned or not earned yet",
        expected="t.fee",
        found=(
            f"{adjusted('a.fee + a.fee_income')} - {booked(Financier.FEE_INCOME)} - {booked(Financier.UNEARNED_FEE)}"
        ),
        where="t.funded_on IS NOT NULL AND t.state <> 'returned'",
    ),
    per_tranche(
        "Late income is the late charges that were taken",
        expected=collected("c.late_charge"),
        found=f"-{booked(Financier.LATE_INCOME)}",
    ),
    per_tranche(
        "What the seller owes back is what was charged back to it less what it paid back",
        expected=f"{adjusted('a.recourse')} - {REPAID}",
        found=booked(Financier.DUE_FROM_SELLER_RECOURSE),
    ),
    Check(
        "What a seller owes back stands in its own book as in its financiers'",
        "SELECT * FROM (SELECT 'milestone ' || m.ref, sum(owed.amount) AS expected, coalesce((SELECT -b.amount"
        " FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id JOIN ledger_book k ON k.id = a.book_id"
        " WHERE k.purpose = 'seller' AND k.organisation_id = owed.seller_id AND k.currency = owed.currency"
        f" AND a.code = '{Seller.OWED_BACK_TO_FINANCIER.value}' AND b.key = 'milestone:' || m.ref), 0) AS found"
        " FROM milestones_milestone m JOIN (SELECT t.milestone_id, t.seller_id, t.currency,"
        f" {adjusted('a.recourse')} - {REPAID}"
        f" + {collected('CASE WHEN c.is_misdirected THEN c.amount ELSE 0 END')} - {moved('passed_on')} AS amount"
        " FROM financing_tranche t) owed ON owed.milestone_id = m.id"
        " GROUP BY m.id, owed.seller_id, owed.currency) compared WHERE expected <> found",
    ),
    Check(
        "What the seller expects of its reserve is what the financier keeps of it, and charges not settled yet",
        "SELECT * FROM (SELECT 'invoice ' || i.ref, sum(due.amount) AS expected, coalesce((SELECT b.amount"
        " FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id JOIN ledger_book k ON k.id = a.book_id"
        " WHERE k.purpose = 'seller' AND k.organisation_id = i.seller_id AND k.currency = i.currency"
        f" AND a.code = '{Seller.DUE_FROM_FINANCIER.value}' AND b.key = 'invoice:' || i.ref), 0) AS found"
        " FROM invoicing_invoice i JOIN (SELECT t.milestone_id, CASE WHEN t.state = 'written_off' OR (t.state IN"
        f" ('settled', 'recourse_due', 'repurchased') AND {booked(Financier.PAYABLE_TO_SELLER)} = 0) THEN 0"
        f" ELSE {collected('c.to_seller + c.late_charge')} - {SETTLED}"
        f" - {booked(Financier.RESERVE_DUE_TO_SELLER)} END AS amount FROM financing_tranche t) due"
        " ON due.milestone_id = i.milestone_id GROUP BY i.id) compared WHERE expected <> found",
    ),
    per_tranche(
        "What is allowed for a loss is what was set, and nothing of what was written off",
        expected=adjusted("a.allowance"),
        found=booked(Financier.ALLOWANCE),
    ),
    per_tranche(
        "The loss is what was allowed for less what was recovered and never earned",
        expected=f"{adjusted('a.loss')} - {collected('c.recovered')}",
        found=booked(Financier.CREDIT_LOSS),
    ),
    per_tranche(
        "A settled or unfunded advance leaves nothing on its own accounts",
        expected="0",
        found=" + ".join(f"abs({booked(code)})" for code in BOLD if code != Financier.DUE_FROM_SELLER_RECOURSE),
        where=(
            "t.state IN ('accepted', 'settled', 'cancelled', 'recourse_due', 'repurchased', 'returned', 'written_off')"
        ),
    ),
    Check(
        "Every amount on an account that is kept per advance belongs to an advance of that financier",
        "SELECT 'account ' || a.code || ' key ' || b.key, 0::numeric, b.amount FROM ledger_balance b"
        " JOIN ledger_account a ON a.id = b.account_id JOIN ledger_book k ON k.id = a.book_id"
        f" WHERE k.purpose = 'financier' AND a.code IN ({PER_TRANCHE})"
        " AND b.amount <> 0 AND NOT EXISTS (SELECT 1 FROM financing_tranche t"
        " WHERE b.key = 'tranche:' || t.ref AND t.financier_id = b.organisation_id AND t.currency = k.currency)",
    ),
    Check(
        "Every advance that was paid out was acknowledged or waived, and paid out as its signed offer says",
        "SELECT 'tranche ' || t.ref, l.net, coalesce(d.amount, 0) FROM financing_tranche t"
        " JOIN financing_offer o ON o.id = t.offer_id JOIN financing_offerline l ON l.id = t.line_id"
        " LEFT JOIN financing_disbursement d ON d.tranche_id = t.id"
        " LEFT JOIN financing_assignment s ON s.tranche_id = t.id WHERE t.funded_on IS NOT NULL"
        " AND (d.amount IS DISTINCT FROM CASE WHEN t.carried_from_id IS NULL THEN l.net END OR o.state <> 'accepted'"
        " OR d.sent_by_id = o.created_by_id"
        " OR o.approved_by_id = o.created_by_id OR (s.acknowledged_at IS NULL AND s.waived_at IS NULL))",
    ),
    Check(
        "An advance on the rest of a milestone is what was carried over from the first, with its share of the price",
        "SELECT 'tranche ' || t.ref, t.gross, coalesce(-a.advance, 0) FROM financing_tranche t"
        " LEFT JOIN financing_adjustment a ON a.tranche_id = t.carried_from_id AND a.kind = 'carried'"
        " WHERE t.carried_from_id IS NOT NULL AND (t.gross, t.discount, t.fee)"
        " IS DISTINCT FROM (-a.advance, a.discount, a.fee) UNION ALL"
        " SELECT 'tranche ' || t.ref, -a.advance, 0 FROM financing_adjustment a JOIN financing_tranche t"
        " ON t.id = a.tranche_id WHERE a.kind = 'carried' AND NOT EXISTS (SELECT 1 FROM financing_tranche n"
        " WHERE n.carried_from_id = t.id)",
    ),
    Check(
        "Every advance that was paid out was on a buyer who was verified then",
        "SELECT 'tranche ' || t.ref, 1, 0 FROM financing_tranche t JOIN financing_disbursement d ON d.tranche_id = t.id"
        " WHERE NOT EXISTS (SELECT 1 FROM financing_buyerverification v WHERE v.financier_id = t.financier_id"
        " AND v.buyer_id = t.buyer_id AND v.verified_at <= d.sent_at"
        " AND (v.revoked_at IS NULL OR v.revoked_at >= d.sent_at))",
    ),
    Check(
        "Disclosures, notices and verified identities are the texts whose hashes they carry",
        "SELECT 'offer ' || o.ref, 0, 1 FROM financing_offer o"
        " WHERE o.disclosure_sha256 <> encode(sha256(convert_to(o.disclosure, 'UTF8')), 'hex')"
        " UNION ALL SELECT 'assignment ' || s.ref, 0, 1 FROM financing_assignment s"
        " WHERE s.notice_sha256 <> encode(sha256(convert_to(s.notice, 'UTF8')), 'hex')"
        " UNION ALL SELECT 'verification ' || v.ref, 0, 1 FROM financing_buyerverification v"
        " WHERE v.identity_sha256 <> encode(sha256(convert_to(v.identity, 'UTF8')), 'hex')",
    ),
)
