"""What Postgres refuses of a book, whoever asks: these tests go round the service, most as the tables' owner."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from apps.core.database import walls
from apps.ledger import services as ledger
from apps.ledger.charts import Seller
from apps.ledger.models import Account, Entry
from apps.ledger.services import Purpose, credit, debit
from apps.parties.models import Organisation
from tests.races import together

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ON = date(2026, 3, 2)
D = Decimal


def _post(organisation: Organisation, cause: str, amount: int = 100, *, first: str = Seller.BANK) -> Entry:
    legs = [debit(first, amount=D(amount)), credit(Seller.CONTRACT_BALANCE, amount=D(amount), key="contract:c")]
    if first != Seller.BANK:
        legs = legs[::-1]
    with transaction.atomic():
        walls.enter(organisation.pk)
        return ledger.post(
            organisation_id=organisation.pk,
            currency="EUR",
            purpose=Purpose.SELLER,
            cause=cause,
            description="Test",
            booked_on=ON,
            legs=legs,
            at=AT,
        )


def _as_owner(statement: str) -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def _refused(statement: str, because: str) -> None:
    with pytest.raises(IntegrityError, match=because):
        _as_owner(statement)


NEW_ENTRY = (
    "INSERT INTO ledger_entry (organisation_id, book_id, cause, description, booked_on, posted_at)"
    " SELECT organisation_id, id, 'raw', 'raw', '{on}', now() FROM ledger_book"
)
NEW_LINES = (
    "; INSERT INTO ledger_line (organisation_id, entry_id, account_id, key, amount)"
    " SELECT e.organisation_id, e.id, a.id, '', v.amount FROM ledger_entry e, ledger_account a, (VALUES {amounts})"
    " v (amount) WHERE e.cause = 'raw' AND a.code = '1000'"
)


def test_no_session_switches_a_trigger_off(committed: Organisation) -> None:
    """pgtrigger has a setting for that, which any session could set; here it means nothing."""
    _post(committed, "a")
    switched_off = "SELECT set_config('pgtrigger.ignore', (SELECT array_agg(tgname) FROM pg_trigger)::text, true); "
    _refused(switched_off + "UPDATE ledger_line SET amount = amount * 2", "append-only")
    _refused(switched_off + NEW_ENTRY.format(on=ON), "fewer than two lines")


def test_an_entry_that_does_not_balance_is_refused_at_commit(committed: Organisation) -> None:
    _post(committed, "a")
    _refused(NEW_ENTRY.format(on=ON) + NEW_LINES.format(amounts="(10), (-9.99)"), "does not balance")


def test_an_entry_of_one_line_or_none_is_refused_at_commit(committed: Organisation) -> None:
    _post(committed, "a")
    _refused(NEW_ENTRY.format(on=ON), "fewer than two lines")
    _refused(NEW_ENTRY.format(on=ON) + NEW_LINES.format(amounts="(10)"), r"fewer than two lines|does not balance")


def test_a_balanced_entry_joined_later_by_a_line_is_refused(committed: Organisation) -> None:
    _post(committed, "raw")
    _refused(NEW_LINES.format(amounts="(10)").lstrip("; "), "does not balance")


def test_a_line_of_zero_is_refused(committed: Organisation) -> None:
    _post(committed, "a")
    _refused(NEW_ENTRY.format(on=ON) + NEW_LINES.format(amounts="(0), (0)"), "line_amount_not_zero")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET description = 'nicer'",
        "UPDATE ledger_line SET amount = amount * 2",
        "DELETE FROM ledger_line",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_line",
        "TRUNCATE ledger_entry CASCADE",
    ],
)
def test_what_is_posted_is_neither_edited_nor_removed(committed: Organisation, statement: str) -> None:
    _post(committed, "a")
    _refused(statement, "append-only")


@pytest.mark.parametrize("table", ["ledger_book", "ledger_account", "ledger_balance"])
def test_books_accounts_and_balances_are_never_deleted(committed: Organisation, table: str) -> None:
    _post(committed, "a")
    _refused(f"DELETE FROM {table}", "never deleted")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET description = 'nicer'",
        "UPDATE ledger_line SET amount = 1",
        "DELETE FROM ledger_line",
        "DELETE FROM ledger_balance",
        "TRUNCATE ledger_line",
    ],
)
def test_the_web_role_is_not_even_granted_to_try(committed: Organisation, statement: str) -> None:
    _post(committed, "a")
    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_cause_is_unique_in_its_book(committed: Organisation) -> None:
    _post(committed, "raw")
    _refused(NEW_ENTRY.format(on=ON), "cause_unique_per_book")


def test_an_entry_in_a_closed_period_is_refused(committed: Organisation) -> None:
    _post(committed, "a")
    _as_owner("UPDATE ledger_book SET closed_through = '2026-03-31'")
    _refused(NEW_ENTRY.format(on="2026-03-31") + NEW_LINES.format(amounts="(10), (-10)"), "closed period")
    _as_owner(NEW_ENTRY.format(on="2026-04-01") + NEW_LINES.format(amounts="(10), (-10)"))


def test_a_one_sided_balance_cannot_change_its_sign(committed: Organisation) -> None:
    _post(committed, "a")
    with pytest.raises(IntegrityError, match="change its sign"):
        _post(committed, "b", first=Seller.UNAPPLIED_RECEIPTS)
    _refused(
        "INSERT INTO ledger_balance (organisation_id, account_id, key, amount)"
        " SELECT organisation_id, id, 'invoice:x', -1 FROM ledger_account WHERE code = '1100'",
        "change its sign",
    )
    assert Entry.objects.count() == 1


def test_a_line_on_an_account_of_another_book_is_refused(committed: Organisation) -> None:
    _post(committed, "raw")
    ledger.open_book(organisation_id=committed.pk, currency="USD", purpose=Purpose.SELLER)
    other = Account.objects.get(book__currency="USD", code="1000")
    entry = Entry.objects.get()
    _refused(
        "INSERT INTO ledger_line (organisation_id, entry_id, account_id, key, amount)"
        f" VALUES ({committed.pk}, {entry.pk}, {other.pk}, '', 1)",
        "line in the book of its entry",
    )


def test_a_reversal_that_is_not_the_exact_negation_is_refused(committed: Organisation) -> None:
    entry = _post(committed, "a")
    reversing = (
        NEW_ENTRY.format(on=ON).replace("posted_at)", "posted_at, reverses_id)").replace("now()", f"now(), {entry.pk}")
    )
    _refused(reversing + NEW_LINES.format(amounts="(-100), (100)"), "does not reverse entry")


def test_an_entry_is_reversed_once(committed: Organisation) -> None:
    entry = _post(committed, "a")
    ledger.reverse(entry, cause="undo", booked_on=ON, at=AT)
    reversing = (
        NEW_ENTRY.format(on=ON).replace("posted_at)", "posted_at, reverses_id)").replace("now()", f"now(), {entry.pk}")
    )
    _refused(reversing, "reverses_id")


def test_of_eight_postings_of_one_cause_one_is_written(committed: Organisation) -> None:
    outcomes = together(*[partial(_post, committed, "a")] * 8)
    assert len({getattr(outcome, "pk", outcome) for outcome in outcomes}) == 1
    assert _bank(committed) == 100


def test_postings_at_once_lose_no_amount(committed: Organisation) -> None:
    posts: list[Callable[[], Entry]] = [partial(_post, committed, f"cause {n}", n) for n in range(1, 13)]
    outcomes = together(*posts)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert _bank(committed) == sum(range(1, 13))


def _bank(organisation: Organisation) -> Decimal:
    return ledger.balance(organisation_id=organisation.pk, currency="EUR", purpose=Purpose.SELLER, account=Seller.BANK)
