"""What stood on accounts of a seller's book at the end of a business day, by sub-ledger key."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from apps.core import money
from apps.ledger.models import Balance, Book, Line


@dataclass(frozen=True, slots=True)
class Standing:
    """The sum of all lines of an account under one key up to a day; positive is debit."""

    account: str
    currency: str
    key: str
    amount: Decimal


def standing(*, organisation_id: int, accounts: Iterable[str], on: date) -> list[Standing]:
    """What is not zero on these accounts at the end of a day, in two queries: the balances that are kept as entries are
    posted, less what was booked after the day. So today is read from what stands, and not from all that ever happened.
    """
    of = {"organisation_id": organisation_id, "account__book__purpose": Book.Purpose.SELLER}
    of["account__code__in"] = list(accounts)
    names = ("account__code", "account__book__currency", "key")
    kept = Balance.objects.filter(**of).standing().values_list(*names, "amount")
    sums = {(code, currency, key): amount for code, currency, key, amount in kept}
    later = Line.objects.filter(**of, entry__booked_on__gt=on).order_by().values_list(*names)
    for code, currency, key, amount in later.annotate(sum=Sum("amount")):
        sums[code, currency, key] = sums.get((code, currency, key), money.ZERO) - amount
    return [Standing(*of_key, amount) for of_key, amount in sums.items() if amount]


def control(*, organisation_id: int, account: str, after: date) -> dict[str, Decimal]:
    """What the control account says at the end of a day, by currency, in two queries. It adds up no key, so a
    sub-ledger can be held against it."""
    of_account = {"organisation_id": organisation_id, "account__book__purpose": Book.Purpose.SELLER}
    of_account["account__code"] = account
    kept = Balance.objects.filter(**of_account).standing().order_by().values_list("account__book__currency")
    found = dict(kept.annotate(sum=Sum("amount")))
    later = Line.objects.filter(**of_account, entry__booked_on__gt=after).order_by()
    for currency, amount in later.values_list("account__book__currency").annotate(sum=Sum("amount")):
        found[currency] = found.get(currency, money.ZERO) - amount
    return found
