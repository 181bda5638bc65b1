"""What Postgres refuses when somebody goes round the services, as the owner of the tables and with plain SQL."""

from decimal import Decimal

from django.db import Error, connections, transaction

from tests.financing import stories
from tests.financing.conftest import Funded


def copied(table: str, **changes: str) -> str:
    """SQL that inserts a copy of the table's first row with some columns replaced by SQL expressions."""
    values = {"id": "9999", "ref": "'another'"} | changes
    built = ", ".join(f"'{column}', {value}" for column, value in values.items())
    changed = f"to_jsonb(r) || jsonb_build_object({built})"
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, {changed})).*"
        f" FROM (SELECT * FROM {table} ORDER BY id LIMIT 1) r;"
    )


def copied_line(**changes: str) -> str:
    """SQL that inserts a copy of the first offer's line for another version of the offer."""
    offer = "(SELECT id FROM financing_offer ORDER BY id LIMIT 1)"
    values = {"id": "9999", "offer_id": offer} | changes
    built = ", ".join(f"'{column}', {value}" for column, value in values.items())
    return (
        "DROP INDEX milestone_once_per_offer;"
        "INSERT INTO financing_offerline SELECT (jsonb_populate_record(NULL::financing_offerline,"
        f" to_jsonb(r) || jsonb_build_object({built}))).*"
        " FROM (SELECT * FROM financing_offerline ORDER BY id LIMIT 1) r;"
    )


