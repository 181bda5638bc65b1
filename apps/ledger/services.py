"""Double entry: post what happened, once per cause; correct it by reversal; close what is reported.

The ledger knows organisations, accounts and money, and nothing of what the money is for: the caller names the cause.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from apps.core import money
from apps.core.errors import Refused
from apps.ledger.charts import CHARTS
from apps.ledger.models import Account, Balance, Book, Entry, Line

Purpose = Book.Purpose


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of an entry: ``amount`` is positive for debit and negative for credit, in the currency of the book.

    ``key`` names the sub-ledger (``invoice:<ref>``, ``contract:<ref>``, ``tranche:<ref>``), or is empty.
    """

    account: str
    amount: Decimal
    key: str = ""


def debit(account: str, *, amount: Decimal, key: str = "") -> Leg:
    """A debit leg; ``amount`` is zero or more, and a leg of zero is left out when posted."""
    return Leg(str(account), _not_negative(amount), key)


def credit(account: str, *, amount: Decimal, key: str = "") -> Leg:
    """A credit leg; ``amount`` is zero or more, and a leg of zero is left out when posted."""
    return Leg(str(account), -_not_negative(amount), key)


def open_book(*, organisation_id: int, currency: str, purpose: Book.Purpose) -> Book:
    """The organisation's book, made with its chart of accounts on first use; nothing happens if all of it is there."""
    Book.objects.bulk_create(
        [Book(organisation_id=organisation_id, currency=currency, purpose=purpose)], ignore_conflicts=True
    )
    book = Book.objects.get(organisation_id=organisation_id, currency=currency, purpose=purpose)
    Account.objects.bulk_create(
        [
            Account(
                organisation_id=organisation_id,
                book=book,
                code=plan.code,
                name=plan.name,
                kind=plan.kind,
                one_sided=plan.one_sided,
            )
            for plan in CHARTS[purpose]
        ],
        ignore_conflicts=True,
    )
    return book


def post(
    *,
    organisation_id: int,
    currency: str,
    purpose: Book.Purpose,
    cause: str,
    description: str,
    booked_on: date,
    legs: Sequence[Leg],
    at: datetime,
) -> Entry:
    """Write one balanced entry and move the balances, all in one statement; the book is opened on first use.

    The same cause posted again gives the entry that is there if date and legs are the same, and is refused if not.
    Refused in a closed period. Legs that do not add up to zero are a ``ValueError``: a bug, not bad input.
    """
    legs = [leg for leg in legs if leg.amount != 0]
    _must_balance(legs, currency)
    codes = {leg.account for leg in legs}
    book = _lock_against_closing(organisation_id, currency, purpose, codes)
    _must_be_open(book, booked_on)
    return _write(
        Entry(
            organisation_id=organisation_id,
            book_id=book.pk,
            cause=cause,
            description=description,
            booked_on=booked_on,
            posted_at=at,
        ),
        lines=[Line(account_id=book.accounts[leg.account], key=leg.key, amount=leg.amount) for leg in legs],
    )


def reverse(entry: Entry, *, cause: str, booked_on: date, at: datetime) -> Entry:
    """Undo an entry by its exact negation, which refers to it. Once: a second reversal is refused."""
    of = Book.objects.get(pk=entry.book_id)
    book = _lock_against_closing(of.organisation_id, of.currency, Purpose(of.purpose), set())
    _must_be_open(book, booked_on)
    if Entry.objects.filter(reverses=entry).exclude(cause=cause).exists():
        raise Refused("This entry was already reversed. Post a new one instead.")
    return _write(
        Entry(
            organisation_id=entry.organisation_id,
            book_id=book.pk,
            cause=cause,
            description=entry.description,
            booked_on=booked_on,
            posted_at=at,
            reverses=entry,
        ),
        lines=[
            Line(account_id=line.account_id, key=line.key, amount=-line.amount)
            for line in entry.lines.order_by("account_id", "key", "id")
        ],
    )


def balance(
    *, organisation_id: int, currency: str, purpose: Book.Purpose, account: str, key: str | None = None
) -> Decimal:
    """What stands on an account, positive in debit; of one sub-ledger key, or of all of them."""
    found = Balance.objects.filter(
        account__book__organisation_id=organisation_id,
        account__book__currency=currency,
        account__book__purpose=purpose,
        account__code=account,
    )
    if key is not None:
        found = found.filter(key=key)
    return found.aggregate(total=Sum("amount"))["total"] or money.ZERO


def close_period(*, organisation_id: int, currency: str, purpose: Book.Purpose, through: date) -> Book:
    """Refuse every later posting on or before a date. A period that is closed stays closed.

    Waits for postings that are under way, so none of them ends in the closed period.
    """
    book = Book.objects.select_for_update().get(organisation_id=organisation_id, currency=currency, purpose=purpose)
    if book.closed_through is not None and through < book.closed_through:
        raise Refused(
            "The books are already closed through {date}; a closed period is not opened again.",
            field="through",
            date=book.closed_through,
        )
    book.closed_through = through
    book.save(update_fields=["closed_through"])
    return book


