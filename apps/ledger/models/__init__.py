from apps.ledger.models.account import Account, Balance
from apps.ledger.models.book import Book
from apps.ledger.models.entry import Entry, Line
from apps.ledger.models.export import EntryNumber, ExportFormat, JournalExport, OwnAccounts, Package

__all__ = [
    "Account",
    "Balance",
    "Book",
    "Entry",
    "EntryNumber",
    "ExportFormat",
    "JournalExport",
    "Line",
    "OwnAccounts",
    "Package",
]
