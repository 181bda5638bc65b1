"""``check_documents`` proves stored documents, and finds every way in which one can be other than it was issued."""

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connections
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, NameObject
from pytest_django import Settings

from apps.core import canonical
from apps.core.database import walls
from apps.core.printing import press
from apps.core.printing.press import TooLongError
from apps.invoicing import documents, factur_x, inspection, snapshot
from apps.invoicing.einvoice import codes
from apps.invoicing.inspection import Stored
from apps.invoicing.models import Document
from apps.invoicing.snapshot import CreditTransfer, Payee, SemanticInvoice, TaxRow, Totals
from tests.invoicing.conftest import Billed
from tests.invoicing.samples import deducting, sample

D = Decimal

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0", allow_module_level=True)


def stored(invoice: SemanticInvoice) -> Stored:
    """The document of an invoice as it would be kept."""
    text = snapshot.write(invoice)
    made = documents.made_of(text)
    return _noted(
        Stored(text, made.pdf, "", 0, made.xml, "", 0, made.obstacle),
    )


def _noted(document: Stored) -> Stored:
    """The same with the hashes and sizes that its bytes have."""
    return replace(
        document,
        sha256=canonical.sha256(document.pdf),
        size=len(document.pdf),
        xml_sha256=canonical.sha256(document.xml) if document.xml else "",
        xml_size=len(document.xml),
    )


LONG = "Integration of the warehouse management system with the carrier network, customs gateway and invoice archive"
ACCOUNT = CreditTransfer("Hanse Receivables AG", "DE02120300000000202051", "BYLADEM1001", "", "", "Kreditbank")


@pytest.mark.parametrize(
    "invoice",
    [
        sample(),
        sample(language="de", category="S", rate=D(19), net=D("84033.61")),
        sample(language="de", category="O", payment_days=0),
        deducting("20000.00", "30000.00"),
        deducting("120000.00"),
        sample(currency="JPY", net=D(1500000), category="E"),
        sample(payee=Payee("Hanse Receivables AG"), credit_transfer=ACCOUNT),
        sample(category="S", rate=D("8.125"), net=D("9999999999.99"), credit_transfer=None),
        sample(lines=(replace(sample().lines[0], name=LONG, description="\n".join([LONG] * 38)),)),
        sample(buyer=replace(sample().buyer, name="Ångström & Søn <Łódź> Wiſſenſchaft " + "Donaudampfschifffahrt" * 4)),
        sample(buyer=replace(sample().buyer, name="Ελληνική Εταιρεία Α.Ε. · Българска ЕООД · Công ty Tiếng Việt")),
    ],
    ids=[
        "plain",
        "german",
        "outside",
        "deducted",
        "nothing",
        "yen",
        "assigned",
        "billions",
        "long",
        "letters",
        "scripts",
    ],
)
def test_what_is_made_passes_every_check(invoice: SemanticInvoice) -> None:
    document = stored(invoice)
    assert document.xml
    assert inspection.findings(document) == []


def test_a_sign_that_no_font_draws_stands_on_the_page_by_its_number_and_in_the_xml_as_itself() -> None:
    from apps.invoicing.einvoice.paper import Paper

    crane = "\U0001f3d7"
    invoice = sample(
        contract_title=f'School gym {crane}\ufe0f "Nord" <b>',
        buyer=replace(sample().buyer, name=f"Kran {crane} GmbH"),
        category="S",
        rate=D(19),
    )
    document = stored(invoice)
    assert inspection.findings(document) == []
    assert crane in document.xml.decode()
    text = Paper(document.pdf).text
    assert "Kran[U+1F3D7]GmbH" in text
    assert "Schoolgym[U+1F3D7]" in text
    other = stored(replace(invoice, buyer=replace(invoice.buyer, name="Kran \U0001f3d8 GmbH")))
    changed = _noted(replace(document, xml=other.xml))
    assert any("stands in the XML and on no page" in one for one in inspection.findings(changed)), "another sign"


def test_dinars_are_right_on_paper_and_refused_as_xml() -> None:
    document = stored(sample(currency="KWD", net=D("1000.125"), category="S", rate=D(5)))
    assert (document.xml, document.obstacle) == (b"", "decimals")
    assert inspection.findings(document) == []
    from apps.invoicing.einvoice.paper import Paper

    assert "1,050.131KWD" in Paper(document.pdf).text
    assert inspection.findings(replace(document, obstacle="")) != []


