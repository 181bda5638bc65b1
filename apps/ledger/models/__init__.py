from apps.ledger.models.account import Account, Balance
from apps.ledger.models.book import Book
from apps.ledger.models.entry import Entry, Line

__all__ = ["Account", "Balance", "Book", "Entry", "Line"]
