"""What stands on an account of a seller's book under one key, as SQL for the checks of what is billed."""

from typing import Final

from apps.ledger.charts import Seller

_BALANCE: Final = """(
    SELECT coalesce(sum(b.amount), 0)
    FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id JOIN ledger_book k ON k.id = a.book_id
    WHERE k.purpose = 'seller' AND k.organisation_id = {organisation} AND k.currency = {currency}
      AND a.code = '{account}' AND b.key = {key}
)"""


def balance_of(account: Seller, *, organisation: str, currency: str, key: str) -> str:
    """The subquery; ``organisation``, ``currency`` and ``key`` are SQL too."""
    return _BALANCE.format(account=account.value, organisation=organisation, currency=currency, key=key)
