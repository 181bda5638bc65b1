"""Double entry: post what happened, once per cause; correct it by reversal; close what is reported.

The ledger knows organisations, accounts and money, and nothing of what the money is for: the caller names the cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.db.models import Sum

from apps.core import money
from apps.core.database import in_flight
from apps.core.errors import Refused
from apps.ledger.charts import CHARTS
from apps.ledger.models import Account, Balance, Book, Entry

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
    Refused in a closed period: at the latest before COMMIT, where nobody waits for the entry's key
    (:mod:`~apps.core.database.in_flight`). Legs that do not add up to zero are a ``ValueError``: a bug, not bad input.
    """
    legs = [leg for leg in legs if leg.amount != 0]
    check_balance(legs, currency=currency)
    return _write(
        Book(organisation_id=organisation_id, currency=currency, purpose=purpose),
        Entry(
            organisation_id=organisation_id,
            cause=cause,
            description=description,
            booked_on=booked_on,
            posted_at=at,
        ),
        legs=legs,
    )


def reverse(entry: Entry, *, cause: str, booked_on: date, at: datetime) -> Entry:
    """Undo an entry by its exact negation, which refers to it. Once: a second reversal is refused."""
    if Entry.objects.filter(reverses=entry).exclude(cause=cause).exists():
        raise Refused("This entry was already reversed. Post a new one instead.")
    return _write(
        Book.objects.get(pk=entry.book_id),
        Entry(
            organisation_id=entry.organisation_id,
            cause=cause,
            description=entry.description,
            booked_on=booked_on,
            posted_at=at,
            reverses=entry,
        ),
        legs=[
            Leg(line.account.code, -line.amount, line.key)
            for line in entry.lines.select_related("account").order_by("account_id", "key", "id")
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


def check_accounts(legs: Sequence[Leg], *, purpose: Book.Purpose) -> None:
    """Every account of an entry is in the chart; else it is a bug, a ``ValueError``."""
    unknown = {leg.account for leg in legs} - {plan.code for plan in CHARTS[purpose]}
    if unknown:
        raise ValueError(f"no such account in the chart: {', '.join(sorted(unknown))}")


def check_balance(legs: Sequence[Leg], *, currency: str) -> None:
    """The legs of an entry come to zero, each to the minor unit; else it is a bug, a ``ValueError``."""
    difference = money.total(leg.amount for leg in legs)
    if difference or len(legs) < 2:
        raise ValueError(f"the legs differ by {difference} {currency}")
    if not all(money.is_exact(leg.amount, currency) for leg in legs):
        raise ValueError(f"a leg is not rounded to the minor unit of {currency}")


WRITE = """
WITH book AS (
  SELECT id, closed_through FROM ledger_book
  WHERE organisation_id = %(organisation)s AND currency = %(currency)s AND purpose = %(purpose)s
  FOR SHARE
), leg AS (
  SELECT account.id AS account_id, l.key, l.amount, l.position
  FROM unnest(%(codes)s::text[], %(keys)s::text[], %(amounts)s::numeric[])
    WITH ORDINALITY AS l (code, key, amount, position)
  JOIN ledger_account account ON account.book_id = (SELECT id FROM book) AND account.code = l.code
), entry AS (
  INSERT INTO ledger_entry (organisation_id, book_id, cause, description, booked_on, posted_at, reverses_id)
  SELECT %(organisation)s, book.id, %(cause)s, %(description)s, %(booked_on)s, %(at)s, %(reverses)s FROM book
  WHERE (book.closed_through IS NULL OR book.closed_through < %(booked_on)s)
    AND (SELECT count(*) FROM leg) = cardinality(%(codes)s::text[])
  ON CONFLICT (book_id, cause) DO NOTHING
  RETURNING id, organisation_id
), line AS (
  INSERT INTO ledger_line (organisation_id, entry_id, account_id, key, amount)
  SELECT entry.organisation_id, entry.id, leg.account_id, leg.key, leg.amount FROM entry, leg ORDER BY leg.position
), balance AS (
  INSERT INTO ledger_balance (organisation_id, account_id, key, amount)
  SELECT entry.organisation_id, leg.account_id, leg.key, sum(leg.amount) FROM entry, leg
  GROUP BY entry.organisation_id, leg.account_id, leg.key ORDER BY leg.account_id, leg.key
  ON CONFLICT (account_id, key) DO UPDATE SET amount = ledger_balance.amount + excluded.amount
)
SELECT book.id, book.closed_through, (SELECT count(*) FROM leg), (SELECT id FROM entry) FROM book
"""
"""The book held against closing, entry, lines and balances at once; or nothing when the period is closed, the cause
known or an account missing. FOR SHARE, since FOR UPDATE would let postings wait for each other; balances are locked by
account and key."""


def _write(book: Book, entry: Entry, *, legs: Sequence[Leg]) -> Entry:
    """Post to the book of this organisation, currency and purpose; it is opened if it or a part of it is missing."""
    purpose = Purpose(book.purpose)
    check_accounts(legs, purpose=purpose)
    posting: dict[str, Any] = {
        "organisation": book.organisation_id,
        "currency": book.currency,
        "purpose": purpose.value,
        "codes": [leg.account for leg in legs],
        "keys": [leg.key for leg in legs],
        "amounts": [leg.amount for leg in legs],
        "cause": entry.cause,
        "description": entry.description,
        "booked_on": entry.booked_on,
        "at": entry.posted_at,
        "reverses": entry.reverses_id,
    }
    there: list[Entry] = []

    def open_if_new(cursor: CursorWrapper) -> None:
        found = cursor.fetchone()
        if found is None or found[2] < len(legs):
            open_book(organisation_id=book.organisation_id, currency=book.currency, purpose=purpose)
            in_flight.write(WRITE, posting, look=lambda again: take(again.fetchone()))
        else:
            take(found)

    def take(found: Any) -> None:
        if found is None:
            raise LookupError(f"the book of organisation {book.organisation_id} cannot be seen: nobody asks for it")
        entry.book_id, closed_through, _accounts, written = found
        check_open(closed_through, booked_on=entry.booked_on)
        if written is None:
            there.append(same_as_before(entry, legs=legs))
            return
        entry.pk = written
        entry._state.adding = False

    in_flight.write(WRITE, posting, look=open_if_new)
    in_flight.wait()
    return there[0] if there else entry


def check_open(closed_through: date | None, *, booked_on: date) -> None:
    """Refused in a closed period."""
    if closed_through is not None and booked_on <= closed_through:
        raise Refused(
            "The books are closed through {closed}; nothing can be dated {date}. Use a later date.",
            closed=closed_through,
            date=booked_on,
        )


def same_as_before(entry: Entry, *, legs: Sequence[Leg]) -> Entry:
    """The entry that its cause posted before; refused if it was another one."""
    before = Entry.objects.get(book_id=entry.book_id, cause=entry.cause)
    wanted = sorted((leg.account, leg.key, leg.amount) for leg in legs)
    if (
        before.booked_on == entry.booked_on
        and before.reverses_id == entry.reverses_id
        and sorted(before.lines.values_list("account__code", "key", "amount")) == wanted
    ):
        return before
    raise Refused("This was already booked differently. Reverse the first entry, then book it anew.")
