"""Each check of financing finds what contradicts it: damage done with the triggers asleep is named."""

from django.db import connections, transaction

from apps.financing.checks import CHECKS
from tests.financing import stories
from tests.financing.conftest import Funded
from tests.scenarios import Parties


def booked(code: str, change: str) -> str:
    return (
        f"UPDATE ledger_balance SET amount = amount + {change} WHERE key LIKE 'tranche:%' AND account_id IN"
        " (SELECT a.id FROM ledger_account a JOIN ledger_book b ON b.id = a.book_id WHERE b.purpose = 'financier'"
        f" AND a.code = '{code}')"
    )


MOVES = ("receivable", "advance", "recourse", "allowance", "reserve", "discount", "fee", "fee_income", "loss")


def adjusted(kind: str, columns: str, values: str) -> str:
    """An adjustment that was never posted; the columns that are not named are nothing."""
    none = [one for one in MOVES if one not in columns.split(", ")]
    return (
        f"INSERT INTO financing_adjustment (ref, tranche_id, kind, source, {columns}, {', '.join(none)}, charged_back,"
        f" written_off, booked_on, reason, decided_at) SELECT 'damage', t.id, '{kind}', 'x', {values},"
        f" {', '.join('0' for _one in none)}, 0, 0, t.funded_on, '', now() FROM financing_tranche t"
    )


def moved(kind: str, of: str) -> str:
    """A movement at the bank that was never posted."""
    return (
        "INSERT INTO financing_bankmovement (ref, financier_id, seller_id, tranche_id, kind, amount, currency,"
        f" value_on, bank_reference, part, note, recorded_by_id, recorded_at) SELECT 'damage', t.financier_id, {of},"
        f" '{kind}', 5, t.currency, t.funded_on, 'X-1', 1, '', (SELECT min(id) FROM parties_user), now()"
        " FROM financing_tranche t"
    )


OWED = adjusted("slip", "recourse, discount", "5, -5")
ALLOWED = adjusted("allowance", "loss, allowance", "5, -5")

