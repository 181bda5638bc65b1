"""Files as people upload them, and as somebody builds them who means harm."""

import io
import zipfile
from typing import Any

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile


def uploaded(content: bytes | str, name: str = "plan.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def xlsx(*rows: list[Any], hidden_first: bool = False) -> bytes:
    """A workbook with these rows; a tuple of value and number format gives a cell that format."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    if hidden_first:
        sheet.append(["Milestone", "Amount"])
        sheet.append(["Hidden", 1])
        sheet.sheet_state = "hidden"
        sheet = book.create_sheet("Plan")
    for row in rows:
        sheet.append([cell[0] if isinstance(cell, tuple) else cell for cell in row])
        for place, cell in enumerate(row, start=1):
            if isinstance(cell, tuple):
                sheet.cell(sheet.max_row, place).number_format = cell[1]
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def repacked(content: bytes, **parts: bytes) -> bytes:
    """The same workbook with parts replaced or added; ``__`` in a name stands for a slash, ``_dot_`` for a dot."""
    names = {name.replace("__", "/").replace("_dot_", "."): part for name, part in parts.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            if item.filename not in names:
                new.writestr(item.filename, old.read(item))
        for name, part in names.items():
            new.writestr(name, part)
    return buffer.getvalue()
