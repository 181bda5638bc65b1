"""Open an uploaded CSV or XLSX file. What is too large, disguised or able to run is refused before it is read."""

from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile

from apps.contracts.rules.schedule import Cell
from apps.core.errors import Refused
from apps.portals.spreadsheets.csv_files import read_csv
from apps.portals.spreadsheets.xlsx_files import read_xlsx

MOST_BYTES: Final = 5 * 1024 * 1024
ACCEPT: Final = ".csv,.txt,.tsv,.xlsx"
_TEXTS: Final = ("csv", "txt", "tsv")
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_ZIP: Final = b"PK\x03\x04"


def read_rows(upload: "UploadedFile[Any]") -> list[list[Cell]]:
    """The rows of the first sheet. What it is, its bytes tell; its name must agree."""
    if (upload.size or 0) > MOST_BYTES:
        raise Refused("The file is larger than {most} MB. Keep only the sheet with the plan.", most=MOST_BYTES // 2**20)
    extension = (upload.name or "").rpartition(".")[2].lower()
    content = upload.read(MOST_BYTES + 1)
    if not content.strip():
        raise Refused("The file is empty.")
    if content.startswith(_OLD_EXCEL):
        raise Refused("This is an old or an encrypted Excel file. Save it as XLSX without a password, or as CSV.")
    if extension in ("xlsm", "xltm", "xlsb", "xls"):
        raise Refused("Files of this kind can carry macros. Save it as XLSX or CSV.")
    if extension == "xlsx":
        if not content.startswith(_ZIP):
            raise Refused("This file is named XLSX but is none. Save it anew from your spreadsheet program.")
        return read_xlsx(content)
    if extension in _TEXTS:
        if content.startswith(_ZIP):
            raise Refused("This file is named as text but is a spreadsheet or an archive. Give it its own ending back.")
        return read_csv(content)
    raise Refused("Choose a CSV or an XLSX file.")
