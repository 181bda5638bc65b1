"""The invoice's document: what it says, that it is accessible, always the same, and fetches nothing."""

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from pypdf import PdfReader
from pytest_django import Settings

from apps.core import canonical, clock
from apps.core.child import Child, ChildFailed
from apps.core.database import walls
from apps.core.errors import NotAllowed, Refused
from apps.core.printing import press
from apps.invoicing import documents, snapshot
from apps.invoicing import services as invoicing
from apps.invoicing.models import Document
from apps.invoicing.snapshot import CreditTransfer, Line, Payee, SemanticInvoice
from apps.workflows import jobs
from tests import scenarios
from tests.invoicing.conftest import Billed
from tests.invoicing.samples import sample

D = Decimal

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("PDF documents need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0", allow_module_level=True)


def _pdf(invoice: SemanticInvoice) -> bytes:
    return documents.made_of(snapshot.write(invoice)).pdf


def _text(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def english() -> bytes:
    return _pdf(sample())


# --- what it says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "Invoice INV-2026-0001",
        "Amount due 120,000.00 EUR",
        "Due date 1 April 2026",
        "Meridian Logistics B.V. Maasboulevard 100 3011 TX Rotterdam Netherlands",
        "Invoice date 2 March 2026",
        "Date of supply 2 March 2026",
        "Contract NL-2026-014",
        "Your VAT number NL004495445B01",
        "Prototype",
        "Clickable on real master data.",
        "Accepted on 2 March 2026 by Mila de Vries for Meridian Logistics B.V.",
        "Record of the sign-off 3f2a8b1c9d0e4f5a",
        "Net total 120,000.00",
        "Reverse charge on 120,000.00 0.00",
        "Total 120,000.00 EUR",
        "IBAN DE89 3704 0044 0532 0130 00",
        "Payment reference INV-2026-0001",
        "Payable within 30 days of the invoice date, by 1 April 2026, without deduction.",
        "Reverse charge: the recipient of the supply is liable for the VAT.",
        "VAT number DE136695976",
        "Page 1 of 1",
    ],
)
def test_the_document_says_what_the_snapshot_says(english: bytes, words: str) -> None:
    assert words in _text(english)


def test_a_german_buyer_reads_german() -> None:
    text = _text(_pdf(sample(language="de", category="S", rate=D(19), net=D("84033.61"))))
    for words in (
        "Rechnung INV-2026-0001",
        "Zu zahlen 100.000,00 EUR",
        "Fällig am 1. April 2026",
        "USt. 19 % auf 84.033,61 15.966,39",
        "Gesamtbetrag 100.000,00 EUR",
        "Abgenommen am 2. März 2026 durch Mila de Vries",
        "Seite 1 von 1",
    ):
        assert words in text


def test_the_end_of_a_month_is_said_where_it_counts() -> None:
    text = _text(_pdf(sample(payment_days=15, payment_basis="after_month_end")))
    assert "Payable within 15 days of the end of the month of the invoice's date: by 1 April 2026" in text


def test_every_word_of_the_document_is_translated() -> None:
    english = sample(payee=Payee("Kontor"), payment_days=0, category="E")
    words = set(_text(_pdf(english)).split())
    german = set(_text(_pdf(replace(english, language="de"))).split())
    assert {"Invoice", "Terms", "Payable", "exempt", "assigned", "supply"} <= words
    assert not {"Invoice", "Terms", "Payable", "exempt", "assigned", "supply", "of", "the", "by"} & german


@pytest.mark.parametrize(
    ("category", "rate", "words"),
    [
        ("S", "19", "VAT 19% on 120,000.00 22,800.00"),
        ("S", "8.1", "VAT 8.1% on 120,000.00 9,720.00"),
        ("Z", "0", "Zero-rated supply."),
        ("E", "0", "This supply is exempt from tax."),
        ("O", "0", "This supply is outside the scope of VAT."),
    ],
)
def test_every_tax_treatment_is_named(category: str, rate: str, words: str) -> None:
    assert words in _text(_pdf(sample(category=category, rate=D(rate))))


def test_an_assigned_invoice_names_the_payee_and_its_account() -> None:
    account = CreditTransfer("Hanse Receivables AG", "DE02120300000000202051", "BYLADEM1001", "", "", "")
    text = _text(_pdf(sample(payee=Payee("Hanse Receivables AG"), credit_transfer=account)))
    assert "This claim is assigned to Hanse Receivables AG. Pay Hanse Receivables AG only" in text
    assert "IBAN DE02 1203 0000 0000 2020 51" in text
    assert "DE89" not in text


def test_an_american_account_and_yen_read_as_they_should() -> None:
    account = CreditTransfer("Nordlicht Inc.", "", "", "000123456789", "021000021", "First Bank")
    text = _text(_pdf(sample(currency="JPY", net=D(1500000), credit_transfer=account)))
    assert "Amount due 1,500,000 JPY" in text
    assert "Account number 000123456789 Routing number 021000021" in text


