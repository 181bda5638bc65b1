"""The one place that knows WeasyPrint. Imported by the press alone, never by a web worker: it is heavy.

One process keeps style sheets and fonts warm. The result is PDF/A-3a and PDF/UA-1 in one pass, with the files that
belong to it inside. The only files that a page can reach are those in ``ASSETS``, and the logo that is handed over with
it; any other address stops the rendering.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from weasyprint import CSS, HTML, Attachment
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from apps.core import texts
from apps.core.printing import xmp
from apps.core.printing.parts import Inside, Schema

STATIC: Final = Path(__file__).resolve().parents[3] / "static"
BASE: Final = "https://documents.invalid/static/"
"""Stands for the project's own static files; the reserved domain can never be reached."""
FOLDER: Final = "documents/"
LOGO: Final = f"{FOLDER}logo.png"
"""The address of the one picture that a page may show: it is handed over beside the page."""
ASSETS: Final = {f"{FOLDER}{name}.css": "text/css" for name in ("fonts", "invoice", "record")} | {
    f"{FOLDER}fonts/inter-{script}-{weight}.woff2": "font/woff2"
    for script in ("latin", "latin-ext", "greek", "greek-ext", "cyrillic", "cyrillic-ext", "vietnamese")
    for weight in (400, 500, 600)
}


class OwnAssets(URLFetcher):  # type: ignore[misc]
    """Resolves the documents' own style sheets and fonts, and refuses every other address, whatever its scheme."""

    def __init__(self, logo: bytes = b"") -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)
        self._logo = logo

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        path = url.removeprefix(BASE)
        if path == LOGO and self._logo:
            return URLFetcherResponse(url, self._logo, {"Content-Type": "image/png"})
        if path == url or path not in ASSETS:
            raise PermissionError(f"a document may not fetch {url}")
        return URLFetcherResponse(url, (STATIC / path).read_bytes(), {"Content-Type": ASSETS[path]})


class ForbiddenAddressError(RuntimeError):
    """The page names an address that is none of the documents' own assets."""


_one_at_a_time = Lock()


def pdf(
    html: str, *, style: str, at: str, inside: Sequence[Inside], says: Sequence[Schema], logo: bytes = b""
) -> bytes:
    """The page as PDF/A-3a and PDF/UA-1, with its files inside; the same bytes on every run.

    ``logo`` is a PNG that the page shows from ``LOGO``. ``style`` is the name of one of the documents' style sheets;
    ``at`` the instant of the files inside (ISO 8601).
    """
    with _one_at_a_time:
        fonts, sheet = _warm(style)
        try:
            written, missing = _written(html, fonts, sheet, at=at, inside=inside, says=says, logo=logo)
            if missing:
                # A box says nothing, and what stands beside it in the same font could not be read out any more.
                said = html.translate({sign: texts.named(chr(sign)) for sign in missing})
                written, _missing = _written(said, fonts, sheet, at=at, inside=inside, says=says, logo=logo)
        except FatalURLFetchingError as error:
            # It inherits from BaseException, which would end the worker and not just the job.
            raise ForbiddenAddressError(str(error)) from error
    return written


def _written(
    html: str,
    fonts: FontConfiguration,
    sheet: CSS,
    *,
    at: str,
    inside: Sequence[Inside],
    says: Sequence[Schema],
    logo: bytes,
) -> tuple[bytes, set[int]]:
    """The PDF, and the signs of its page that neither our fonts nor the machine's can draw."""
    page = HTML(string=html, base_url=BASE, url_fetcher=OwnAssets(logo))
    document = page.render(stylesheets=[sheet], font_config=fonts)
    _describe(document, says)
    written: bytes = document.write_pdf(
        finisher=_finisher(inside),
        attachments=[_attachment(one, at) for one in inside],
        pdf_variant="pdf/a-3a",
        pdf_tags=True,
    )
    return written, {sign for font in document.fonts.values() for sign in font.missing}


def _attachment(one: Inside, at: str) -> Attachment:
    """The file's dates are those of what it tells, not those of the rendering."""
    instant = datetime.fromisoformat(at).astimezone(UTC)
    return Attachment(
        file_obj=io.BytesIO(one.content),
        name=one.name,
        description=one.description,
        created=instant,
        modified=instant,
        relationship=one.relationship,
    )


def _describe(document: Document, says: Sequence[Schema]) -> None:
    """Say in the first RDF of the metadata what the PDF is: readers ignore a second one."""
    written = document.metadata.generate_rdf_metadata

    def completed(*arguments: Any, **options: Any) -> bytes:
        return xmp.completed(written(*arguments, **options), says)

    document.metadata.generate_rdf_metadata = completed


def _finisher(inside: Sequence[Inside]) -> Any:
    """A file is associated once, and its type does not depend on what the machine makes of its name."""
    types = iter([f"/{one.media_type.replace('/', '#2f')}" for one in inside])

    def finish(_document: Document, pdf: Any) -> None:
        if "AF" in pdf.catalog:
            pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
        for item in pdf.objects:
            extra = getattr(item, "extra", None)
            if extra and extra.get("Type") == "/EmbeddedFile":
                extra["Subtype"] = next(types)

    return finish


@cache
def _warm(style: str) -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(url=f"{BASE}{FOLDER}{style}.css", url_fetcher=OwnAssets(), font_config=fonts)
