"""How a journal is told to other programs: numbers in a row, one account against one other, texts that stay texts."""

from apps.ledger.rules.financial_year import first_day_of_year, same_year
from apps.ledger.rules.numbering import Range, ranges, told
from apps.ledger.rules.own_accounts import XERO_LINES, Details, checked_accounts, checked_details
from apps.ledger.rules.plain_text import Replaced, guarded, in_windows_1252, one_line, starts_a_formula
from apps.ledger.rules.transfers import Side, Transfer, transfers

__all__ = [
    "XERO_LINES",
    "Details",
    "Range",
    "Replaced",
    "Side",
    "Transfer",
    "checked_accounts",
    "checked_details",
    "first_day_of_year",
    "guarded",
    "in_windows_1252",
    "one_line",
    "ranges",
    "same_year",
    "starts_a_formula",
    "told",
    "transfers",
]