def test_a_long_scope_flows_over_pages_that_all_carry_the_number() -> None:
    scope = "\n".join(f"Deliverable {n}: interfaces, error handling, monitoring and a runbook." for n in range(60))
    content = _pdf(sample(lines=(replace(sample().lines[0], description=scope),)))
    pages = PdfReader(io.BytesIO(content)).pages
    assert len(pages) > 1
    assert all("INV-2026-0001" in page.extract_text() for page in pages)
    assert "Deliverable 59" in _text(content)


def test_text_of_the_parties_is_shown_and_never_obeyed() -> None:
    hostile = '<img src="file:///etc/passwd"><script>alert(1)</script>{% now "Y" %}'
    line = Line("1", hostile, hostile, D(1), "C62", D(120000), D(120000), "AE", D(0))
    text = _text(_pdf(sample(lines=(line,))))
    assert hostile in text


# --- how it is made ------------------------------------------------------------------------------------------------


def test_the_document_is_tagged_and_says_its_title_and_language(english: bytes) -> None:
    catalog: Any = PdfReader(io.BytesIO(english)).trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en"
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid" in catalog["/Metadata"].get_data()
    assert PdfReader(io.BytesIO(english)).metadata.title == "Invoice INV-2026-0001 from Nordlicht Software GmbH"  # type: ignore[union-attr]
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/P"} <= set(_kinds(catalog["/StructTreeRoot"]))


def _kinds(element: Any) -> Iterator[str]:
    """The kinds of all elements in the structure tree, headers of tables with their scope."""
    if isinstance(element, list):
        for child in element:
            yield from _kinds(child.get_object())
    elif hasattr(element, "get"):
        if "/S" in element:
            yield element["/S"]
        if "/K" in element and element.get("/Type") != "/MCR":
            yield from _kinds(element["/K"].get_object() if hasattr(element["/K"], "get_object") else element["/K"])


@pytest.mark.parametrize("name", ["Meridian B.V.", "Łódź Şirketi", "Ελληνική Α.Ε.", "Българска ЕООД", "Tiếng Việt"])
def test_only_the_bundled_fonts_are_in_it(name: str) -> None:
    content = _pdf(sample(buyer=replace(sample().buyer, name=name)))
    fonts: Any = PdfReader(io.BytesIO(content)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    names = {font.get_object()["/BaseFont"].partition("+")[2] for font in fonts.values()}
    assert {name.partition("-")[0] for name in names} == {"Inter"}


def test_the_bytes_are_the_same_on_every_run(english: bytes) -> None:
    assert _pdf(sample()) == english
    elsewhere = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django; django.setup()\n"
            "from apps.core import canonical\n"
            "from apps.invoicing import documents, snapshot\n"
            "from tests.invoicing.samples import sample\n"
            "print(canonical.sha256(documents.made_of(snapshot.write(sample())).pdf))",
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "", "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        cwd=Path(__file__).resolve().parents[2],
    )
    assert elsewhere.stdout.strip() == canonical.sha256(english)


def test_the_dates_inside_are_those_of_the_issue(english: bytes) -> None:
    metadata = PdfReader(io.BytesIO(english)).metadata
    assert metadata is not None
    assert metadata.creation_date == metadata.modification_date == datetime(2026, 3, 2, 14, 5, 33, tzinfo=UTC)


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="file:///etc/hostname">',
        '<img src="http://127.0.0.1:1/secret.png">',
        '<img src="https://documents.invalid/static/css/cairn.css">',
        '<img src="https://documents.invalid/static/documents/../../manage.py">',
        '<img src="data:image/png;base64,AAAA">',
        '<link rel="stylesheet" href="file:///etc/hostname">',
        '<link rel="attachment" href="file:///etc/hostname">',
        '<a rel="attachment" href="file:///etc/hostname">x</a>',
        "<style>@import url(http://127.0.0.1:1/x.css);</style>",
        '<p style="background: url(file:///etc/hostname)">x</p>',
        '<object data="file:///etc/hostname"></object>',
    ],
)
def test_any_address_but_our_own_assets_stops_the_rendering(markup: str) -> None:
    html = f"<!DOCTYPE html><html lang=en><title>x</title><p>y</p>{markup}</html>"
    with pytest.raises(ChildFailed, match=r"(file:|http|data:)") as failed:
        press.pdf(html, style="invoice", at="2026-03-02T14:05:33+00:00")
    assert failed.value.kind == "ForbiddenAddressError"


def test_our_own_assets_are_there() -> None:
    from apps.core.printing import renderer

    for path in renderer.ASSETS:
        assert renderer.OwnAssets().fetch(renderer.BASE + path).read()


