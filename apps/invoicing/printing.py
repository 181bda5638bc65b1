"""The one place that knows WeasyPrint. Imported by the press alone, never by a web worker: it is heavy.

One process keeps style sheets and fonts warm. The result is PDF/A-3a and PDF/UA-1 in one pass, with the XML of the
invoice as an associated file (Factur-X 1.0). The only files that a page can reach are those in ``ASSETS``; any other
address stops the rendering.
"""

import io
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from weasyprint import CSS, HTML, Attachment
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from apps.invoicing import xmp

STATIC: Final = Path(__file__).resolve().parents[2] / "static"
BASE: Final = "https://documents.invalid/static/"
"""Stands for the project's own static files; the reserved domain can never be reached."""
STYLE: Final = "documents/invoice.css"
ASSETS: Final = {STYLE: "text/css"} | {
    f"documents/fonts/inter-{script}-{weight}.woff2": "font/woff2"
    for script in ("latin", "latin-ext", "greek", "greek-ext", "cyrillic", "cyrillic-ext", "vietnamese")
    for weight in (400, 500, 600)
}
XML_NAME: Final = "factur-x.xml"
"""The name that Factur-X and ZUGFeRD prescribe for the file inside."""
XML_TYPE: Final = "/text#2fxml"


class OwnAssets(URLFetcher):  # type: ignore[misc]
    """Resolves the documents' own style sheet and fonts, and refuses every other address, whatever its scheme."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        path = url.removeprefix(BASE)
        if path == url or path not in ASSETS:
            raise PermissionError(f"a document may not fetch {url}")
        return URLFetcherResponse(url, (STATIC / path).read_bytes(), {"Content-Type": ASSETS[path]})


class ForbiddenAddressError(RuntimeError):
    """The page names an address that is none of the documents' own assets."""


_one_at_a_time = Lock()


def pdf(html: str, *, xml: bytes = b"", issued_at: str = "") -> bytes:
    """The page as PDF/A-3a and PDF/UA-1, with the XML inside if there is one; the same bytes on every run."""
    with _one_at_a_time:
        fonts, style = _warm()
        try:
            page = HTML(string=html, base_url=BASE, url_fetcher=OwnAssets())
            document = page.render(stylesheets=[style], font_config=fonts)
            _describe(document, has_xml=bool(xml))
            written: bytes = document.write_pdf(
                finisher=_finish,
                attachments=[_attachment(xml, issued_at)] if xml else [],
                pdf_variant="pdf/a-3a",
                pdf_tags=True,
            )
        except FatalURLFetchingError as error:
            # It inherits from BaseException, which would end the worker and not just the job.
            raise ForbiddenAddressError(str(error)) from error
    return written


def _attachment(xml: bytes, issued_at: str) -> Attachment:
    """The XML as another form of the same invoice; its dates are those of the issue, not those of the rendering."""
    at = datetime.fromisoformat(issued_at).astimezone(UTC)
    return Attachment(
        file_obj=io.BytesIO(xml),
        name=XML_NAME,
        description="Factur-X: the invoice as EN 16931 XML",
        created=at,
        modified=at,
        relationship="Alternative",
    )


def _describe(document: Document, *, has_xml: bool) -> None:
    """Say in the first RDF of the metadata that this is PDF/UA-1 and Factur-X: readers ignore a second one."""
    written = document.metadata.generate_rdf_metadata

    def completed(*arguments: Any, **options: Any) -> bytes:
        return xmp.completed(written(*arguments, **options), xml_name=XML_NAME if has_xml else "")

    document.metadata.generate_rdf_metadata = completed


def _finish(_document: Document, pdf: Any) -> None:
    """An attachment is associated once, and its type does not depend on what the machine makes of its name."""
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
    for item in pdf.objects:
        extra = getattr(item, "extra", None)
        if extra and extra.get("Type") == "/EmbeddedFile":
            extra["Subtype"] = XML_TYPE


@cache
def _warm() -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(url=BASE + STYLE, url_fetcher=OwnAssets(), font_config=fonts)