def _not_negative(amount: Decimal) -> Decimal:
    if amount < 0:
        raise ValueError(f"{amount}: a negative debit is a credit; say which one is meant")
    return amount


def _must_balance(legs: Sequence[Leg], currency: str) -> None:
    difference = money.total(leg.amount for leg in legs)
    if difference or len(legs) < 2:
        raise ValueError(f"the legs differ by {difference} {currency}")
    if not all(money.is_exact(leg.amount, currency) for leg in legs):
        raise ValueError(f"a leg is not rounded to the minor unit of {currency}")


LOCK = """
SELECT b.id, b.closed_through, a.code, a.id
FROM ledger_book b LEFT JOIN ledger_account a ON a.book_id = b.id AND a.code = ANY (%s)
WHERE b.organisation_id = %s AND b.currency = %s AND b.purpose = %s
FOR SHARE OF b
"""
"""Django has no FOR SHARE, and FOR UPDATE would let postings wait for each other."""


@dataclass(frozen=True, slots=True)
class _LockedBook:
    """A book that cannot be closed before the end of the transaction, with the accounts that were asked for by code."""

    pk: int
    closed_through: date | None
    accounts: dict[str, int]


def _lock_against_closing(organisation_id: int, currency: str, purpose: Book.Purpose, codes: Set[str]) -> _LockedBook:
    """The book, shared with other postings and kept from being closed; opened if it or a part of it is missing."""
    unknown = codes - {plan.code for plan in CHARTS[purpose]}
    if unknown:
        raise ValueError(f"no such account in the chart: {', '.join(sorted(unknown))}")
    book = _locked(organisation_id, currency, purpose, codes)
    if book is None or codes - book.accounts.keys():
        open_book(organisation_id=organisation_id, currency=currency, purpose=purpose)
        book = _locked(organisation_id, currency, purpose, codes)
    if book is None:
        raise LookupError(f"the book of organisation {organisation_id} cannot be seen: nobody asks for it")
    return book


def _locked(organisation_id: int, currency: str, purpose: Book.Purpose, codes: Set[str]) -> _LockedBook | None:
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [sorted(codes), organisation_id, currency, purpose])
        rows = cursor.fetchall()
    if not rows:
        return None
    return _LockedBook(
        pk=rows[0][0],
        closed_through=rows[0][1],
        accounts={code: account for _pk, _closed, code, account in rows if code is not None},
    )


def _must_be_open(book: _LockedBook, booked_on: date) -> None:
    if book.closed_through is not None and booked_on <= book.closed_through:
        raise Refused(
            "The books are closed through {closed}; nothing can be dated {date}. Use a later date.",
            closed=book.closed_through,
            date=booked_on,
        )


WRITE = """
WITH entry AS (
  INSERT INTO ledger_entry (organisation_id, book_id, cause, description, booked_on, posted_at, reverses_id)
  VALUES (%s, %s, %s, %s, %s, %s, %s)
  ON CONFLICT (book_id, cause) DO NOTHING
  RETURNING id, organisation_id
), leg AS (
  SELECT * FROM unnest(%s::bigint[], %s::text[], %s::numeric[]) WITH ORDINALITY AS l (account_id, key, amount, position)
), line AS (
  INSERT INTO ledger_line (organisation_id, entry_id, account_id, key, amount)
  SELECT entry.organisation_id, entry.id, leg.account_id, leg.key, leg.amount FROM entry, leg ORDER BY leg.position
), balance AS (
  INSERT INTO ledger_balance (organisation_id, account_id, key, amount)
  SELECT entry.organisation_id, leg.account_id, leg.key, sum(leg.amount) FROM entry, leg
  GROUP BY entry.organisation_id, leg.account_id, leg.key ORDER BY leg.account_id, leg.key
  ON CONFLICT (account_id, key) DO UPDATE SET amount = ledger_balance.amount + excluded.amount
)
SELECT id FROM entry
"""
"""Entry, lines and balances at once, or nothing when the cause is known. Balances are locked by account and key."""


def _write(entry: Entry, *, lines: Sequence[Line]) -> Entry:
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            [
                entry.organisation_id,
                entry.book_id,
                entry.cause,
                entry.description,
                entry.booked_on,
                entry.posted_at,
                entry.reverses_id,
                [line.account_id for line in lines],
                [line.key for line in lines],
                [line.amount for line in lines],
            ],
        )
        written = cursor.fetchone()
    if written is None:
        return _same_as_before(entry, lines)
    (entry.pk,) = written
    entry._state.adding = False
    return entry


def _same_as_before(entry: Entry, lines: Sequence[Line]) -> Entry:
    before = Entry.objects.get(book_id=entry.book_id, cause=entry.cause)
    wanted = sorted((line.account_id, line.key, line.amount) for line in lines)
    if (
        before.booked_on == entry.booked_on
        and before.reverses_id == entry.reverses_id
        and sorted(before.lines.values_list("account_id", "key", "amount")) == wanted
    ):
        return before
    raise Refused("This was already booked differently. Reverse the first entry, then book it anew.")