def answer(statement: str) -> str:
    """What Postgres says to a statement; nothing of it stays."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        try:
            cursor.execute(f"{statement}; SET CONSTRAINTS ALL IMMEDIATE")
        except Error as refusal:
            return str(refusal)
        finally:
            transaction.set_rollback(True, using="owner")
    return "done"


def not_refused(attempts: dict[str, tuple[str, str]]) -> dict[str, str]:
    """The attempts that Postgres let through, or refused for another reason than the one that is meant."""
    answers = {what: (because, answer(statement)) for what, (statement, because) in attempts.items()}
    return {what: said for what, (because, said) in answers.items() if because not in said}


DRAFT = {
    "version": "2",
    "state": "'draft'",
    "approved_by_id": "NULL",
    "approved_at": "NULL",
    "answered_by_id": "NULL",
    "answered_at": "NULL",
}
UNFUNDED = {"state": "'accepted'", "outstanding": "0", "funded_on": "NULL"}

AGAINST_A_FUNDED_ADVANCE = {
    "a line over its advance rate": (
        copied_line(gross="102000.01", reserve="17999.99", net="99790.01"),
        "advance_within_eligible_and_rate",
    ),
    "a line that does not add up": (copied_line(net="99791"), "net_is_gross_less_discount_and_fee"),
    "a line for a milestone that nobody asked for": (
        copied_line(milestone_id="(SELECT id FROM milestones_milestone WHERE position = 2)"),
        "line of what was asked for",
    ),
    "a line before acceptance of an accepted milestone": (
        copied_line(stage="'pre'"),
        "line stands on the right side of acceptance",
    ),
    "a line of a signed offer changed": ("UPDATE financing_offerline SET fee_rate = 0", "append-only"),
    "an offer that does not add up": (
        copied("financing_offer", **DRAFT, net="99791"),
        "offer_net_is_gross_less_discount_and_fee",
    ),
    "an offer that is not the sum of its lines": (
        "DROP INDEX one_live_offer_per_request;" + copied("financing_offer", **DRAFT),
        "is not the sum of its lines",
    ),
    "an offer approved by who priced it": (
        copied("financing_offer", **(DRAFT | {"approved_by_id": "r.created_by_id", "approved_at": "now()"})),
        "offer_approved_by_a_second",
    ),
    "an offer that starts as accepted": (copied("financing_offer", version="2"), "offer starts as a draft"),
    "an offer with the hash of another disclosure": (
        copied("financing_offer", **DRAFT, disclosure="'You pay nothing.'"),
        "offer carries the hash of its disclosure",
    ),
    "another price under a signed offer": ("UPDATE financing_offer SET net = net + 1, fee = fee - 1", "frozen"),
    "a second live offer for a request": (copied("financing_offer", **DRAFT), "one_live_offer_per_request"),
    "an accepted offer opened again": ("UPDATE financing_offer SET state = 'issued'", "illegal step"),
    "a milestone asked for while it is pledged": (
        copied("financing_fundingrequest", state="'submitted'", closed_at="NULL")
        + "INSERT INTO financing_requestitem (request_id, milestone_id, face) SELECT 9999, milestone_id, face"
        " FROM financing_requestitem",
        "milestone_asked_for_once",
    ),
    "a request for nothing": (
        copied("financing_fundingrequest", state="'submitted'", closed_at="NULL"),
        "is not the sum of its milestones",
    ),
    "a pledged milestone let go": (
        "UPDATE financing_requestitem SET released_at = now()",
        "released with its request or its advance",
    ),
    "a request for another seller's contract": (
        copied("financing_fundingrequest", state="'submitted'", closed_at="NULL", seller_id="r.financier_id"),
        "request of the facility and a signed contract",
    ),
    "a milestone of another contract in a request": (
        "INSERT INTO financing_requestitem (request_id, milestone_id, face) SELECT r.id, 9999, r.face"
        " FROM financing_fundingrequest r",
        "asked milestone of the contract",
    ),
    "a tranche that differs from its line": (
        copied("financing_tranche", **UNFUNDED, gross="r.gross + 1"),
        "tranche starts as the accepted line",
    ),
    "a tranche that starts as funded": (copied("financing_tranche"), "tranche starts as the accepted line"),
    "a receivable pledged twice, though the line slipped through": (
        "DROP INDEX one_advance_for_each_line;" + copied("financing_tranche", **UNFUNDED),
        "no_receivable_pledged_twice",
    ),
    "a receivable assigned twice": (
        "ALTER TABLE financing_assignment DROP CONSTRAINT financing_assignment_tranche_id_key;"
        + copied("financing_assignment"),
        "no_receivable_assigned_twice",
    ),
    "a purchase turned back into an advance": ("UPDATE financing_tranche SET state = 'funded_pre'", "only until then"),
    "more out on a buyer than its limit": (
        'UPDATE financing_exposurelimit SET "limit" = 102000, set_at = now(), set_by_id = (SELECT min(id)'
        " FROM parties_user); UPDATE financing_exposurelimit SET used = used + 1",
        "exposure within its limit",
    ),
    "more promised on a buyer than its limit": (
        'UPDATE financing_exposurelimit SET "limit" = 102000, set_at = now(), set_by_id = (SELECT min(id)'
        " FROM parties_user); UPDATE financing_exposurelimit SET reserved = reserved + 1",
        "exposure within its limit",
    ),
    "less than nothing out on a buyer": ("UPDATE financing_exposurelimit SET used = -1", "exposure_not_negative"),
    "a limit set by nobody": ('UPDATE financing_exposurelimit SET "limit" = 500000', "exposure_limit_set_by_somebody"),
    "a limit moved to somebody else": (
        "UPDATE financing_exposurelimit SET organisation_id = financier_id",
        "frozen",
    ),
    "a verification of other data than were checked": (
        copied("financing_buyerverification", revoked_at="now()", identity="'{}'"),
        "identity carries its hash",
    ),
    "a second verification beside one that stands": (
        copied("financing_buyerverification"),
        "one_live_verification_per_buyer",
    ),
    "a verification revoked without a reason": (
        "UPDATE financing_buyerverification SET revoked_at = now(), revoked_by_id = verified_by_id",
        "verification_revoked_by_somebody_with_a_reason",
    ),
    "a verification rewritten": ("UPDATE financing_buyerverification SET checked = 'Nothing.'", "frozen"),
    "a tranche that jumps back": (
        "UPDATE financing_tranche SET state = 'accepted', funded_on = NULL, outstanding = 0",
        "illegal step",
    ),
    "a settled tranche with an advance outstanding": (
        "UPDATE financing_tranche SET state = 'settled', settled_on = funded_on",
        "settled_with_nothing_outstanding",
    ),
    "more outstanding than was advanced": (
        "UPDATE financing_tranche SET outstanding = gross + 1",
        "outstanding_within_the_advance",
    ),
    "another face under a funded tranche": ("UPDATE financing_tranche SET face = face + 1", "frozen"),
    "money sent by who priced": (
        copied("financing_disbursement", sent_by_id="r.priced_by_id", bank_reference="'x'"),
        "money_sent_by_a_second",
    ),
    "money sent by who priced, with another name for that": (
        copied(
            "financing_disbursement", sent_by_id="r.priced_by_id", priced_by_id="r.sent_by_id", bank_reference="'x'"
        ),
        "disbursement of the priced net",
    ),
    "more disbursed than was priced": (
        copied("financing_disbursement", amount="r.amount + 1", bank_reference="'x'"),
        "disbursement of the priced net",
    ),
    "a second disbursement": (copied("financing_disbursement", bank_reference="'x'"), "tranche_id"),
    "a disbursement changed": ("UPDATE financing_disbursement SET bank_reference = 'y'", "append-only"),
    "more advanced than the limit": (
        'UPDATE financing_facility SET advanced = "limit" + 1',
        "advanced within the limit",
    ),
    "more advanced before acceptance than its part of the limit": (
        "UPDATE financing_facility SET advanced_pre = 150001, advanced = 150001",
        "advanced before acceptance within its limit",
    ),
    "a facility that starts in the middle": (
        copied("financing_facility", closed_at="now()"),
        "facility starts with nothing advanced",
    ),
    "a reserve below nothing": (
        "UPDATE ledger_balance SET amount = 1 WHERE account_id IN (SELECT id FROM ledger_account"
        " WHERE code = '2000' AND name LIKE 'Reserve%')",
        "sign",
    ),
    "an acknowledgement taken back": (
        "UPDATE financing_assignment SET acknowledged_at = NULL, acknowledged_by_id = NULL",
        "frozen",
    ),
    "a notice waived by who priced": (
        "UPDATE financing_assignment SET waived_at = now(), waived_by_id = priced_by_id, waive_reason = 'why not'",
        "waived_by_a_second_with_a_reason",
    ),
    "an assignment without its tranche's financier": (
        copied("financing_assignment", financier_id="(SELECT seller_id FROM financing_tranche)"),
        "assignment of the priced tranche",
    ),
    "a request opened again": (
        "UPDATE financing_fundingrequest SET closed_at = NULL, state = 'offered'",
        "frozen",
    ),
    "another end of a closed request": ("UPDATE financing_fundingrequest SET closed_at = now()", "frozen"),
    "a tranche deleted": ("DELETE FROM financing_tranche", "frozen"),
    "a facility deleted": ("DELETE FROM financing_facility", "frozen"),
    "a request deleted": ("DELETE FROM financing_fundingrequest", "frozen"),
    "an offer deleted": ("DELETE FROM financing_offer", "frozen"),
    "an assignment deleted": ("DELETE FROM financing_assignment", "frozen"),
}

DISBURSED = (
    "INSERT INTO financing_disbursement (ref, tranche_id, financier_id, amount, currency, value_on, bank_reference,"
    " priced_by_id, sent_by_id, sent_at) SELECT 'r', t.id, t.financier_id, o.net, t.currency, o.funding_on, 'x',"
    " o.created_by_id, o.approved_by_id, now() FROM financing_tranche t JOIN financing_offer o ON o.id = t.offer_id"
)
AGAINST_AN_ADVANCE_THAT_WAITS = {
    "funding without notice": (
        DISBURSED,
        "notice before funding",
    ),
    "funding on a buyer who is not verified": (
        "UPDATE financing_assignment SET waived_at = now(), waive_reason = 'known', waived_by_id ="
        " (SELECT approved_by_id FROM financing_offer WHERE approved_by_id IS NOT NULL LIMIT 1);"
        "UPDATE financing_buyerverification SET revoked_at = now(), revoked_by_id = verified_by_id,"
        " revoke_reason = 'x';" + DISBURSED,
        "paid out only on a verified buyer",
    ),
    "an advance before acceptance on what is accepted": (
        "UPDATE financing_tranche SET state = 'funded_pre', funded_on = accepted_at::date, outstanding = gross",
        "advanced before acceptance only until then",
    ),
    "a funded state without money": (
        "UPDATE financing_tranche SET state = 'funded_post', funded_on = accepted_at::date, outstanding = gross",
        "funded with a disbursement",
    ),
    "settled before it is funded": (
        "UPDATE financing_tranche SET state = 'settled', funded_on = accepted_at::date, settled_on = accepted_at::date",
        "illegal step",
    ),
    "acknowledged by nobody": ("UPDATE financing_assignment SET acknowledged_at = now()", "acknowledged_by_somebody"),
}

AGAINST_A_COLLECTED_ADVANCE = {
    "a payment shared out to more than it was": (
        copied("financing_collection", payment_id="r.payment_id", to_buyer="1"),
        "collection_is_shared_out",
    ),
    "a share below nothing": (
        copied("financing_collection", to_advance="r.to_advance + r.to_seller + 1", to_seller="-1"),
        "no_share_is_negative",
    ),
    "the same payment collected twice": (copied("financing_collection"), "payment_collected_once_per_tranche"),
    "a collection before the funding": (
        copied("financing_collection", collected_on="'2026-03-01'"),
        "collection of a payment to the financier",
    ),
    "more paid out than was released": (
        "INSERT INTO financing_reservepayout (ref, tranche_id, financier_id, amount, reserve, value_on, bank_reference,"
        " sent_by_id, sent_at) SELECT 'r', t.id, t.financier_id, 18000.01, 18000, d.value_on, 'x', d.sent_by_id, now()"
        " FROM financing_tranche t JOIN financing_disbursement d ON d.tranche_id = t.id",
        "paid out at most what was released",
    ),
}


def test_postgres_refuses_against_a_funded_advance(own_copy: Funded) -> None:
    assert not_refused(AGAINST_A_FUNDED_ADVANCE) == {}


def test_postgres_refuses_against_an_advance_that_waits_for_its_notice(scratch: str) -> None:
    stories.accepted_advance(stories.parties())
    assert not_refused(AGAINST_AN_ADVANCE_THAT_WAITS) == {}


def test_postgres_refuses_against_a_collected_advance(own_copy: Funded) -> None:
    stories.collected(own_copy.parties, stories.tranche_of(own_copy), 120_000, on=stories.day(50))
    assert not_refused(AGAINST_A_COLLECTED_ADVANCE) == {}


AGAINST_AN_ADVANCE_BEFORE_ACCEPTANCE = {
    "bought without its invoice": (
        "UPDATE financing_tranche SET state = 'funded_post'",
        "is bought without its invoice",
    ),
    "settled before acceptance": (
        "UPDATE financing_tranche SET state = 'settled', settled_on = funded_on, outstanding = 0",
        "illegal step",
    ),
    "more out before acceptance than its part of the limit": (
        "UPDATE financing_facility SET advanced_pre = advanced_pre + 1, pre_limit_rate = 12",
        "advanced before acceptance within its limit",
    ),
    "more before acceptance than in all": (
        "UPDATE financing_facility SET advanced_pre = advanced + 1",
        "facility_amounts",
    ),
    "an advance below nothing": (
        "UPDATE ledger_balance SET amount = -1 WHERE account_id IN (SELECT a.id FROM ledger_account a"
        " JOIN ledger_book b ON b.id = a.book_id WHERE b.purpose = 'financier' AND a.code = '1150')",
        "sign",
    ),
}


def test_postgres_refuses_against_an_advance_before_acceptance(scratch: str) -> None:
    deal = stories.parties()
    stories.paid_out(deal, stories.advance_before_acceptance(deal))
    assert not_refused(AGAINST_AN_ADVANCE_BEFORE_ACCEPTANCE) == {}


def test_a_limit_on_a_buyer_may_be_lowered_below_what_is_out_which_may_then_only_fall(own_copy: Funded) -> None:
    with connections["owner"].cursor() as owner:
        owner.execute(
            'UPDATE financing_exposurelimit SET "limit" = 100000, set_at = now(),'
            " set_by_id = (SELECT min(id) FROM parties_user)"
        )
        assert "within its limit" in answer("UPDATE financing_exposurelimit SET used = used + 1")
        assert answer("UPDATE financing_exposurelimit SET used = used - 1") == "done"


def test_a_limit_may_be_lowered_below_what_is_advanced_which_may_then_only_fall(own_copy: Funded) -> None:
    with connections["owner"].cursor() as owner:
        owner.execute('UPDATE financing_facility SET "limit" = 100000')
        assert "within the limit" in answer("UPDATE financing_facility SET advanced = advanced + 1")
        owner.execute("UPDATE financing_facility SET advanced = advanced - 1 RETURNING advanced")
        assert owner.fetchone() == (Decimal("101999.000"),)