def test_without_pango_the_error_names_the_line_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError(\"cannot load library 'libpango-1.0-0'\")")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(press, "_child", Child("apps.core.printing.press", memory=None, seconds=20))
    with closing(press._child), pytest.raises(press.PangoMissingError) as missing:
        _pdf(sample())
    assert "apt-get install libpango-1.0-0 libpangoft2-1.0-0" in str(missing.value)


# --- how it is kept ------------------------------------------------------------------------------------------------


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> Path:
    """An empty place for files."""
    return _files_in(settings, tmp_path / "files")


def _files_in(settings: Settings, place: Path) -> Path:
    stored = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(place)}}
    settings.STORAGES = {**settings.STORAGES, "default": stored}
    return place


def _render(billed: Billed) -> Document:
    with walls.asking_for(billed.contract.seller_id):
        return documents.render(invoice_ref=billed.invoice.ref)


def _document(billed: Billed) -> Document:
    with walls.asking_for(billed.contract.buyer_id):
        return Document.objects.get()


def test_a_rendered_document_is_stored_with_its_hash_and_never_made_anew(billed: Billed, files: Path) -> None:
    first = _render(billed)
    content = (files / first.stored_as).read_bytes()
    assert (first.state, first.size, first.sha256) == ("ready", len(content), canonical.sha256(content))
    assert content == documents.made_of(billed.invoice.snapshot).pdf
    second = _render(billed)
    assert second.rendered_at == first.rendered_at
    xml = (files / first.xml_stored_as).read_bytes()
    assert (first.xml_size, first.xml_sha256, first.xml_obstacle) == (len(xml), canonical.sha256(xml), "")
    assert sorted(file.suffix for file in files.rglob("*") if file.is_file()) == [".pdf", ".xml"]


def test_nothing_is_printed_inside_a_transaction(billed: Billed, files: Path) -> None:
    """The job begins, prints and finishes in three steps; called within somebody's transaction it prints nothing."""
    with walls.asking_for(billed.parties.seller.pk), transaction.atomic():
        with pytest.raises(RuntimeError, match="outside of any transaction"):
            press.pdf("<p>held</p>", style="invoice", at="2026-03-02T09:00:00+00:00")
        with pytest.raises(RuntimeError, match="outside of any transaction"):
            documents.render(invoice_ref=billed.invoice.ref)
        document = Document.objects.get(invoice=billed.invoice)
        assert (document.state, "outside of any transaction" in document.failure) == ("failed", True)
    jobs.render_invoice(invoice_ref=billed.invoice.ref, organisation_id=billed.parties.seller.pk)
    with walls.asking_for(billed.parties.seller.pk):
        assert Document.objects.get(invoice=billed.invoice).state == "ready"


def test_half_a_file_left_by_a_killed_worker_is_replaced(billed: Billed, files: Path) -> None:
    content = documents.made_of(billed.invoice.snapshot).pdf
    name = f"invoices/{_document(billed).ref}/{canonical.sha256(content)}.pdf"
    default_storage.save(name, ContentFile(content[:1000]))
    assert _render(billed).stored_as == name
    assert (files / name).read_bytes() == content


def test_a_failure_is_shown_and_can_be_retried(billed: Billed, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where a folder should be")
    _files_in(settings, tmp_path / "blocked")
    with pytest.raises(OSError, match="blocked"):
        _render(billed)
    failed = _document(billed)
    assert failed.state == "failed"
    assert failed.failure.startswith("The document could not be made")

    _files_in(settings, tmp_path / "files")
    sina = scenarios.seller_actor(billed.parties)
    with scenarios.acting(sina), transaction.atomic():
        retried = invoicing.retry_document(invoice_ref=billed.invoice.ref, actor=sina, at=clock.now())
    assert (retried.state, retried.failure) == ("rendering", "")
    assert _render(billed).state == "ready"


def test_the_next_run_of_the_job_mends_a_failure_by_itself(billed: Billed, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where a folder should be")
    _files_in(settings, tmp_path / "blocked")
    for _attempt in range(2):
        with pytest.raises(OSError, match="blocked"):
            _render(billed)
    _files_in(settings, tmp_path / "files")
    assert (_render(billed).state, _document(billed).failure) == ("ready", "")


def test_a_document_is_retried_by_the_seller_and_only_when_it_is_not_there(billed: Billed, files: Path) -> None:
    def retry(role: str, at: datetime | None = None) -> Document:
        actor = scenarios.member(billed.parties, role)
        with scenarios.acting(actor), transaction.atomic():
            return invoicing.retry_document(invoice_ref=billed.invoice.ref, actor=actor, at=at or clock.now())

    with pytest.raises(NotAllowed, match="Only the seller"):
        retry("buyer")
    with pytest.raises(Refused, match="no such invoice"):
        retry("financier")
    with pytest.raises(Refused, match="being made right now"):
        retry("seller", at=billed.invoice.issued_at)
    # Its worker was lost: long after the request nobody is making it any more.
    assert retry("seller").state == "rendering"
    _render(billed)
    with pytest.raises(Refused, match="already there"):
        retry("seller")