# --- every way to be wrong -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good() -> Stored:
    return stored(sample(category="S", rate=D(19)))


def _rewritten(document: Stored, change: Callable[[PdfWriter], None]) -> Stored:
    writer = PdfWriter(clone_from=io.BytesIO(document.pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return _noted(replace(document, pdf=out.getvalue()))


def _metadata(writer: PdfWriter, change: Callable[[bytes], bytes]) -> None:
    content = change(writer.root_object["/Metadata"].get_data())  # type: ignore[attr-defined]
    stream = DecodedStreamObject()
    stream.set_data(content)
    stream[NameObject("/Type")] = NameObject("/Metadata")
    stream[NameObject("/Subtype")] = NameObject("/XML")
    writer.root_object[NameObject("/Metadata")] = writer._add_object(stream)


def _without(word: bytes) -> Callable[[PdfWriter], None]:
    return lambda writer: _metadata(writer, lambda said: said.replace(word, b""))


def _in_a_second_rdf(writer: PdfWriter) -> None:
    """Where WeasyPrint's own option would write it, and where no reader looks."""
    opening = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    _metadata(writer, lambda said: said.replace(b"<rdf:RDF", opening + b"</rdf:RDF><rdf:RDF", 1))


def _associated_twice(writer: PdfWriter) -> None:
    files: Any = writer.root_object["/AF"]
    writer.root_object[NameObject("/AF")] = ArrayObject([files[0], files[0]])


def _unspecified(writer: PdfWriter) -> None:
    files: Any = writer.root_object["/AF"]
    files[0].get_object()[NameObject("/AFRelationship")] = NameObject("/Unspecified")


def _one_more_file(writer: PdfWriter) -> None:
    writer.add_attachment("more.xml", b"<x/>")


def _untagged(writer: PdfWriter) -> None:
    del writer.root_object["/StructTreeRoot"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_without(b' pdfaid:conformance="A"'), "does not say PDF/A-3a"),
        (_without(b"<pdfuaid:part>1</pdfuaid:part>"), "does not say PDF/UA-1"),
        (_without(b"<fx:Version>1.0</fx:Version>"), "does not say which file inside is the invoice"),
        (
            _without(b"<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"),
            "properties",
        ),
        (_in_a_second_rdf, "does not say PDF/UA-1"),
        (_associated_twice, "instead of one that is /Alternative"),
        (_unspecified, "instead of one that is /Alternative"),
        (_one_more_file, "instead of one factur-x.xml"),
        (_untagged, "does not say that it is tagged"),
    ],
)
def test_a_pdf_that_is_not_what_it_must_be_is_found(
    good: Stored, change: Callable[[PdfWriter], None], words: str
) -> None:
    assert any(words in finding for finding in inspection.findings(_rewritten(good, change)))


def test_rewriting_alone_changes_nothing(good: Stored) -> None:
    assert inspection.findings(_rewritten(good, lambda writer: None)) == []


def test_another_byte_is_found(good: Stored) -> None:
    assert "the PDF is not what was stored" in inspection.findings(replace(good, pdf=good.pdf + b"\n"))[0]
    assert "the XML is not what was stored" in inspection.findings(replace(good, xml=good.xml + b"\n"))[0]
    assert inspection.findings(_noted(replace(good, pdf=b"%PDF-nothing")))[0].startswith("this is no PDF")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": "INV-2026-0002"}, "the number INV-2026-0002 stands in the XML and on no page"),
        ({"issue_date": sample().due_date}, "the date is 2026-04-01 in the XML and 2026-03-02 in the snapshot"),
        (
            {"buyer": replace(sample().buyer, name="Somebody else B.V.")},
            "the buyer Somebody else B.V. stands in the XML",
        ),
        (
            {
                "taxes": (TaxRow(D(120000), D("22800.90"), "S", D(19), ""),),
                "totals": Totals(D(120000), D(120000), D("22800.90"), D("142800.90"), D("142800.90")),
            },
            "the total 142,800.90 EUR stands in the XML and on no page",
        ),
    ],
)
def test_a_page_and_an_xml_that_say_two_things_are_found(good: Stored, changes: dict[str, Any], words: str) -> None:
    """The XML of another invoice inside: each file is sound by itself, and its hash is right."""
    from apps.invoicing.einvoice import cii

    other = cii.write(sample(category="S", rate=D(19), **changes))
    page = documents.made_of(good.snapshot)
    with_other = _noted(replace(good, pdf=_pressed(good, other), xml=other))
    assert page.xml == good.xml
    assert words in "\n".join(inspection.findings(with_other))


