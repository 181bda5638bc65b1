"""Files that show that a criterion is met: checked before they are kept, kept privately under random names.

Nothing is believed of an upload but its bytes: the extension must be one that is allowed, and the bytes must be what
the extension says. What can carry script into a browser (SVG, HTML) is refused under any name.
"""

import hashlib
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

import puremagic
from django.core.files.base import File
from django.core.files.storage import storages

from apps.core.errors import Refused

FOLDER: Final = "evidence"
HEAD: Final = 8_192
LONGEST_NAME: Final = 160

TYPES: Final[dict[str, str]] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "txt": "text/plain",
    "csv": "text/csv",
    "md": "text/markdown",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "zip": "application/zip",
}
"""What may be attached, by extension, and as what it is handed out again."""

HEIC: Final = frozenset({"heic", "heif", "hif"})
HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""What such a picture calls itself behind its first bytes, whatever a phone made of its name."""
VIDEO: Final = frozenset({"mov", "mp4", "m4v", "avi", "mkv", "webm", "3gp"})
TEXTS: Final = frozenset({"txt", "csv", "md"})
INSIDE: Final[dict[str, str]] = {
    "docx": "word/document.xml",
    "xlsx": "xl/workbook.xml",
    "pptx": "ppt/presentation.xml",
    "odt": "content.xml",
}
"""What an office file, which is a ZIP archive, must contain to be one."""
MARKUP = re.compile(rb"<(?:!doctype|\?xml|html|head|body|svg|script|iframe|object|embed|!--)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was checked and stored: what it is called, what it is, and where it lies. ``size`` in bytes."""

    name: str
    content_type: str
    size: int
    sha256: str
    stored_as: str


class _Hashed(File):  # type: ignore[type-arg]
    """Reads an upload once, piece by piece, and knows its SHA-256 and size afterwards; never more than ``most``."""

    def __init__(self, upload: "File[Any]", *, most: int) -> None:
        super().__init__(upload.file, name=upload.name)
        self.most = most
        self.read_bytes = 0
        self.digest = hashlib.sha256()

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        self.seek(0)
        while piece := self.read(chunk_size or self.DEFAULT_CHUNK_SIZE):
            self.read_bytes += len(piece)
            _check_size(self.read_bytes, most=self.most)
            self.digest.update(piece)
            yield piece


def receive(upload: "File[Any]", *, most: int) -> StoredFile:
    """Check an upload and write it to the private store, hashing it on the way. ``most`` is the size limit in bytes.

    Refused when it is empty, too large, of a kind that is not allowed, or not what its name says; nothing is kept then.
    """
    _check_size(upload.size, most=most)
    name = shown_name(upload.name or "")
    extension = PurePath(name).suffix.lower().lstrip(".")
    if extension in HEIC or _is_heic(upload):
        raise Refused(
            "This is a HEIC photograph, as iPhones take them, which many machines cannot open. Choose it from the photo"
            " library, which hands it over as JPEG, or export it as JPEG, and attach that.",
            field="file",
        )
    if extension in VIDEO:
        raise Refused("A video is not taken by itself. Put it into a ZIP archive, and attach that.", field="file")
    if extension not in TYPES:
        raise Refused(
            "Files of this kind cannot be attached. Use one of: {kinds}.", field="file", kinds=", ".join(TYPES)
        )
    _check_bytes(upload, extension=extension)
    hashed = _Hashed(upload, most=most)
    wanted = f"{FOLDER}/{secrets.token_hex(2)}/{secrets.token_hex(24)}"
    try:
        stored_as = storages["default"].save(wanted, hashed)
    except BaseException:
        discard(wanted)
        raise
    return StoredFile(name, TYPES[extension], hashed.read_bytes, hashed.digest.hexdigest(), stored_as)


def discard(stored_as: str) -> None:
    """Delete a stored file that no row knows any more; no error when it is gone already."""
    storages["default"].delete(stored_as)


def opened(stored_as: str) -> "File[Any]":
    """The stored bytes, for reading."""
    return storages["default"].open(stored_as, "rb")


def shown_name(written: str) -> str:
    """An uploader's file name that is safe to show: no path, no invisible or turning signs, not too long."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", written))[-1]
    visible = "".join(sign for sign in base if unicodedata.category(sign) not in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))
    path = PurePath(visible.strip().strip(".") or "file")
    return f"{path.stem[: LONGEST_NAME - len(path.suffix)]}{path.suffix}"[:LONGEST_NAME]


def _check_size(size: int | None, *, most: int) -> None:
    if not size:
        raise Refused("This file is empty.", field="file")
    if size > most:
        raise Refused("This file is larger than {most} MB.", field="file", most=most // (1024 * 1024))


def _check_bytes(upload: "File[Any]", *, extension: str) -> None:
    upload.seek(0)
    head: bytes = upload.read(HEAD)
    upload.seek(0)
    if extension in TEXTS:
        is_honest = _is_text(head)
    elif extension in INSIDE or extension == "zip":
        is_honest = _is_archive(upload, extension=extension)
    else:
        is_honest = f".{extension}" in _kinds(head)
    if not is_honest:
        raise Refused(
            "This is no {extension} file, whatever its name says. Attach the original file.",
            field="file",
            extension=extension.upper(),
        )


def _is_heic(upload: "File[Any]") -> bool:
    upload.seek(0)
    head: bytes = upload.read(12)
    upload.seek(0)
    return head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS


def _kinds(head: bytes) -> set[str]:
    """The extensions that fit the first bytes."""
    try:
        return {match.extension for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return set()


def _is_text(head: bytes) -> bool:
    """Printable text that no browser takes for a page or a picture."""
    has_controls = any(byte < 32 and byte not in b"\t\n\r\f" for byte in head)
    return not has_controls and not MARKUP.match(head.removeprefix(b"\xef\xbb\xbf").lstrip())


def _is_archive(upload: "File[Any]", *, extension: str) -> bool:
    try:
        with zipfile.ZipFile(upload) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
    finally:
        upload.seek(0)
    return extension == "zip" or INSIDE[extension] in names
