"""Entries get their numbers when a period is first exported: in a row, in the order of their dates, and for good."""

from datetime import date

from django.db import connection

from apps.ledger.models import Book, EntryNumber

NUMBER = """
INSERT INTO ledger_entrynumber (organisation_id, book_id, entry_id, number)
SELECT e.organisation_id, e.book_id, e.id, last.number + row_number() OVER (ORDER BY e.booked_on, e.id)
FROM ledger_entry e
CROSS JOIN (SELECT coalesce(max(number), 0) AS number FROM ledger_entrynumber WHERE book_id = %(book)s) last
LEFT JOIN ledger_entrynumber known ON known.entry_id = e.id
WHERE e.book_id = %(book)s AND e.booked_on <= %(through)s AND known.id IS NULL
ORDER BY e.booked_on, e.id
"""


def number_through(book: Book, through: date) -> int:
    """Number what has none of a locked book's entries through a date; the answer is the last number that was given.

    Also those before the period that is exported: else a later export of an earlier period would get later numbers.
    """
    with connection.cursor() as cursor:
        cursor.execute(NUMBER, {"book": book.pk, "through": through})
    last = EntryNumber.objects.filter(book=book).order_by("-number").values_list("number", flat=True).first()
    return last or 0