def _pressed(document: Stored, xml: bytes) -> bytes:
    from django.template.loader import render_to_string

    from apps.invoicing.page import page_of

    page = page_of(snapshot.read(document.snapshot))
    html = render_to_string(documents.TEMPLATE, {"page": page})
    inside, says = [factur_x.inside(xml)], [factur_x.schema(codes.PROFILE)]
    return press.pdf(html, style=documents.STYLE, at=page.issued_at, inside=inside, says=says)


def test_the_xml_inside_is_the_one_beside_it(good: Stored) -> None:
    beside = _noted(replace(good, xml=good.xml.replace(b"Prototype", b"Prototypes")))
    assert "the XML inside the PDF is not the XML beside it" in inspection.findings(beside)


# --- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture
def rendered(billed: Billed, settings: Settings, tmp_path: Path) -> Document:
    """The document of the story's invoice, in a place of its own for files."""
    kept = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "default": kept}
    with walls.asking_for(billed.contract.seller_id):
        return documents.render(invoice_ref=billed.invoice.ref)


def _checked(**options: Any) -> str:
    out = io.StringIO()
    try:
        call_command("check_documents", stdout=out, **options)
    except CommandError as error:
        out.write(f"FAILED: {error}")
    return out.getvalue()


def test_the_command_says_what_it_checked(rendered: Document) -> None:
    assert _checked() == "1 documents, 1 with XML, 0 not made yet, 0 other papers: all as they were issued.\n"
    # It was issued months ago and asked for then.
    assert _checked(days=3) == "0 documents, 0 with XML, 0 not made yet, 0 other papers: all as they were issued.\n"


def test_a_document_that_is_not_made_yet_is_counted_and_is_no_problem(billed: Billed) -> None:
    assert _checked() == "0 documents, 0 with XML, 1 not made yet, 0 other papers: all as they were issued.\n"


def test_the_command_fails_on_a_changed_file_and_on_a_lost_one(rendered: Document) -> None:
    content = default_storage.open(rendered.stored_as)
    with content:
        pdf = content.read()
    default_storage.delete(rendered.stored_as)
    assert "is not there" in _checked()
    default_storage.save(rendered.stored_as, ContentFile(pdf.replace(b"/Type", b"/Typo", 1)))
    said = _checked()
    assert "INV-2026-0001 of Nordlicht Software GmbH: the PDF is not what was stored" in said
    assert "FAILED" in said


def test_the_command_fails_on_a_broken_chain_of_snapshots(rendered: Document) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE invoicing_invoice DISABLE TRIGGER USER")
        cursor.execute("UPDATE invoicing_invoice SET snapshot = replace(snapshot, 'Prototype', 'Prototipe')")
    said = _checked()
    assert "NOT TRUE: Every snapshot has the hash that was stored with it" in said
    assert "as XRechnung 3.0: BG-25/1 BT-153 is 'Prototype' in one and 'Prototipe' in the other" in said
    assert "FAILED: 5 problems" in said


# --- where the work is done ----------------------------------------------------------------------------------------


def test_a_page_longer_than_any_document_is_refused_before_it_is_laid_out() -> None:
    with pytest.raises(TooLongError, match="at most"):
        press.pdf("x" * (press.LONGEST + 1), style="invoice", at="")


def test_no_web_worker_loads_what_only_documents_need() -> None:
    heavy = "weasyprint", "saxonche", "facturx", "pypdf"
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfrom config.wsgi import application\nfrom django.urls import get_resolver\n"
            "get_resolver().url_patterns\n"
            f"print([name for name in {heavy!r} if name in sys.modules])",
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": ""},
        cwd=Path(__file__).resolve().parents[2],
    )
    assert loaded.stdout.strip() == "[]"
