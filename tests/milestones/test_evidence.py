"""Evidence files: what is kept is what it says it is; everything else is refused in words and leaves nothing."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import override_settings

from apps.core import canonical
from apps.core.errors import Refused
from apps.milestones import evidence

MB = 1024 * 1024
PDF = b"%PDF-1.7\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(30)
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(30)
HEIC = b"\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic" + bytes(60)
GIF = b"GIF89a" + bytes(30)
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(30)


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[Path]:
    here = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    with override_settings(STORAGES={**settings.STORAGES, "default": here}):
        yield tmp_path


def archive(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return written.getvalue()


def receive(name: str, content: bytes) -> evidence.StoredFile:
    return evidence.receive(SimpleUploadedFile(name, content), most=MB)


def files_in(store: Path) -> list[Path]:
    return [path for path in store.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("a.PDF", PDF, "application/pdf"),
        ("a.png", PNG, "image/png"),
        ("a.jpg", JPG, "image/jpeg"),
        ("a.jpeg", JPG, "image/jpeg"),
        ("a.gif", GIF, "image/gif"),
        ("a.webp", WEBP, "image/webp"),
        ("a.txt", "Größe 5 < 6 und <b>\n".encode(), "text/plain"),
        ("a.csv", "Größe;1\r\n".encode("latin-1"), "text/csv"),
        ("a.md", b"# Protocol\n", "text/markdown"),
        ("a.docx", archive("[Content_Types].xml", "word/document.xml"), evidence.TYPES["docx"]),
        ("a.xlsx", archive("[Content_Types].xml", "xl/workbook.xml"), evidence.TYPES["xlsx"]),
        ("a.pptx", archive("[Content_Types].xml", "ppt/presentation.xml"), evidence.TYPES["pptx"]),
        ("a.odt", archive("mimetype", "content.xml"), evidence.TYPES["odt"]),
        ("a.zip", archive("anything"), "application/zip"),
    ],
)
def test_an_honest_file_is_stored_under_a_random_name_with_its_hash(
    store: Path, name: str, content: bytes, content_type: str
) -> None:
    stored = receive(name, content)
    assert (stored.name, stored.content_type, stored.size) == (name, content_type, len(content))
    assert stored.sha256 == canonical.sha256(content)
    assert name not in stored.stored_as
    assert [path.read_bytes() for path in files_in(store)] == [content]
    with evidence.opened(stored.stored_as) as file:
        assert file.read() == content


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.exe", "a.js", "a", "a.pdf.exe", ".pdf", "", "a.xml", "a.htm"])
def test_a_kind_that_is_not_allowed_is_refused(store: Path, name: str) -> None:
    with pytest.raises(Refused, match="cannot be attached"):
        evidence.receive(ContentFile(PDF, name=name), most=MB)
    assert files_in(store) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.heic", HEIC, "export it as JPEG"),
        ("a.HEIF", JPG, "export it as JPEG"),
        ("a.jpg", HEIC, "export it as JPEG"),
        ("a.mov", b"\x00\x00\x00\x14ftypqt  ", "into a ZIP"),
    ],
)
def test_what_phones_make_is_refused_with_what_to_do(store: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        receive(name, content)
    assert files_in(store) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"MZ\x90\x00" + bytes(60)),
        ("a.pdf", PNG),
        ("a.png", JPG),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
        ("a.jpg", b"<!doctype html><script>alert(1)</script>"),
        ("a.txt", b"<!DOCTYPE html><html></html>"),
        ("a.txt", b"\xef\xbb\xbf  \n<SVG onload=alert(1)>"),
        ("a.csv", b"<script>alert(1)</script>"),
        ("a.md", b"MZ\x90\x00" + bytes(60)),
        ("a.txt", "Größe".encode("utf-16")),
        ("a.docx", archive("xl/workbook.xml")),
        ("a.xlsx", b"PK\x03\x04 broken"),
        ("a.zip", PDF),
        ("a.odt", archive("something")),
    ],
)
def test_a_file_in_disguise_is_refused(store: Path, name: str, content: bytes) -> None:
    with pytest.raises(Refused, match=r"This is no [A-Z]+ file, whatever its name says\."):
        receive(name, content)
    assert files_in(store) == []


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(Refused, match="empty"):
        receive("a.txt", b"")


def test_a_file_above_the_limit_is_refused_before_it_is_read(store: Path) -> None:
    class Unreadable(ContentFile):  # type: ignore[type-arg]
        def read(self, *args: object) -> bytes:
            raise AssertionError("was read")

    upload = Unreadable(b"", name="a.pdf")
    upload.size = MB + 1
    with pytest.raises(Refused, match="larger than 1 MB"):
        evidence.receive(upload, most=MB)
    assert files_in(store) == []


def test_an_upload_that_lies_about_its_size_is_stopped_while_it_is_read(store: Path) -> None:
    upload = ContentFile(PDF + bytes(2 * MB), name="a.pdf")
    upload.size = 10
    with pytest.raises(Refused, match="larger than 1 MB"):
        evidence.receive(upload, most=MB)
    assert files_in(store) == []


def test_a_large_upload_that_lies_on_disk_is_copied_and_hashed(store: Path) -> None:
    content = PDF + bytes(300_000)
    with TemporaryUploadedFile("big.pdf", "application/pdf", len(content), None) as upload:
        upload.write(content)
        stored = evidence.receive(upload, most=MB)
    assert stored.sha256 == canonical.sha256(content)
    assert [path.read_bytes() for path in files_in(store)] == [content]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("re\u202efdp.exe", "refdp.exe"),
        ("a\x00b\nc.txt", "abc.txt"),
        ("x" * 300 + ".pdf", "x" * 156 + ".pdf"),
        ("Prüfung.pdf", "Prüfung.pdf"),
        ("", "file"),
        ("...", "file"),
    ],
)
def test_the_shown_name_has_no_path_and_no_invisible_signs(written: str, shown: str) -> None:
    assert evidence.shown_name(written) == shown


def test_discarding_twice_is_no_error(store: Path) -> None:
    stored = receive("a.pdf", PDF)
    evidence.discard(stored.stored_as)
    evidence.discard(stored.stored_as)
    assert files_in(store) == []
