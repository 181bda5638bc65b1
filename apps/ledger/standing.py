"""What stood on accounts of a seller's book at the end of a business day, by sub-ledger key."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from apps.ledger.models import Balance, Book, Line


@dataclass(frozen=True, slots=True)
class Standing:
    """The sum of all lines of an account under one key up to a day; positive is debit."""

    account: str
    currency: str
    key: str
    amount: Decimal


def standing(*, organisation_id: int, accounts: Iterable[str], on: date) -> list[Standing]:
    """What is not zero on these accounts, booked on that day or before, in one query."""
    lines = Line.objects.filter(
        organisation_id=organisation_id,
        account__book__purpose=Book.Purpose.SELLER,
        account__code__in=list(accounts),
        entry__booked_on__lte=on,
    )
    sums = lines.order_by().values_list("account__code", "account__book__currency", "key").annotate(sum=Sum("amount"))
    return [Standing(*row) for row in sums.exclude(sum=0)]


def control(*, organisation_id: int, account: str, after: date) -> dict[str, Decimal]:
    """What the control account says at the end of a day, by currency: the balances that are kept as entries are
    posted, less what was booked after that day. It adds up no key, so a sub-ledger can be held against it."""
    of_account = {"organisation_id": organisation_id, "account__book__purpose": Book.Purpose.SELLER}
    of_account["account__code"] = account
    kept = Balance.objects.filter(**of_account).order_by().values_list("account__book__currency")
    found = dict(kept.annotate(sum=Sum("amount")))
    later = Line.objects.filter(**of_account, entry__booked_on__gt=after).order_by()
    for currency, amount in later.values_list("account__book__currency").annotate(sum=Sum("amount")):
        found[currency] -= amount
    return found
