"""Files of spreadsheet programs, opened and written at the edge: inside there are only rows of cells.

openpyxl stands here directly, without tablib before it: a cell's kind, its number format and whether it is a formula
decide what may be imported, and a table library hides all three.
"""

from apps.portals.spreadsheets.reading import ACCEPT, MOST_BYTES, read_rows
from apps.portals.spreadsheets.writing import CSV, XLSX, written

__all__ = ["ACCEPT", "CSV", "MOST_BYTES", "XLSX", "read_rows", "written"]
