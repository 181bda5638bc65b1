"""Many entries of one book in one statement, for whoever brings whole books up to date."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.backends.utils import CursorWrapper

from apps.core.database import in_flight
from apps.ledger.models import Book, Entry
from apps.ledger.services import Leg, check_accounts, check_balance, check_open, open_book, same_as_before


@dataclass(slots=True, kw_only=True)
class Posting:
    """An entry that is to be written, with its cause, its business date and its legs. ``entry`` stands for it: it gets
    its key once it is written."""

    cause: str
    description: str
    booked_on: date
    legs: Sequence[Leg]
    entry: Entry = field(init=False)

    def __post_init__(self) -> None:
        self.entry = Entry(cause=self.cause, description=self.description, booked_on=self.booked_on)
        self.legs = [leg for leg in self.legs if leg.amount != 0]


WRITE = """
WITH book AS (
  SELECT id, closed_through FROM ledger_book
  WHERE organisation_id = %(organisation)s AND currency = %(currency)s AND purpose = %(purpose)s
  FOR SHARE
), account AS (
  SELECT id, code FROM ledger_account WHERE book_id = (SELECT id FROM book)
), entry AS (
  INSERT INTO ledger_entry (organisation_id, book_id, cause, description, booked_on, posted_at)
  SELECT %(organisation)s, book.id, said.cause, said.description, said.booked_on, %(at)s
  FROM book, unnest(%(causes)s::text[], %(descriptions)s::text[], %(days)s::date[])
    WITH ORDINALITY AS said (cause, description, booked_on, position)
  WHERE (book.closed_through IS NULL OR book.closed_through < %(first)s)
    AND (SELECT count(*) FROM account WHERE code = ANY(%(codes)s::text[])) = %(accounts)s
  ORDER BY said.position
  ON CONFLICT (book_id, cause) DO NOTHING
  RETURNING id, cause
), leg AS (
  SELECT entry.id AS entry_id, account.id AS account_id, l.key, l.amount, l.position
  FROM unnest(%(of)s::text[], %(codes)s::text[], %(keys)s::text[], %(amounts)s::numeric[])
    WITH ORDINALITY AS l (cause, code, key, amount, position)
  JOIN entry ON entry.cause = l.cause JOIN account ON account.code = l.code
), line AS (
  INSERT INTO ledger_line (organisation_id, entry_id, account_id, key, amount)
  SELECT %(organisation)s, entry_id, account_id, key, amount FROM leg ORDER BY position
), balance AS (
  INSERT INTO ledger_balance (organisation_id, account_id, key, amount)
  SELECT %(organisation)s, account_id, key, sum(amount) FROM leg
  GROUP BY account_id, key ORDER BY account_id, key
  ON CONFLICT (account_id, key) DO UPDATE SET amount = ledger_balance.amount + excluded.amount
)
SELECT book.id, book.closed_through,
  (SELECT count(*) FROM account WHERE code = ANY(%(codes)s::text[])), entry.cause, entry.id
FROM book LEFT JOIN entry ON true
"""
"""As :data:`apps.ledger.services.WRITE`, for any number of entries: all of them, less those whose cause is known."""


def post_all(
    *, organisation_id: int, currency: str, purpose: Book.Purpose, postings: Sequence[Posting], at: datetime
) -> None:
    """Write balanced entries and move the balances, in one statement; each as :func:`apps.ledger.services.post` would.

    Refused, all of them, when one lies in a closed period or was already booked differently; at the latest before
    COMMIT, where nobody waits for the keys.
    """
    if not postings:
        return
    twice = [cause for cause, times in Counter(one.cause for one in postings).items() if times > 1]
    if twice:
        raise ValueError(f"one cause has one entry: {', '.join(twice)}")
    for one in postings:
        check_balance(one.legs, currency=currency)
        check_accounts(one.legs, purpose=purpose)
        one.entry.organisation_id, one.entry.posted_at = organisation_id, at
    legs = [(one.cause, leg) for one in postings for leg in one.legs]
    accounts = len({leg.account for _cause, leg in legs})
    said: dict[str, Any] = {
        "organisation": organisation_id,
        "currency": currency,
        "purpose": purpose.value,
        "at": at,
        "causes": [one.cause for one in postings],
        "descriptions": [one.description for one in postings],
        "days": [one.booked_on for one in postings],
        "first": min(one.booked_on for one in postings),
        "of": [cause for cause, _leg in legs],
        "codes": [leg.account for _cause, leg in legs],
        "keys": [leg.key for _cause, leg in legs],
        "amounts": [leg.amount for _cause, leg in legs],
        "accounts": accounts,
    }

    def open_if_new(cursor: CursorWrapper) -> None:
        found = cursor.fetchall()
        if not found or found[0][2] < accounts:
            open_book(organisation_id=organisation_id, currency=currency, purpose=purpose)
            in_flight.write(WRITE, said, look=lambda again: take(again.fetchall()))
        else:
            take(found)

    def take(found: "list[tuple[int, date | None, int, str, int]]") -> None:
        if not found:
            raise LookupError(f"the book of organisation {organisation_id} cannot be seen: nobody asks for it")
        check_open(found[0][1], booked_on=min(one.booked_on for one in postings))
        written = {cause: pk for *_of_book, cause, pk in found}
        for one in postings:
            one.entry.book_id = found[0][0]
            one.entry.pk = written.get(one.cause) or same_as_before(one.entry, legs=one.legs).pk
            one.entry._state.adding = False

    in_flight.write(WRITE, said, look=open_if_new)
    in_flight.wait()
