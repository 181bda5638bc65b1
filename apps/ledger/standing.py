"""What stood on accounts of a seller's book at the end of a business day, by sub-ledger key."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet, Sum

from apps.core import money
from apps.core.database import at_once
from apps.ledger.models import Balance, Book, Line


@dataclass(frozen=True, slots=True)
class Standing:
    """The sum of all lines of an account under one key up to a day; positive is debit."""

    account: str
    currency: str
    key: str
    amount: Decimal


def standing(
    *, organisation_id: int, accounts: Iterable[str], control: str, on: date
) -> tuple[list[Standing], dict[str, Decimal]]:
    """What is not zero on these accounts at the end of a day, and by currency what the ``control`` account says then,
    in one statement: the balances that are kept as entries are posted, less what was booked after the day. So today is
    read from what stands, and not from all that ever happened.

    The control account adds up no key, so the others, which are a sub-ledger, can be held against it.
    """
    names = ("account__code", "account__book__currency", "key")
    kept, later = _of(organisation_id, list(accounts), after=on)
    by_key, later_by_key = kept.values_list(*names, "amount"), later.values_list(*names).annotate(sum=Sum("amount"))
    kept, later = _of(organisation_id, [control], after=on)
    by_currency, later_by_currency = (
        rows.order_by().values_list("account__book__currency").annotate(sum=Sum("amount")) for rows in (kept, later)
    )
    at_once.read(by_key, later_by_key, by_currency, later_by_currency)
    sums = {(code, currency, key): amount for code, currency, key, amount in by_key}
    for code, currency, key, amount in later_by_key:
        sums[code, currency, key] = sums.get((code, currency, key), money.ZERO) - amount
    found = dict(by_currency)
    for currency, amount in later_by_currency:
        found[currency] = found.get(currency, money.ZERO) - amount
    return [Standing(*of_key, amount) for of_key, amount in sums.items() if amount], found


def _of(
    organisation_id: int, accounts: list[str], *, after: date
) -> "tuple[QuerySet[Balance, Balance], QuerySet[Line, Line]]":
    of = {"organisation_id": organisation_id, "account__book__purpose": Book.Purpose.SELLER}
    of["account__code__in"] = accounts
    return Balance.objects.filter(**of).standing(), Line.objects.filter(**of, entry__booked_on__gt=after).order_by()