DAMAGE = {
    "The advance outstanding is what was advanced or the buyer owes, less the reserve": booked("1100", "1"),
    "The advance outstanding is what was funded less what was repaid, charged back and written off": (
        "UPDATE financing_collection SET to_advance = to_advance + 1, to_seller = to_seller - 1"
    ),
    "What a facility counts as advanced is the sum of its outstanding advances": (
        "UPDATE financing_facility SET advanced = advanced + 1"
    ),
    "What a facility counts as advanced before acceptance is the sum of its advances that are": (
        "UPDATE financing_facility SET advanced = advanced + 1, advanced_pre = advanced_pre + 1"
    ),
    "What is counted against a buyer or a seller is the sum of the advances on it, out and promised": (
        "UPDATE financing_exposurelimit SET reserved = reserved + 1 WHERE side = 'buyer'"
    ),
    "Every advance is counted against its buyer and its seller": "DELETE FROM financing_exposurelimit",
    "The purchased receivable is what is open on the invoice": (
        "UPDATE invoicing_openitem SET open = open - 1, paid = paid + 1"
    ),
    "A milestone advance is what is out before acceptance, and nothing after it": (
        "UPDATE financing_tranche SET state = 'funded_pre', outstanding = 5"
    ),
    "The seller owes what is out before acceptance, and nothing after it": (
        "UPDATE financing_tranche SET state = 'funded_pre', outstanding = 5"
    ),
    "What is invoiced is bought at its total, not advanced on any more": (
        "UPDATE financing_tranche SET bought_at = bought_at + 1"
    ),
    "Milestones are held for the requests and the advances that stand, and only for them": (
        "UPDATE financing_requestitem SET released_at = now()"
    ),
    "Every offer is the sum of its lines, one for each milestone that was asked for": (
        "UPDATE financing_offerline SET net = net + 1, fee = fee - 1"
    ),
    "The reserve is what was kept back less what was released, charged, or bore a credit note": booked("2000", "1"),
    "What is payable to the seller is what was released and given back less what was paid out": booked("2010", "-1"),
    "What is due to the buyer is what was paid beyond the invoice and not paid back": (
        "UPDATE financing_collection SET to_buyer = to_buyer + 1, amount = amount + 1"
    ),
    "Cash went out as disbursements and payouts say, and came in as the seller paid back or passed on": (
        "UPDATE financing_disbursement SET amount = amount - 1"
    ),
    "Collections came in as the payments say": booked("1010", "1"),
    "The discount is earned, not earned yet, or given back": booked("2100", "1"),
    "The fee is earned or not earned yet": booked("4010", "-1"),
    "Late income is the late charges that were taken": (
        "UPDATE financing_collection SET late_charge = 1, to_seller = to_seller - 1"
    ),
    "What the seller owes back is what was charged back to it less what it paid back": OWED,
    "What a seller owes back stands in its own book as in its financiers'": OWED,
    "What the seller expects of its reserve is what the financier keeps of it, and charges not settled yet": (
        booked("2000", "1")
    ),
    "What is allowed for a loss is what was set, and nothing of what was written off": ALLOWED,
    "The loss is what was allowed for less what was recovered and never earned": ALLOWED,
    "A settled or unfunded advance leaves nothing on its own accounts": (
        "UPDATE financing_tranche SET state = 'settled', settled_on = funded_on, outstanding = 0"
    ),
    "Every amount on an account that is kept per advance belongs to an advance of that financier": (
        "UPDATE ledger_balance SET key = 'tranche:nobody' WHERE key LIKE 'tranche:%'"
    ),
    "Every advance that was paid out was acknowledged or waived, and paid out as its signed offer says": (
        "UPDATE financing_assignment SET acknowledged_at = NULL, acknowledged_by_id = NULL"
    ),
    "What the seller has to pass on is what the buyer paid it by mistake less what was passed on": (
        moved("passed_on", "t.seller_id, t.id")
    ),
    "What is unidentified is what arrived so and was neither identified nor sent back": (
        moved("unidentified", "NULL, NULL")
    ),
    "What a payment did that was reversed is reversed with it": (
        "INSERT INTO invoicing_paymentreversal (ref, payment_id, recipient_id, payer_id, reason, reversed_by_id,"
        " reversed_by_name, reversed_on, reversed_at) SELECT 'd' || p.id, p.id, p.recipient_id, p.payer_id, 'X',"
        " (SELECT min(id) FROM parties_user), 'X', p.received_on, now() FROM invoicing_payment p"
    ),
    "An advance on the rest of a milestone is what was carried over from the first, with its share of the price": (
        "UPDATE financing_tranche SET carried_from_id = id"
    ),
    "Every advance that was paid out was on a buyer who was verified then": (
        "UPDATE financing_buyerverification SET revoked_at = '2026-03-01 10:00+00',"
        " revoked_by_id = verified_by_id, revoke_reason = 'Seeded damage'"
    ),
    "Disclosures, notices and verified identities are the texts whose hashes they carry": (
        "UPDATE financing_buyerverification SET identity = '{}'"
    ),
}


def contradicted() -> set[str]:
    with connections["owner"].cursor() as cursor:
        found = set()
        for check in CHECKS:
            cursor.execute(check.sql)
            if cursor.fetchall():
                found.add(check.sentence)
    return found


def test_every_check_finds_the_damage_that_it_is_for(deal: Parties, own_copy: Funded) -> None:
    tranche = stories.tranche_of(own_copy)
    stories.collected(deal, tranche, 110_000, on=stories.day(30), reference="IN-1")
    stories.collected(deal, tranche, 1_000, on=stories.day(31), reference="IN-2")
    assert contradicted() == set()
    for sentence, damage in DAMAGE.items():
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute(f"SET LOCAL session_replication_role = replica; {damage}")
            assert sentence in contradicted()
            transaction.set_rollback(True, using="owner")
    assert {check.sentence for check in CHECKS} == set(DAMAGE)
