"""Whether a printed PDF keeps what PDF/A-3a and PDF/UA-1 ask of its structure, looked at part by part.

It is no full validator: where one is installed, ``check_documents`` asks that too. The clauses are those of ISO 19005-3
and, where it says UA, of ISO 14289-1.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lxml import etree
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import DictionaryObject, IndirectObject, StreamObject

from apps.core.printing import xmp

FONT_FILES: Final = ("/FontFile", "/FontFile2", "/FontFile3")
RELATIONSHIPS: Final = {"/Source", "/Data", "/Alternative", "/Supplement", "/Unspecified"}
ACTIONS: Final = {"/GoTo", "/GoToR", "/GoToE", "/Thread", "/URI", "/Named", "/SubmitForm"}
"""What a link may do (6.5.1)."""
HIDDEN: Final = 0b100011
"""Flags of an annotation: invisible, hidden, not viewed (6.3.2)."""
PRINTED: Final = 0b100


def opened(content: bytes) -> PdfReader:
    """The file for a reader; a ``ValueError`` where it is no PDF."""
    try:
        reader = PdfReader(io.BytesIO(content))
        if not reader.is_encrypted:
            reader.trailer["/Root"].get_object()
            len(reader.pages)
    except (PyPdfError, KeyError, AttributeError) as error:
        raise ValueError(f"this is no PDF: {error}") from error
    return reader


def findings(content: bytes) -> list[str]:
    """What is wrong with a printed paper; empty where all is as it must be."""
    try:
        reader = opened(content)
    except ValueError as error:
        return [str(error)]
    if reader.is_encrypted:
        return ["the PDF is encrypted"]
    said = [f"the PDF does not say {claim}" for claim, stands in claims(reader) if not stands]
    return [*said, *broken(reader)]


def claims(reader: PdfReader, *, describes: Sequence[str] = ()) -> Iterator[tuple[str, bool]]:
    """What the file must say of itself, and whether it does; ``describes`` are namespaces of properties of its own."""
    catalog, rdf = _catalog(reader), first_rdf(reader)
    yield "that it is tagged", _says_yes(catalog.get("/MarkInfo", {}), "/Marked") and "/StructTreeRoot" in catalog
    yield "its language", bool(catalog.get("/Lang"))
    yield "its title", _says_yes(catalog.get("/ViewerPreferences", {}), "/DisplayDocTitle")
    yield "how its colours are meant", bool(catalog.get("/OutputIntents"))
    yield "PDF/A-3a", (said(rdf, xmp.PDFA, "part"), said(rdf, xmp.PDFA, "conformance")) == ("3", "A")
    yield "PDF/UA-1", said(rdf, xmp.PDFUA, "part") == "1"
    described = {element.text for element in rdf.iter(f"{{{xmp.SCHEMA}}}namespaceURI")}
    yield "how it describes its own properties", described >= {xmp.PDFUA, *describes}


def broken(reader: PdfReader) -> Iterator[str]:
    """What is not as the standards ask, of all parts that the file reaches."""
    catalog = _catalog(reader)
    if "/ID" not in reader.trailer:
        yield "the PDF has no identifier of its own (6.1.3)"
    for intent in catalog.get("/OutputIntents", []):
        yield from _intent(intent.get_object())
    if not catalog.get("/StructTreeRoot", {}).get("/K") or "/ParentTree" not in catalog["/StructTreeRoot"]:
        yield "the tree of its tags is empty (6.7.2)"
    for number, page in enumerate(reader.pages, start=1):
        if "/StructParents" not in page:
            yield f"page {number} does not say where its tags are (6.7.3)"
        if page.get("/Annots") and page.get("/Tabs") != "/S":
            yield f"page {number} is not tabbed in the order of its tags (UA 7.18.3)"
    embedded = 0
    for part in _parts(reader):
        embedded += "/EF" in part
        yield from _of_part(part)
    if embedded != len(catalog.get("/AF", [])):
        yield f"{embedded} files are inside, and {len(catalog.get('/AF', []))} are associated (6.8)"


def first_rdf(reader: PdfReader) -> etree._Element:
    """Readers take the first RDF of the metadata; whatever stands in a second one is not read."""
    stream = _catalog(reader).get("/Metadata")
    if stream is None:
        return etree.Element("none")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    found = etree.fromstring(stream.get_object().get_data(), parser).find(f".//{{{xmp.RDF}}}RDF")
    return etree.Element("none") if found is None else found


def said(rdf: etree._Element, namespace: str, name: str) -> str:
    """A property, which XMP lets stand as an attribute or as an element of a description."""
    for description in rdf.iterfind(f"{{{xmp.RDF}}}Description"):
        value = description.get(f"{{{namespace}}}{name}") or description.findtext(f"{{{namespace}}}{name}")
        if value:
            return str(value)
    return ""


def _catalog(reader: PdfReader) -> Any:
    root: Any = reader.trailer["/Root"]
    return root.get_object()


def _parts(reader: PdfReader) -> Iterator[Mapping[str, Any]]:
    """Every dictionary that the catalogue reaches, each once, streams among them."""
    waiting: list[Any] = [reader.trailer["/Root"]]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, IndirectObject):
            if part.idnum in seen:
                continue
            seen.add(part.idnum)
            part = part.get_object()
        if isinstance(part, DictionaryObject):
            yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _of_part(part: Mapping[str, Any]) -> Iterator[str]:
    if part.get("/Type") == "/Font":
        yield from _font(part)
    if isinstance(part, StreamObject):
        yield from _stream(part)
    if part.get("/Type") == "/Annot":
        yield from _annotation(part)
    if "/EF" in part:
        yield from _file(part)
    for key in ("/A", "/OpenAction", "/Next"):
        action = part[key] if key in part else None  # noqa: SIM401  it resolves a reference, which get() does not
        if isinstance(action, DictionaryObject) and action.get("/S") not in {*ACTIONS, None}:
            yield f"{key} does {action['/S']} (6.5.1)"
    if "/AA" in part or "/JavaScript" in part:
        yield "something is done without a click (6.5.2)"


def _intent(intent: Mapping[str, Any]) -> Iterator[str]:
    profile = intent.get("/DestOutputProfile")
    content = profile.get_object().get_data() if profile is not None else b""
    if intent.get("/S") != "/GTS_PDFA1" or content[36:40] != b"acsp":
        yield "its colours are meant by no profile that is inside (6.2.3)"


def _font(font: Mapping[str, Any]) -> Iterator[str]:
    name = str(font.get("/BaseFont", "without a name"))
    if font.get("/Subtype") == "/Type3":
        return
    if font.get("/Subtype") == "/Type0":
        if "/ToUnicode" not in font:
            yield f"the letters of the font {name} cannot be told (6.2.11.7)"
        return  # its one descendant is a font too, and looked at by itself
    descriptor = font.get("/FontDescriptor", {})
    if not any(kind in descriptor for kind in FONT_FILES):
        yield f"the font {name} is not inside (6.2.11.4)"


def _says_yes(part: Mapping[str, Any], name: str) -> bool:
    """A boolean of a PDF; that of pypdf counts as true in Python whatever it says."""
    return bool(part.get(name, False) == True)  # noqa: E712


def _stream(stream: Mapping[str, Any]) -> Iterator[str]:
    filters = stream.get("/Filter", [])
    for one in filters if isinstance(filters, list) else [filters]:
        if one in ("/LZWDecode", "/Crypt"):
            yield f"something inside is packed by {one} (6.1.7.2)"
    if "/F" in stream:
        yield "something stands in another file (6.1.7.1)"
    if stream.get("/Subtype") == "/PS" or "/PS" in stream:
        yield "something is a program in PostScript (6.2.9)"
    if stream.get("/Subtype") == "/Image" and (_says_yes(stream, "/Interpolate") or "/Alternates" in stream):
        yield "a picture is shown otherwise than it is (6.2.8)"


def _annotation(one: Mapping[str, Any]) -> Iterator[str]:
    flags = int(one.get("/F", 0))
    if one.get("/Subtype") != "/Popup" and (not flags & PRINTED or flags & HIDDEN):
        yield "an annotation is not printed as it is shown (6.3.2)"
    if one.get("/Subtype") == "/Link":
        if not one.get("/Contents"):
            yield "a link has no words for those who hear it (UA 7.18.5)"
        if "/StructParent" not in one:
            yield "a link is not tagged (UA 7.18.5)"
    elif one.get("/Subtype") != "/Popup" and "/AP" not in one:
        yield "an annotation has no look of its own (6.3.3)"


def _file(spec: Mapping[str, Any]) -> Iterator[str]:
    name = str(spec.get("/UF", "without a name"))
    if not spec.get("/F") or not spec.get("/UF"):
        yield f"the file {name} inside lacks a name (6.8)"
    if spec.get("/AFRelationship") not in RELATIONSHIPS:
        yield f"the file {name} inside does not say what it is to the document (6.8)"
    inside = spec["/EF"].get("/F")
    if inside is None or not inside.get_object().get("/Subtype"):
        yield f"the file {name} inside does not say its type (6.8)"
