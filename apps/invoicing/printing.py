"""The one place that knows WeasyPrint. Imported by the worker that renders, never by a web worker: it is heavy.

One process keeps style sheets and fonts warm. The result is PDF/UA-1: tagged, with language and title. The only
files that a page can reach are those in ``ASSETS``; any other address stops the rendering.
"""

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

from django.conf import settings
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

BASE: Final = "https://documents.invalid/static/"
"""Stands for the project's own static files; the reserved domain can never be reached."""
STYLE: Final = "documents/invoice.css"
ASSETS: Final = {STYLE: "text/css"} | {
    f"documents/fonts/inter-{script}-{weight}.woff2": "font/woff2"
    for script in ("latin", "latin-ext")
    for weight in (400, 500, 600)
}


class OwnAssets(URLFetcher):  # type: ignore[misc]
    """Resolves the documents' own style sheet and fonts, and refuses every other address, whatever its scheme."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        path = url.removeprefix(BASE)
        if path == url or path not in ASSETS:
            raise PermissionError(f"a document may not fetch {url}")
        source = Path(settings.BASE_DIR) / "static" / path
        return URLFetcherResponse(url, source.read_bytes(), {"Content-Type": ASSETS[path]})


class ForbiddenAddressError(RuntimeError):
    """The page names an address that is none of the documents' own assets."""


_one_at_a_time = Lock()


def pdf(html: str) -> bytes:
    """The page as PDF/UA-1; the same bytes on every run for the same page."""
    with _one_at_a_time:
        fonts, style = _warm()
        try:
            page = HTML(string=html, base_url=BASE, url_fetcher=OwnAssets())
            written: bytes = page.write_pdf(stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1")
        except FatalURLFetchingError as error:
            # It inherits from BaseException, which would end the worker and not just the job.
            raise ForbiddenAddressError(str(error)) from error
    return written


@cache
def _warm() -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(url=BASE + STYLE, url_fetcher=OwnAssets(), font_config=fonts)
