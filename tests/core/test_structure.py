"""Whatever a printed paper breaks of PDF/A-3a or PDF/UA-1 in its structure is found; what is printed breaks nothing."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from apps.core.printing import press, structure
from apps.core.printing.parts import DATA, Inside

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0", allow_module_level=True)

PAGE = """<html lang="en"><head><title>A paper</title></head><body><h1>A paper</h1>
<p>That says <b>something</b> and leads <a href="https://cairn.example/">on</a>.</p></body></html>"""
Change = Callable[[PdfWriter], None]


@pytest.fixture(scope="module")
def good() -> bytes:
    inside = Inside("said.json", "application/json", "What is said", DATA, b"{}")
    return press.pdf(PAGE, style="record", at="2026-03-02T09:00:00+00:00", inside=[inside])


def rewritten(content: bytes, change: Change) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(content))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def parts(writer: PdfWriter, name: str, value: str) -> list[Any]:
    """Every part that says so of itself."""
    every = [part.get_object() for part in writer._objects if part is not None]
    return [part for part in every if isinstance(part, DictionaryObject) and part.get(name) == value]


def without(name: str, key: str, of: str) -> Change:
    """A key is taken out of the parts whose ``name`` is ``of``; of the first page or the catalogue otherwise."""

    def change(writer: PdfWriter) -> None:
        found = parts(writer, name, of)
        assert any(key in part for part in found)
        for part in found:
            part.pop(NameObject(key), None)

    return change


def sets(name: str, of: str, key: str, value: Any) -> Change:
    def change(writer: PdfWriter) -> None:
        found = parts(writer, name, of)
        assert found
        for part in found:
            part[NameObject(key)] = value

    return change


def says_no(part: str, key: str) -> Change:
    """What is to be true is there, and false."""

    def change(writer: PdfWriter) -> None:
        found: Any = writer.root_object[part]
        assert found[key] == BooleanObject(True)
        found[NameObject(key)] = BooleanObject(False)

    return change


def encrypted(writer: PdfWriter) -> None:
    writer.encrypt("", algorithm="RC4-128")


def without_font_files(writer: PdfWriter) -> None:
    for descriptor in parts(writer, "/Type", "/FontDescriptor"):
        for kind in structure.FONT_FILES:
            descriptor.pop(NameObject(kind), None)


def without_profile(writer: PdfWriter) -> None:
    intents: Any = writer.root_object["/OutputIntents"]
    del intents[0].get_object()["/DestOutputProfile"]


def a_script(writer: PdfWriter) -> None:
    action = DictionaryObject({NameObject("/S"): NameObject("/JavaScript")})
    action[NameObject("/JS")] = TextStringObject("app.alert('Read me');")
    writer.root_object[NameObject("/OpenAction")] = writer._add_object(action)


def without_a_click(writer: PdfWriter) -> None:
    writer.root_object[NameObject("/AA")] = DictionaryObject()


def launching(writer: PdfWriter) -> None:
    for link in parts(writer, "/Subtype", "/Link"):
        link["/A"][NameObject("/S")] = NameObject("/Launch")


def empty_tags(writer: PdfWriter) -> None:
    tree: Any = writer.root_object["/StructTreeRoot"]
    tree[NameObject("/K")] = ArrayObject()


def one_more_file(writer: PdfWriter) -> None:
    writer.add_attachment("more.txt", b"More.")


def not_associated(writer: PdfWriter) -> None:
    del writer.root_object["/AF"]


def packed_by_lzw(writer: PdfWriter) -> None:
    stream = DecodedStreamObject()
    stream.set_data(b"x")
    stream[NameObject("/Filter")] = NameObject("/LZWDecode")
    writer.root_object[NameObject("/Extra")] = writer._add_object(stream)


def of_another_file(writer: PdfWriter) -> None:
    stream = DecodedStreamObject()
    stream.set_data(b"")
    stream[NameObject("/F")] = TextStringObject("elsewhere.bin")
    writer.root_object[NameObject("/Extra")] = writer._add_object(stream)


def test_what_is_printed_keeps_it_all(good: bytes) -> None:
    assert structure.findings(good) == []
    assert structure.findings(rewritten(good, lambda _writer: None)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (encrypted, "the PDF is encrypted"),
        (without("/Type", "/Metadata", "/Catalog"), "does not say PDF/A-3a"),
        (without("/Type", "/Lang", "/Catalog"), "does not say its language"),
        (without("/Type", "/MarkInfo", "/Catalog"), "does not say that it is tagged"),
        (without("/Type", "/ViewerPreferences", "/Catalog"), "does not say its title"),
        (says_no("/MarkInfo", "/Marked"), "does not say that it is tagged"),
        (says_no("/ViewerPreferences", "/DisplayDocTitle"), "does not say its title"),
        (without("/Type", "/OutputIntents", "/Catalog"), "does not say how its colours are meant"),
        (without_profile, "meant by no profile that is inside"),
        (empty_tags, "the tree of its tags is empty"),
        (without("/Type", "/StructParents", "/Page"), "page 1 does not say where its tags are"),
        (without("/Type", "/Tabs", "/Page"), "page 1 is not tabbed"),
        (without_font_files, "is not inside"),
        (without("/Subtype", "/ToUnicode", "/Type0"), "cannot be told"),
        (packed_by_lzw, "packed by /LZWDecode"),
        (of_another_file, "stands in another file"),
        (a_script, "/OpenAction does /JavaScript"),
        (without_a_click, "without a click"),
        (launching, "/A does /Launch"),
        (sets("/Subtype", "/Link", "/F", NumberObject(2)), "an annotation is not printed"),
        (without("/Subtype", "/Contents", "/Link"), "a link has no words"),
        (without("/Subtype", "/StructParent", "/Link"), "a link is not tagged"),
        (sets("/Subtype", "/Link", "/Subtype", NameObject("/Square")), "no look of its own"),
        (one_more_file, "2 files are inside, and 1 are associated"),
        (not_associated, "1 files are inside, and 0 are associated"),
        (without("/Type", "/AFRelationship", "/Filespec"), "does not say what it is to the document"),
        (without("/Type", "/UF", "/Filespec"), "lacks a name"),
        (without("/Type", "/Subtype", "/EmbeddedFile"), "does not say its type"),
    ],
)
def test_what_breaks_it_is_found(good: bytes, change: Change, words: str) -> None:
    assert any(words in finding for finding in structure.findings(rewritten(good, change)))


def test_what_is_no_pdf_is_told() -> None:
    assert structure.findings(b"%PDF-nothing")[0].startswith("this is no PDF")
